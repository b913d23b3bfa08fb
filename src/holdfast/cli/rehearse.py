"""``holdfast rehearse``: how many sessions each choice of store loses when pods come and go."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import anyio
from cyclopts import Parameter
from rich.text import Text

from holdfast.cli.output import stderr, stdout, write_json
from holdfast.cli.progress import LiveProgress
from holdfast.cli.verdict_table import comparison, counterexamples, run_picture, why
from holdfast.core.errors import UsageError
from holdfast.rehearsal.run import FAULTS, Plan, Report, plan, rehearse_all
from holdfast.rehearsal.selftest import SelfTestResult, self_test
from holdfast.rehearsal.verdict import Judge

EXIT_HOLDS = 0
EXIT_VIOLATED = 1


def rehearse(
    application: str = "laravel",
    *,
    compare: str | None = None,
    driver: str | None = None,
    store: str | None = None,
    replicas: int = 3,
    users: int = 50,
    seconds: float = 30.0,
    faults: str = ",".join(FAULTS),
    balancer: Literal["auto", "haproxy", "builtin"] = "auto",
    seed: int = 1,
    judge: Judge = "all",
    json: str | None = None,
    history: Path | None = None,
    explain: int = 1,
    self_test: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Start real replicas behind a real balancer, play users, kill, roll and scale, and count every
    lost session and write.

    **Examples**

        holdfast rehearse laravel --compare file,file@cookie,redis

        holdfast rehearse --compare redis,redis+block,shop=redis --seconds 20

        holdfast rehearse shop --store redis://127.0.0.1:6379/0 --judge all

        holdfast rehearse --self-test

    Exit status: 0 all judged invariants hold, 1 one was violated, 2 usage, 3 environment.

    Args:
        application: `laravel` (the Laravel fixture), `shop` (the Python shop), or the directory of a
            Laravel application that answers the same routes as the fixture.
        compare: Runs one after the other: `[laravel=|shop=]driver[:engine][+block][@cookie]`, by
            comma. The last one is judged, the others are the contrast. Drivers: array, file
            (`file:shared` for one directory), cookie, redis, database.
        driver: One run with this driver; the same words as in `--compare`.
        store: One run on a store that is there already: `redis://host:port/0`, `sqlite:///file`,
            `file:///directory`. Sessions of the run are left to expire in it.
        replicas: Replicas behind the balancer.
        users: Browsers at the same time.
        seconds: How long they play, for each run; starting and stopping comes on top.
        faults: What happens to the replicas, in this order: kill, roll, scale; empty for none.
        balancer: HAProxy where it is installed, else the built-in one.
        seed: The same seed plays the same users and chooses the same victims.
        judge: What the exit status stands for: `survival` (sessions and writes across faults), or
            `all` (the races of parallel requests too, which stock Laravel loses on every store).
        json: Write verdicts as JSON to this file (`-`: stdout, and the tables to stderr).
        history: Write every request, answer and event as JSON lines into this directory.
        explain: How many counter-examples to print for each violated invariant of the judged run.
        self_test: Judge deliberately broken stores instead: does the judge catch each?
    """
    screen = stderr if json == "-" else stdout
    if self_test:
        return _self_test(seed, json)
    chosen = plan(
        application,
        compare=compare,
        driver=driver,
        store=store,
        replicas=replicas,
        users=users,
        seconds=seconds,
        faults=faults,
        balancer=balancer,
        seed=seed,
        history=history,
    )
    with LiveProgress(stderr) as progress:
        report = anyio.run(partial(rehearse_all, chosen, progress))
    if report.verdicts:
        screen.print()
        for verdict in report.verdicts:
            screen.print(run_picture(verdict, screen.width))
            screen.print(why(verdict))
            screen.print()
        screen.print(comparison(report.verdicts, judge))
        for renderable in counterexamples(report.verdicts[-1], explain):
            screen.print(renderable, soft_wrap=True)
        screen.print(_sentence(report, judge))
    if json:
        write_json(
            {"judge": judge, "interrupted": report.interrupted, "verdicts": report.verdicts}, json
        )
    if report.interrupted:
        raise KeyboardInterrupt
    return EXIT_HOLDS if report.verdicts[-1].holds(judge) else EXIT_VIOLATED
