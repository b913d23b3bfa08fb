"""One rehearsal after the other: deploy, play, break, read back, judge."""

from __future__ import annotations

import difflib
import os
import random
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import cast

import anyio
import msgspec

from holdfast.core.errors import EnvironmentLacking, HoldfastError, UsageError
from holdfast.laravel.encrypter import Encrypter
from holdfast.rehearsal.backing import setup_for_url
from holdfast.rehearsal.balancer import Choice
from holdfast.rehearsal.browser import Browser, http_client
from holdfast.rehearsal.compare import App, Setup, parse_compare, parse_setup
from holdfast.rehearsal.deployment import Deployment, deploy
from holdfast.rehearsal.history import Event, What
from holdfast.rehearsal.judge import judge
from holdfast.rehearsal.progress import Progress
from holdfast.rehearsal.recorder import Recorder
from holdfast.rehearsal.users import play, read_back
from holdfast.rehearsal.verdict import Verdict
from holdfast.stores.url import parse, with_password

USUAL_FAULTS = ("kill", "roll", "scale")
FAULTS = (*USUAL_FAULTS, "pause", "cut", "slow", "blackhole", "flush")

MAX_REPLICAS = 20
MAX_USERS = 1000
"""A rehearsal is a load on this machine: beyond these it measures the machine, not the sessions."""

READ_BACK_ROUNDS = 3
"""How often each session is read at the end, so that more than one replica answers."""


_PHASES = {
    "calm": "users play",
    "cut": "cut: answers of the store are cut",
    "slow": "slow: the store gets everything late",
    "blackhole": "blackhole: nothing comes through to the store",
    "flush": "flush: the store is emptied",
    "end": "reading every session back",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What to rehearse.

    Args:
        setups: the choices of store, in the order of running; the last one is judged.
        replicas: how many stand behind the balancer.
        users: browsers at the same time.
        seconds: how long they play in each run.
        faults: what is done to the replicas and their store meanwhile, in this order.
        balancer: which balancer.
        seed: of the users' choices and the victims.
        project: the Laravel application in place of our fixture.
        store: URL of a store that is there already, for a single setup.
        app_key: Laravel's APP_KEY for all replicas; None: a fresh one for each run.
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
    app_key: str | None = field(default=None, repr=False)
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
    for option, text in (("compare", compare), ("driver", driver), ("store", store)):
        if text is not None and not text.strip():
            raise UsageError(f"--{option} is empty", hint="say what to rehearse, or leave it out")
    for text in (application, compare, driver):
        if text is not None and "://" in text:
            # Not quoted: it may hold a password.
            raise UsageError("a store's URL is no application and no driver", hint="--store URL")
    app, project = _application(application)
    if sum(option is not None for option in (compare, driver, store)) > 1:
        raise UsageError(
            "--compare, --driver and --store exclude each other",
            hint="--compare names several drivers, --driver one, --store a store that is there",
        )
    if store is not None:
        # The replicas have an environment of their own.
        store = with_password(store, os.environ)
        setups = [setup_for_url(store, app)]
    elif driver is not None:
        setups = [parse_setup(driver, app)]
    else:
        setups = parse_compare(compare or "redis", app)
    for value, name, most in ((replicas, "replicas", MAX_REPLICAS), (users, "users", MAX_USERS)):
        if not 1 <= value <= most:
            raise UsageError(
                f"--{name} {value} is not between 1 and {most}", hint=f"try --{name} 3"
            )
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
        app_key=_app_key(store) if store else None,
        history=history,
    )


async def rehearse_all(plan: Plan, progress: Progress) -> Report:
    """Run every setup of the plan. The first Ctrl-C or SIGTERM ends the play of the running setup,
    which is then judged and is the last; a second one cancels.

    Raises:
        EnvironmentLacking, StoreError: something is missing or did not start; nothing stays behind.
    """
    verdicts: list[Verdict] = []
    with _bare_errors():
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
    with Recorder(_history_file(plan, setup)) as recorder:

        def emit(what: What, replica: str, generation: int, fault: str) -> None:
            recorder.event(Event(recorder.elapsed(), what, replica, generation, fault))
            if what == "over":
                progress.says(f"{fault}: over")
            elif fault and what in ("kill", "start", "stop", "pause", "resume"):
                progress.says(f"{fault}: {what} {replica}")

        progress.says(f"starting {plan.replicas} replicas")
        async with deploy(
            setup,
            replicas=plan.replicas,
            emit=emit,
            balancer=plan.balancer,
            project=plan.project,
            store=plan.store,
            app_key=plan.app_key,
            faults=plan.faults,
        ) as deployment:
            lacking = [name for name in dict.fromkeys(plan.faults) if deployment.lacks(name)]
            await _play(_Stage(plan, deployment, recorder, progress), interrupted)
            seconds = recorder.elapsed()
        progress.says("judging")
        return judge(setup, recorder.ops(), recorder.events, seconds, lacking)


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where one setup is played."""

    plan: Plan
    deployment: Deployment
    recorder: Recorder
    progress: Progress

    def phase(self, name: str) -> None:
        """A phase of the run begins."""
        self.recorder.event(Event(self.recorder.elapsed(), "phase", fault=name))
        self.progress.says(_PHASES.get(name, name))


async def _play(stage: _Stage, interrupted: anyio.Event) -> None:
    """Let the users play while replicas come and go, then read every session back."""
    stop = anyio.Event()
    browsers: list[Browser] = []
    async with http_client(stage.deployment.address) as client:

        async def users() -> None:
            browsers.extend(
                await play(
                    client,
                    stage.recorder,
                    users=stage.plan.users,
                    seed=stage.plan.seed,
                    stop=stop,
                    on_progress=stage.progress.counts,
                )
            )

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(users)
            await _unless(interrupted, partial(_break, stage))
            stop.set()
        stage.phase("end")
        await read_back(browsers, rounds=READ_BACK_ROUNDS)


async def _break(stage: _Stage) -> None:
    """Let the plan's seconds pass, with the faults spread over them."""
    plan, recorder = stage.plan, stage.recorder
    rng = random.Random(f"{plan.seed}:faults")
    began = recorder.elapsed()
    stage.phase("calm")
    for number, fault in enumerate(plan.faults, start=1):
        due = began + plan.seconds * number / (len(plan.faults) + 1)
        await anyio.sleep(max(0.0, due - recorder.elapsed()))
        if reason := stage.deployment.lacks(fault):
            stage.progress.says(f"{fault}: not applicable, {reason}")
            continue
        stage.phase(fault)
        match fault:
            case "kill":
                await stage.deployment.kill_one(rng)
            case "pause":
                await stage.deployment.pause_one(rng)
            case "roll":
                await stage.deployment.roll()
            case "scale":
                await stage.deployment.scale_out_in()
            case "cut":
                await stage.deployment.cut()
            case "slow":
                await stage.deployment.slow()
            case "blackhole":
                await stage.deployment.blackhole()
            case "flush":
                await stage.deployment.flush()
    await anyio.sleep(max(0.0, began + plan.seconds - recorder.elapsed()))


async def _unless(interrupted: anyio.Event, step: Callable[[], Awaitable[None]]) -> None:
    """Take a step; where ``interrupted`` is set first, cancel it and go on."""
    async with anyio.create_task_group() as tasks:

        async def watch() -> None:
            await interrupted.wait()
            tasks.cancel_scope.cancel()

        tasks.start_soon(watch)
        await step()
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def _interruptible() -> AsyncIterator[anyio.Event]:
    """An event that the first SIGINT or SIGTERM sets; the second one cancels what runs inside."""
    interrupted = anyio.Event()
    async with anyio.create_task_group() as tasks:

        async def listen() -> None:
            with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                listening.set()
                async for _ in signals:
                    if interrupted.is_set():
                        tasks.cancel_scope.cancel()
                    interrupted.set()

        listening = anyio.Event()
        tasks.start_soon(listen)
        await listening.wait()
        yield interrupted
        tasks.cancel_scope.cancel()


@contextmanager
def _bare_errors() -> Iterator[None]:
    """Raise the first error of ours, or the only error, as it is where task groups wrapped it."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group.subgroup(HoldfastError) or group
        while isinstance(error, BaseExceptionGroup):
            if len(error.exceptions) > 1 and not isinstance(error.exceptions[0], HoldfastError):
                raise
            error = error.exceptions[0]
        raise error from group


def _history_file(plan: Plan, setup: Setup) -> Path | None:
    if plan.history is None:
        return None
    name = re.sub("[^A-Za-z0-9]+", "-", setup.name).strip("-")
    try:
        plan.history.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentLacking(
            f"cannot write histories to {plan.history}: {error.strerror}",
            hint="name a directory that can be written",
        ) from error
    return plan.history / f"{name}.jsonl"


def _application(text: str) -> tuple[App, Path | None]:
    if text in ("laravel", "shop"):
        return cast(App, text), None
    directory = Path(text)
    if directory.is_dir():
        return "laravel", directory
    raise UsageError(
        f"no such application: {text!r}",
        hint="laravel, shop, or the directory of a Laravel application",
    )


def _app_key(store: str) -> str | None:
    """The key that a store's URL names: the replicas then have it too, as the application has."""
    name = parse(store).parameters.get("key")
    if name is None:
        return None
    if name != "env:APP_KEY":
        raise UsageError(
            "key= in the store's URL: a rehearsal knows one key, its replicas' APP_KEY",
            hint="write key=env:APP_KEY, with APP_KEY in the environment or left to the rehearsal",
        )
    key = os.environ.get("APP_KEY")
    if key:
        Encrypter.from_app_key(key)
    return key or None


def _faults(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in FAULTS:
            near = difflib.get_close_matches(name, FAULTS, n=1)
            raise UsageError(
                f"no such fault: {name!r}",
                hint=f"did you mean {near[0]}?" if near else f"one of {', '.join(FAULTS)}",
            )
    return names
