"""What a store answers to a write, and what is made of it.

A write whose answer was lost is performed again until its answer comes, within the policy's limits:
under its write id, where it has one and the store remembers it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar, cast

from holdfast.core.clock import Deadline, Ticks
from holdfast.core.errors import (
    HoldfastError,
    LevelRefused,
    SaveUnknown,
    SessionConflict,
    SessionGone,
    StoreReadOnly,
    StoreUnavailable,
)
from holdfast.core.flow import Effect, Flow, Sleep, do
from holdfast.session.policy import Policy
from holdfast.stores.contract import Commit, Gone, Move, Refused, Unknown

T = TypeVar("T")


def performed(
    policy: Policy, effect: Effect[T], *, ticks: Ticks = time.monotonic
) -> Flow[tuple[T, bool]]:
    """Perform a write until its answer comes; whether it is in doubt what an answer means.

    In doubt it is where the store does not know a write again that it may have made: a conflict
    may then be one with this write itself.

    Raises:
        SaveUnknown: it was performed ``repeats`` times more, or ``repeat_seconds`` are over.
        StoreError: of the first time; nothing was written.
    """
    deadline = Deadline.after(policy.repeat_seconds, ticks)
    result = yield from do(effect)
    doubtful = False
    for pause in pauses(policy, policy.repeats):
        if not isinstance(result, Unknown):
            return result, doubtful
        if not deadline.left:
            break
        doubtful = doubtful or not result.remembered
        policy.metrics.count("repeated")
        yield from do(Sleep(pause))
        try:
            answer = yield from do(_again(effect))
        except (StoreUnavailable, StoreReadOnly):
            # The first one may have been performed all the same.
            continue
        if not isinstance(answer, Refused):
            result = answer
    if not isinstance(result, Unknown):
        return result, doubtful
    policy.metrics.count("unknown")
    raise unknown(result.reason)


def pauses(policy: Policy, attempts: int) -> Iterator[float]:
    """Seconds to wait before each further attempt; none before the second one."""
    longest = policy.pause
    for attempt in range(attempts):
        yield random.uniform(0, longest) if attempt else 0.0
        longest = min(2 * longest, policy.longest_pause)


def _again(effect: Effect[T]) -> Effect[T]:
    if isinstance(effect, Commit | Move):
        return cast(Effect[T], replace(effect, again=True))
    return effect


def refused(result: object) -> HoldfastError:
    """The error for an answer that is neither Saved nor to be merged."""
    match result:
        case Refused(reason):
            return LevelRefused(
                f"the guarantee level cannot be held, nothing was written: {reason}",
                hint="bring the replicas back, or choose a lower level",
            )
        case Gone():
            return gone()
    return conflict()


def unknown(reason: str) -> SaveUnknown:
    """The error for a write of which it could not be learnt whether it was made."""
    said = f": {reason}" if reason else ""
    return SaveUnknown(
        f"the store's answer was lost, the session may or may not be saved{said}",
        hint="load the session again and look",
    )


def conflict() -> SessionConflict:
    """The error where others never stopped saving."""
    return SessionConflict(
        "other requests kept saving the session while this one tried to; nothing was written",
        hint="run the request again, on the session as it is now",
    )


def gone() -> SessionGone:
    """The error where the session has ended."""
    return SessionGone(
        "the session ended while this request worked on it; nothing was written",
        hint="start a new session; whoever ended it meant it",
    )


def ended_or_moved() -> SessionGone:
    """The error for a logout whose session is away, where nobody remembers whether it has moved."""
    return SessionGone(
        "the session to log out was ended meanwhile, or given another id: without room beside its "
        "sessions the store does not know; nothing was written",
        hint="run the logout again with the cookie that the browser has now, or make the tables "
        "beside (docs/stores.md)",
    )


def ended_alone(error: HoldfastError) -> SaveUnknown:
    """The error for a logout that has happened, and whose new session could not be written."""
    return SaveUnknown(
        f"the session was ended, but what was put into the new one may not be saved: {error}",
        hint="do not run the request again for the logout: it has happened",
    )
