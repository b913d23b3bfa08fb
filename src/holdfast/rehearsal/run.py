"""One rehearsal after the other: deploy, play, break, read back, judge."""

from __future__ import annotations

import random
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import anyio
import msgspec

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.rehearsal.backing import setup_for_url
from holdfast.rehearsal.balancer import Choice
from holdfast.rehearsal.compare import App, Setup, parse_compare, parse_setup
from holdfast.rehearsal.deployment import Deployment, What, deploy
from holdfast.rehearsal.history import Event
from holdfast.rehearsal.judge import judge
from holdfast.rehearsal.progress import Progress
from holdfast.rehearsal.recorder import Recorder
from holdfast.rehearsal.users import play
from holdfast.rehearsal.verdict import Verdict

FAULTS = ("kill", "roll", "scale")

MAX_REPLICAS = 20
MAX_USERS = 1000
"""A rehearsal is a load on this machine: beyond these it measures the machine, not the sessions."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to rehearse.

    Args:
        setups: the choices of store, in the order of running; the last one is judged.
        replicas: how many stand behind the balancer.
        users: browsers at the same time.
        seconds: how long they play in each run.
        faults: what is done to the replicas meanwhile, in this order.
        balancer: which balancer.
        seed: of the users' choices and the victims.
        project: the Laravel application in place of our fixture.
        store: URL of a store that is there already, for a single setup.
        history: directory for one JSON-lines file a setup; None: kept in a temporary file.
    """

    setups: tuple[Setup, ...]
    replicas: int
    users: int
    seconds: float
    faults: tuple[str, ...]
    balancer: Choice
    seed: int
    project: Path | None = None
    store: str | None = None
    history: Path | None = None


class Report(msgspec.Struct, frozen=True):
    """The verdicts, in the plan's order; fewer than setups when ``interrupted``."""

    verdicts: list[Verdict]
    interrupted: bool


def plan(
    application: str,
    *,
    compare: str | None,
    driver: str | None,
    store: str | None,
    replicas: int,
    users: int,
    seconds: float,
    faults: str,
    balancer: Choice,
    seed: int,
    history: Path | None,
) -> Plan:
    """Read what a person asked for.

    Raises:
        UsageError: it cannot be read, or contradicts itself.
    """
    app, project = _application(application)
    if sum(option is not None for option in (compare, driver, store)) > 1:
        raise UsageError(
            "--compare, --driver and --store exclude each other",
            hint="--compare names several drivers, --driver one, --store a store that is there",
        )
    if store is not None:
        setups = [setup_for_url(store, app)]
    elif driver is not None:
        setups = [parse_setup(driver, app)]
    else:
        setups = parse_compare(compare or "redis", app)
    for value, name, most in ((replicas, "replicas", MAX_REPLICAS), (users, "users", MAX_USERS)):
        if not 1 <= value <= most:
            raise UsageError(f"--{name} {value} is not between 1 and {most}", hint=f"try --{name} 3")
    if not 1 <= seconds <= 86_400:
        raise UsageError(
            f"--seconds {seconds:g} is not between 1 and 86400", hint="try --seconds 30"
        )
    return Plan(
        setups=tuple(setups),
        replicas=replicas,
        users=users,
        seconds=seconds,
        faults=_faults(faults),
        balancer=balancer,
        seed=seed,
        project=project,
        store=store,
        history=history,
    )


async def rehearse_all(plan: Plan, progress: Progress) -> Report:
    """Run every setup of the plan. The first Ctrl-C or SIGTERM ends the play of the running setup,
    which is then judged and is the last; a second one cancels.

    Raises:
        EnvironmentLacking, StoreError: something is missing or did not start; nothing stays behind.
    """
    verdicts: list[Verdict] = []
    async with _interruptible() as interrupted:
        for number, setup in enumerate(plan.setups, start=1):
            progress.run_begins(setup.name, number, len(plan.setups), plan.seconds)
            verdict = await rehearse(plan, setup, progress, interrupted)
            verdicts.append(verdict)
            progress.run_ends(verdict)
            if interrupted.is_set():
                break
    return Report(verdicts=verdicts, interrupted=interrupted.is_set())


async def rehearse(
    plan: Plan, setup: Setup, progress: Progress, interrupted: anyio.Event
) -> Verdict:
    """Run one setup and judge it; ``interrupted`` ends its play early."""
    began = time.monotonic()
    with _history_file(plan, setup) as file:
        recorder = Recorder(file)

        def emit(what: What, replica: str, generation: int, fault: str) -> None:
            recorder.event(Event(time.monotonic() - began, what, replica, generation, fault))
            if what in ("kill", "stop"):
                progress.says(f"{fault}: {what} {replica}")

        progress.says(f"starting {plan.replicas} replicas")
        async with deploy(
            setup,
            replicas=plan.replicas,
            emit=emit,
            balancer=plan.balancer,
            project=plan.project,
            store=plan.store,
        ) as deployment:
            ...
