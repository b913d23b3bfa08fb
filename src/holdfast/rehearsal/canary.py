"""Sessions that are watched for as long as they live, at a deployment that is already there."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio

from holdfast.rehearsal.attached import attach
from holdfast.rehearsal.courtesy import Courtesy
from holdfast.rehearsal.crowd import crowd
from holdfast.rehearsal.guests import Guest
from holdfast.rehearsal.history import Op
from holdfast.rehearsal.interrupt import bare_errors, interruptible
from holdfast.rehearsal.invariants.elsewhere import Elsewhere
from holdfast.rehearsal.invariants.first_page import first_page
from holdfast.rehearsal.invariants.foreign import foreign
from holdfast.rehearsal.invariants.missing import missing
from holdfast.rehearsal.metrics import Metrics
from holdfast.rehearsal.outage import Outage
from holdfast.rehearsal.short_memory import ShortMemory
from holdfast.rehearsal.site import Site
from holdfast.rehearsal.target import Target
from holdfast.rehearsal.verdict import INVARIANTS, Violation

LONGEST_PAUSE_SECONDS = 300.0
"""Between two looks of a guest who gets no answers: one in distress is asked less often."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What to watch.

    Args:
        target, site: as in Plan.
        guests: sessions at the same time.
        every: seconds between two looks at a session.
        seconds: how long to watch; None: until a signal.
    """

    target: Target
    site: Site
    guests: int
    every: float
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Loss:
    """A session that was found lost.

    Args:
        session: the handle of its id.
        lineage: its name, ``u2.1``.
        user: who was logged in, None for a guest.
        cause: the invariant.
        words: what was seen.
        age: seconds from its beginning until it was found lost.
    """

    session: str
    lineage: str
    user: int | None
    cause: str
    words: str
    age: float


async def watch(
    plan: Watch, metrics: Metrics, on_loss: Callable[[Loss], None], says: Callable[[str], None]
) -> None:
    """Watch until the first SIGINT or SIGTERM, or until the plan's seconds are over.

    Args:
        plan: what, and how long.
        metrics: counts.
        on_loss: told of each loss.
        says: told in words what is going on.

    Raises:
        EnvironmentLacking: there is no way to the deployment, or no session can be observed there.
    """
    outage = Outage(says)

    def answered(op: Op) -> None:
        metrics.answered(op)
        outage.answered(op)

    memory = ShortMemory(answered)
    courtesy = Courtesy(plan.target.rate, lambda words: says(f"in distress: {words}"))
    with bare_errors():
        async with (
            interruptible() as interrupted,
            attach(plan.target, plan.site, courtesy) as there,
            crowd(there.client, plan.target.address, there.site, None) as people,
        ):
            await people.check()
            says(f"watching {plan.guests} sessions")
            async with anyio.create_task_group() as tasks:
                for number in range(1, plan.guests + 1):
                    guest = people.guest(number, memory)
                    tasks.start_soon(Canary(guest, memory, metrics, on_loss, plan.every).live)
                with anyio.move_on_after(plan.seconds):
                    await interrupted.wait()
                tasks.cancel_scope.cancel()


class Canary:
    """One session after the other, each for as long as it lives.

    Args:
        guest: has them.
        memory: the guest's recording.
        metrics, on_loss: as for :func:`watch`.
        every: seconds between two looks.
        sleep: how to wait; replaced in tests.
    """

    def __init__(
        self,
        guest: Guest,
        memory: ShortMemory,
        metrics: Metrics,
        on_loss: Callable[[Loss], None],
        every: float,
        *,
        sleep: Callable[[float], Awaitable[object]] = anyio.sleep,
    ) -> None:
        self._guest = guest
        self._memory = memory
        self._metrics = metrics
        self._on_loss = on_loss
        self._every = every
        self._sleep = sleep
        self._will = random.Random(guest.name)

    async def live(self) -> None:
        """Come, look in for ever, and come again where the session is lost."""
        pause, there = self._every, False
        while True:
            there = await self._look(there=there)
            *_, last = self._memory.story(self._guest.name).ops
            longest = max(self._every, LONGEST_PAUSE_SECONDS)
            pause = self._every if last.ok else min(longest, 2 * pause)
            # Guests who all came together would go on asking together.
            await self._sleep(pause * self._will.uniform(0.5, 1.5))

    async def _look(self, *, there: bool) -> bool:
        """Look at the session, or begin one; whether it is there in the end."""
        if there:
            there = await self._guest.look()
            if self._lost() or not there:
                self._metrics.ended()
                return False
            return True
        self._memory.forget(self._guest.name)
        there = await self._guest.arrive()
        # Of a session that began with a lost answer nobody can say later what it should show.
        sure = all(op.ok for op in self._memory.story(self._guest.name).ops)
        if self._lost():
            self._metrics.begun()
            self._metrics.ended()
            return False
        if there and sure:
            self._memory.settle(self._guest.name)
            self._metrics.begun()
        return there and sure

    def _lost(self) -> bool:
        """Whether the session was found lost; says so."""
        story = self._memory.story(self._guest.name)
        elsewhere = Elsewhere(story.ops)
        for position, op in enumerate(story.ops):
            elsewhere.note(position, op)
        found = [*first_page(story), *missing(story), *foreign(story, elsewhere)]
        lost = [violation for violation in found if violation.heading == "survival"]
        if lost:
            loss = _loss(lost[0], story.ops[0])
            self._metrics.lost(loss.cause, login=loss.user is not None)
            self._on_loss(loss)
        return bool(lost)


def _loss(violation: Violation, first: Op) -> Loss:
    shown = [op.state for op in violation.records[:-1] if op.state is not None]
    return Loss(
        session=shown[-1].session if shown else "unknown",
        lineage=violation.lineage,
        user=shown[-1].user if shown else None,
        cause=violation.invariant,
        words=violation.why or INVARIANTS[violation.invariant][1],
        age=violation.at - first.start,
    )
