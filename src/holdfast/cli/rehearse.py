"""``holdfast rehearse``: how many sessions each choice of store loses when pods come and go."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import anyio
from cyclopts import App, Parameter

from holdfast.cli import exit_status
from holdfast.cli.asked import asked, write_scenario
from holdfast.cli.completion import fault_names
from holdfast.cli.environment import here
from holdfast.cli.html import page as html_page
from holdfast.cli.junit import junit as junit_xml
from holdfast.cli.output import require_all_writable, say_error, write_file, write_json
from holdfast.cli.progress import LiveProgress
from holdfast.cli.report import whole_report
from holdfast.cli.screen import stderr, stdout
from holdfast.cli.self_test import judge_the_judge
from holdfast.cli.there import NOWHERE, There, plan_there, watch_of
from holdfast.cli.watch import watched
from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.rehearsal.plan import plan
from holdfast.rehearsal.run import Report, rehearse_all
from holdfast.rehearsal.verdict import Judge


def rehearse(
    application: str | None = None,
    *,
    compare: str | None = None,
    driver: str | None = None,
    store: str | None = None,
    replicas: int | None = None,
    users: int | None = None,
    seconds: float | None = None,
    faults: Annotated[str | None, Parameter(completer=fault_names)] = None,
    balancer: Literal["auto", "haproxy", "builtin"] | None = None,
    seed: int | None = None,
    judge: Literal["survival", "all"] | None = None,
    json: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    html: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    junit: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    history: Path | None = None,
    explain: int = 1,
    path: str | None = None,
    login: str | None = None,
    ready: str | None = None,
    rendered: str | None = None,
    init: Annotated[bool, Parameter(negative="")] = False,
    self_test: Annotated[bool, Parameter(negative="")] = False,
    there: Annotated[There, Parameter(name="*", group="A deployment that is already there")] = (
        NOWHERE
    ),
) -> int:
    """Count every session and write that a deployment loses when pods come and go.

    Starts real replicas behind a real balancer, lets users play, kills, rolls and scales, and
    judges everything that the users were shown.

    **Examples**

        holdfast rehearse laravel --compare file,file@cookie,redis

        holdfast rehearse --compare redis,redis+block,shop=redis --seconds 20

        holdfast rehearse shop --store redis://127.0.0.1:6379/0 --judge all

        holdfast rehearse --init; holdfast rehearse rehearsal.yaml

        holdfast rehearse --url https://staging.example.com --on-fault 'kubectl rollout restart
        deploy/shop'

        holdfast rehearse --url https://staging.example.com --watch --metrics 9187

        holdfast rehearse --self-test

    Exit status: 0 all judged invariants hold, 1 one was violated, 2 usage, 3 environment, 70 a bug
    in Holdfast, 130 interrupted.

    Args:
        application: `laravel` (the Laravel fixture; the default), `shop` (the Python shop),
            `mixed` (replicas of both by turns, on one store), the directory of a Laravel
            application of your own, or a scenario file (`*.yaml`), whose settings the options
            come before.
        compare: Runs one after the other: `[APP=]driver[:engine][+block][@cookie]`, by comma;
            APP is laravel, shop or mixed. The last one is judged, the others are the contrast.
            Drivers: array, file (`file:shared` for one directory), cookie, redis (the default;
            `redis:aof` keeps an append-only file, `redis:sentinel` fails over), memcached,
            database.
        driver: One run with this driver; the same words as in `--compare`.
        store: One run on a store that is there already: `redis://host:port/0`, `sqlite:///file`,
            `file:///directory`, or `laravel:DIR`: the one that a Laravel project says. A password
            stands before the `@`, or in a variable: `?password=env:NAME`. Sessions of the run are
            left to expire in it.
        replicas: Replicas behind the balancer; 3.
        users: Browsers at the same time; 50.
        seconds: How long they play, for each run; starting and stopping comes on top; 30.
        faults: What happens to the replicas and their store, in this order: kill, roll, scale,
            pause, cut, slow, blackhole, flush, restart, crash, evict, key-skew, encrypt-skew,
            name-skew, rotate, failover, kill-primary, partition; empty for none. Default:
            kill,roll,scale.
        balancer: HAProxy where it is installed, else the built-in one.
        seed: The same seed plays the same users and chooses the same victims; 1.
        judge: What the exit status stands for: `survival` (sessions and writes across faults), or
            `all` (the races of parallel requests too, which stock Laravel loses on every store; the
            default).
        json: Write verdicts as JSON to this file (`-`: stdout, and the tables to stderr).
        html: Write the report as one HTML page, which needs no network, to this file.
        junit: Write the verdicts as JUnit XML to this file: a failure for each judged invariant
            that was violated.
        history: Write every request, answer and event as JSON lines into this directory.
        explain: How many counter-examples to print for each violated invariant of the judged run.
        path: The page of your own application that visitors load; default: `/`.
        login: How visitors log in there: `POST /login email=visitor{n}@example.com
            password=env:SHOP_PASSWORD`. `{n}` is the visitor's number, from 1; `env:NAME` is read
            from the environment; `_token` is added.
        ready: The path that tells when a replica of it serves, by any status below 500; default:
            `/up` from Laravel 11 on, the page before.
        rendered: Run the Laravel fixture in the web pods of this LaravelApp file: with commands,
            configuration, probes and stops that `holdfast render` makes of it.
        init: Write a commented scenario file, `rehearsal.yaml` or the one named, and end.
        self_test: Judge deliberately broken stores instead: does the judge catch each? Only --seed
            and --json may stand beside it.
        there: Where it is.
    """
    screen = stderr if json == "-" else stdout
    require_all_writable({"--json": json, "--html": html, "--junit": junit})
    if explain < 0:
        raise UsageError(f"--explain {explain} is less than none", hint="try --explain 1")
    if init:
        file = write_scenario(application)
        stdout.print(f"{file} is written; run it: holdfast rehearse {file}", highlight=False)
        return exit_status.HOLDS
    if self_test:
        return judge_the_judge(1 if seed is None else seed, json)
    options = {
        "compare": compare,
        "driver": driver,
        "store": store,
        "replicas": replicas,
        "users": users,
        "seconds": seconds,
        "faults": faults,
        "balancer": balancer,
        "seed": seed,
        "judge": judge,
        "path": path,
        "login": login,
        "ready": ready,
        "rendered": rendered,
    }
    there.require_url()
    if there.watch:
        files = {"json": json, "html": html, "junit": junit, "history": history}
        return watched(watch_of(application, there, options | files, os.environ), there.metrics)
    if there.url is not None:
        judged: Judge = judge or "all"
        chosen = plan_there(application, there, options, os.environ, history)
    else:
        scenario = asked(application, options)
        judged, chosen = scenario.expect or scenario.judge, plan(scenario, history)
    began = datetime.now(UTC)
    with LiveProgress(stderr) as progress:
        report = anyio.run(partial(rehearse_all, chosen, progress))
    for part in whole_report(report.verdicts, judged, explain, screen.width):
        screen.print(part)
    if json:
        write_json(
            {"judge": judged, "interrupted": report.interrupted, "verdicts": report.verdicts}, json
        )
    if html:
        where = here(sys.argv[1:], chosen)
        page = html_page(report.verdicts, judged, where, interrupted=report.interrupted)
        write_file(page.encode(), html)
    if junit:
        write_file(junit_xml(report.verdicts, judged, began), junit)
    return _status(report, judged)


def _status(report: Report, judge: Judge) -> int:
    if report.interrupted:
        say_error("interrupted; what was seen until then is above", "")
        return exit_status.INTERRUPTED
    judged = report.verdicts[-1]
    if judged.holds(judge) and judged.unproved:
        raise EnvironmentLacking(
            f"{judged.name}: nothing was proved: {judged.unproved}",
            hint="--history DIR keeps what was asked and answered",
        )
    return exit_status.HOLDS if judged.holds(judge) else exit_status.VIOLATED


_WORDS = {"application": "an application", "there": "--url"}
_ALONE = {
    "self_test": (
        ("seed", "json"),
        "it plays against stores of its own; beside it stand --seed and --json alone",
    ),
    "init": (
        ("application",),
        "it writes a file with every setting; change them there, or say them when you run it",
    ),
}
"""What does its own work only, with what it heeds, and a hint for who says more."""


def alone(**given: object) -> None:
    """Refuse what ``--self-test`` and ``--init`` would not heed; ``given`` holds what the command
    line names.

    Raises:
        UsageError: something else stands beside one of them.
    """
    for name, (beside, hint) in _ALONE.items():
        others = [other for other in given if other not in (name, *beside)]
        if given.get(name) and others:
            named = " and ".join(_WORDS.get(other) or _option(other) for other in others)
            raise UsageError(f"{_option(name)} does nothing with {named}", hint=hint)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


app = App(name="rehearse")
app.default(rehearse, validator=alone)
