"""One rehearsal after the other: deploy, play, break, read back, judge."""

from __future__ import annotations

import random
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
import msgspec

from holdfast.core.errors import EnvironmentLacking, HoldfastError
from holdfast.rehearsal.client import http_client
from holdfast.rehearsal.compare import Setup
from holdfast.rehearsal.crowd import crowd
from holdfast.rehearsal.deployment import Deployment, deploy
from holdfast.rehearsal.faults import FAULTS
from holdfast.rehearsal.history import Event, What
from holdfast.rehearsal.judge import judge
from holdfast.rehearsal.plan import Plan
from holdfast.rehearsal.progress import Progress
from holdfast.rehearsal.recorder import Recorder
from holdfast.rehearsal.verdict import Verdict

READ_BACK_ROUNDS = 3
"""How often each session is read at the end, so that more than one replica answers."""

PAGES = ("open", "state")
"""The requests whose answer shows a session, as a rule; a redirect or a static page may not."""

CALM, END = "calm", "end"
"""The phases of a run beside those of its faults."""


class Report(msgspec.Struct, frozen=True):
    """The verdicts, in the plan's order; fewer than setups when ``interrupted``."""

    verdicts: list[Verdict]
    interrupted: bool


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
            own=plan.own,
            store=plan.store,
            app_key=plan.app_key,
            proxied=any(FAULTS[name].proxied for name in plan.faults),
        ) as deployment:
            lacking = [name for name in plan.faults if FAULTS[name].lacks(setup)]
            await _play(_Stage(plan, setup, deployment, recorder, progress), interrupted)
            seconds = recorder.elapsed()
        progress.says("judging")
        return judge(setup, recorder.ops(), recorder.events, seconds, lacking)


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where one setup is played."""

    plan: Plan
    setup: Setup
    deployment: Deployment
    recorder: Recorder
    progress: Progress

    def phase(self, name: str, words: str) -> None:
        """A phase of the run begins; ``words`` say it for people."""
        self.recorder.event(Event(self.recorder.elapsed(), "phase", fault=name))
        self.progress.says(words)


async def _play(stage: _Stage, interrupted: anyio.Event) -> None:
    """Let the users play while replicas come and go, then read every session back."""
    stop = anyio.Event()
    address, own = stage.deployment.address, stage.plan.own
    site = own.site if own is not None and stage.setup.app == "laravel" else None
    async with (
        http_client(address) as client,
        crowd(
            client,
            address,
            site,
            stage.deployment.store,
            think=stage.plan.think,
            steps=stage.plan.steps if site is not None or own is None else {},
        ) as people,
    ):
        await people.check()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(
                partial(
                    people.play,
                    stage.recorder,
                    users=stage.plan.users,
                    seed=stage.plan.seed,
                    stop=stop,
                    on_progress=stage.progress.counts,
                )
            )
            await _unless(interrupted, partial(_break, stage))
            stop.set()
        stage.phase(END, "reading every session back")
        await people.read_back(READ_BACK_ROUNDS)
        bare = sum(
            op.ok and op.state is None and op.sent.kind in PAGES for op in stage.recorder.ops()
        )
        if bare:
            stage.progress.says(f"{bare} answers showed no session")


async def _break(stage: _Stage) -> None:
    """Let the plan's seconds pass, with the faults spread over them."""
    plan, recorder = stage.plan, stage.recorder
    rng = random.Random(f"{plan.seed}:faults")
    began = recorder.elapsed()
    stage.phase(CALM, "users play")
    for at, fault in plan.schedule:
        await anyio.sleep(max(0.0, began + at - recorder.elapsed()))
        if reason := FAULTS[fault].lacks(stage.setup):
            stage.progress.says(f"{fault}: not applicable, {reason}")
            continue
        stage.phase(fault, FAULTS[fault].words)
        await FAULTS[fault].perform(stage.deployment, rng)
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
