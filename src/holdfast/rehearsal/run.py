"""One rehearsal after the other: deploy, play, break, read back, judge."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import anyio
import msgspec

from holdfast.core.errors import EnvironmentLacking
from holdfast.rehearsal.attached import attach
from holdfast.rehearsal.by_hand import ByHand
from holdfast.rehearsal.client import http_client
from holdfast.rehearsal.compare import Setup
from holdfast.rehearsal.courtesy import Courtesy
from holdfast.rehearsal.crowd import Crowd, crowd
from holdfast.rehearsal.deployment import deploy
from holdfast.rehearsal.faults import FAULTS, Harm, harms_of
from holdfast.rehearsal.history import DEPLOYMENT, Event, What
from holdfast.rehearsal.interrupt import bare_errors, interruptible
from holdfast.rehearsal.judge import judge
from holdfast.rehearsal.plan import CALM, END, Plan
from holdfast.rehearsal.progress import Progress
from holdfast.rehearsal.recorder import Recorder
from holdfast.rehearsal.site import Site
from holdfast.rehearsal.target import Target
from holdfast.rehearsal.verdict import Verdict

READ_BACK_ROUNDS = 3
"""How often each session is read at the end, so that more than one replica answers."""

PAGES = ("open", "state")
"""The requests whose answer shows a session, as a rule; a redirect or a static page may not."""


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
    with bare_errors():
        async with interruptible() as interrupted:
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
        opened = _deployed(plan, setup, recorder, progress)
        if plan.target is not None and plan.site is not None:
            opened = _attached(plan, plan.target, plan.site, recorder, progress)
        async with opened as stage:
            lacking = [name for name in plan.faults if stage.harms[name].lacks]
            await _play(stage, interrupted)
            seconds = recorder.elapsed()
        progress.says("judging")
        return judge(
            setup,
            recorder.ops(),
            recorder.events,
            seconds,
            not_applicable=lacking,
            doubts=stage.doubts,
            visited=stage.people.visit,
        )


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where one setup is played: a deployment, whoever started it.

    Args:
        people: who use it.
        harms: what can be done to it, by name.
        distressed: set when nothing more should be sent to it.
        listen: waits for what is done to it by hand; None: there is no keyboard.
        doubts: see Verdict; grows until the run is over.
    """

    plan: Plan
    recorder: Recorder
    progress: Progress
    people: Crowd
    harms: Mapping[str, Harm]
    distressed: anyio.Event
    listen: Callable[[], Coroutine[None, None, None]] | None = None
    doubts: list[str] = field(default_factory=list)

    def phase(self, name: str, words: str) -> None:
        """A phase of the run begins; ``words`` say it for people."""
        self.recorder.event(Event(self.recorder.elapsed(), "phase", fault=name))
        self.progress.says(words)


@asynccontextmanager
async def _deployed(
    plan: Plan, setup: Setup, recorder: Recorder, progress: Progress
) -> AsyncIterator[_Stage]:
    """Start what is rehearsed."""

    def emit(what: What, replica: str, generation: int, fault: str) -> None:
        recorder.event(Event(recorder.elapsed(), what, replica, generation, fault))
        if what == "over":
            progress.says(f"{fault}: over")
        elif fault and what in ("kill", "start", "stop", "pause", "resume", "skew", "rotate"):
            progress.says(f"{fault}: {what} {replica}")

    site = plan.own.site if plan.own is not None and setup.app == "laravel" else None
    progress.says(f"starting {plan.replicas} replicas")
    async with (
        deploy(
            setup,
            replicas=plan.replicas,
            emit=emit,
            balancer=plan.balancer,
            own=plan.own,
            rendered=plan.rendered,
            store=plan.store,
            app_key=plan.app_key,
            proxied=any(FAULTS[name].proxied for name in plan.faults),
        ) as deployment,
        http_client(deployment.address) as client,
        crowd(
            client,
            deployment.address,
            site,
            deployment.store,
            think=plan.think,
            steps=plan.steps if site is not None or plan.own is None else {},
        ) as people,
    ):
        yield _Stage(plan, recorder, progress, people, harms_of(deployment, setup), anyio.Event())


@asynccontextmanager
async def _attached(
    plan: Plan, target: Target, site: Site, recorder: Recorder, progress: Progress
) -> AsyncIterator[_Stage]:
    """Reach what is rehearsed: it is there already."""
    distressed = anyio.Event()
    doubts: list[str] = []

    def leave_alone(words: str) -> None:
        doubts.append(f"stopped, so that nobody is hurt: {words}")
        progress.says(f"stopping: {words}")
        distressed.set()
        courtesy.end()

    courtesy = Courtesy(target.rate, leave_alone)
    progress.says(f"reaching {target.url}")
    async with (
        attach(target, site, courtesy) as attached,
        crowd(
            attached.client, target.address, attached.site, None, think=plan.think, steps=plan.steps
        ) as people,
    ):
        recorder.event(Event(recorder.elapsed(), "start", DEPLOYMENT))
        by_hand = ByHand(target.command, courtesy, recorder, progress.says, doubts)
        listen = None
        if plan.keys is not None:
            listen = partial(by_hand.listen, sys.stdin.fileno(), plan.keys)
            progress.says("press Enter when you do something to the deployment")
        harms = by_hand.harms(plan.faults)
        yield _Stage(plan, recorder, progress, people, harms, distressed, listen, doubts)


async def _play(stage: _Stage, interrupted: anyio.Event) -> None:
    """Let the users play while replicas come and go, then read every session back."""
    stop = anyio.Event()
    people = stage.people
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
        await _until((interrupted, stage.distressed), partial(_break, stage))
        stop.set()
    stage.phase(END, "reading every session back")
    await _until((stage.distressed,), partial(people.read_back, READ_BACK_ROUNDS))
    bare = sum(op.ok and op.state is None and op.sent.kind in PAGES for op in stage.recorder.ops())
    if bare:
        stage.progress.says(f"{bare} answers showed no session")


async def _break(stage: _Stage) -> None:
    """Let the plan's seconds pass, with the faults spread over them."""
    plan, recorder = stage.plan, stage.recorder
    rng = random.Random(f"{plan.seed}:faults")
    began = recorder.elapsed()
    stage.phase(CALM, "users play")
    async with anyio.create_task_group() as tasks:
        if stage.listen is not None:
            tasks.start_soon(stage.listen)
        for at, fault in plan.schedule:
            await anyio.sleep(max(0.0, began + at - recorder.elapsed()))
            harm = stage.harms[fault]
            if harm.lacks:
                stage.progress.says(f"{fault}: not applicable, {harm.lacks}")
                continue
            stage.phase(fault, harm.words)
            await harm.perform(rng)
        await anyio.sleep(max(0.0, began + plan.seconds - recorder.elapsed()))
        tasks.cancel_scope.cancel()


async def _until(ends: Iterable[anyio.Event], step: Callable[[], Awaitable[None]]) -> None:
    """Take a step; where one of ``ends`` is set first, cancel it and go on."""
    async with anyio.create_task_group() as tasks:

        async def watch(end: anyio.Event) -> None:
            await end.wait()
            tasks.cancel_scope.cancel()

        for end in ends:
            tasks.start_soon(watch, end)
        await step()
        tasks.cancel_scope.cancel()


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
