"""Why a violation came about, in words: where the session lived, what was done to replicas."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from msgspec.structs import replace

from holdfast.rehearsal.compare import Setup
from holdfast.rehearsal.failover_cause import BY_TWO_PRIMARIES, failed_over
from holdfast.rehearsal.history import Event, Op, What
from holdfast.rehearsal.skew import SKEWS
from holdfast.rehearsal.verdict import Violation

_ENDED = {
    "kill": "was killed",
    "roll": "was replaced by the rolling update",
    "scale": "was scaled in",
    "rotate": "was replaced to change APP_KEY",
    **{fault: f"was replaced in a rollout of {skew.setting}" for fault, skew in SKEWS.items()},
}
_ROTATED = "Laravel before 11 knows no APP_PREVIOUS_KEYS, and cookies of the old key are void there"
_DONE = {"command": "after your command «{}»", "key": "after «{}», done by hand"}
_RACES = {
    "lost-update": "a parallel request of the same browser wrote back what it had read before",
    "late-cookie": "a request sent before the login answered after it and set the old cookie again",
    "resurrection": "a request in flight at the logout saved the session again after it",
    "fixation": "a request in flight at the login saved the old session again after it",
}


def explained(violation: Violation, setup: Setup, events: Sequence[Event]) -> tuple[Violation, str]:
    """The violation with its cause in words, and that cause without names, for counting.

    Args:
        setup: what was run; where its sessions lived decides what can have become of one.
        events: everything that was done to the replicas, in order of time.
    """
    cause, detail = _cause(violation, setup, events)
    why = "; ".join(words for words in (violation.why, detail or cause) if words)
    return replace(violation, why=why), cause


def _cause(violation: Violation, setup: Setup, events: Sequence[Event]) -> tuple[str, str]:
    lasting = violation.invariant in ("missing", "rollback", "durability")
    ended = violation.invariant in ("resurrection", "fixation")
    if setup.locality == "replica" and lasting:
        return _on_a_replica(violation, setup, events)
    if setup.locality == "replica" and ended:
        return "the replica that answered had a copy of its own, which nobody ended", ""
    if setup.locality == "client" and ended:
        return "the cookies hold the session themselves: nobody can end what a browser kept", ""
    if lasting and (told := _done_between(violation, setup, events)) is not None:
        return told
    # The shop's saves are conditional: no parallel request of it overwrites another's.
    by_the_store = lasting or (setup.app == "shop" and violation.invariant in BY_TWO_PRIMARIES)
    if by_the_store and (told := failed_over(violation, events)) is not None:
        return told
    if violation.invariant in _RACES:
        return _RACES[violation.invariant], ""
    if violation.invariant in ("leak", "phantom"):
        return "the store mixed up what it was given", ""
    match setup.locality:
        case "request":
            return "the array driver forgets a session when its request ends", ""
        case "unknown":
            return _after_what_was_done(violation, events)
        case "client":
            return "the cookie that held it was not sent back, or an older one was", ""
        case _:
            return "the shared store no longer had what it had acknowledged", ""


def _done_between(
    violation: Violation, setup: Setup, events: Sequence[Event]
) -> tuple[str, str] | None:
    """What was done to the store or to settings that explains what is missing."""
    if (told := _taken_between(violation, setup, events)) is not None:
        return told
    if (skewed := _between("skew", violation, events)) is not None:
        return _of_a_skew(*skewed)
    if (rotated := _between("rotate", violation, events)) is not None:
        cause = f"APP_KEY was changed: {_ROTATED}"
        return cause, f"APP_KEY was changed{_span(*rotated)}; {_ROTATED}"
    return None


def _taken_between(
    violation: Violation, setup: Setup, events: Sequence[Event]
) -> tuple[str, str] | None:
    """What took from the store what is missing, after its last sight and before it was missed.

    The cause, and the same with its time.
    """
    *before, seen = violation.records
    for event in events:
        took = _taking(event, setup)
        if took is not None and event.at <= seen.end:
            over = next((e.at for e in events if _ends(e, event)), inf)
            if all(op.start <= over for op in before):
                did, why = took
                return f"the store {did}{why}", f"the store {did} at {event.at:.1f} s{why}"
    return None


def _taking(event: Event, setup: Setup) -> tuple[str, str] | None:
    """What an event did that takes sessions from a shared store, and why it does."""
    match event.what:
        case "flush":
            return "was flushed", ""
        case "restart" if setup.volatile:
            return "was restarted", " without persistence"
        case "crash" if setup.volatile:
            return "crashed", " without persistence"
        case "crash" if setup.driver == "redis":
            # With everysec Redis answers, and holds back writes while it flushes (aof.c).
            return "crashed", " before its append-only file had what it had acknowledged"
        case "evict" if setup.driver == "memcached":
            return "evicted keys", ": its memory was full"
        case "evict":
            return "evicted keys", ": maxmemory with allkeys-lru"
        case "cut" | "blackhole" if setup.driver == "memcached":
            # MemcachedStore::get gives null for every error (Illuminate/Cache, 8 to 13).
            return "did not answer", ", which Laravel takes for an empty session"
        case _:
            return None


def _between(
    what: What, violation: Violation, events: Sequence[Event]
) -> tuple[Event, float] | None:
    """What was done between the last sight of what is missing and its being missed, and its end.

    It may have been going on at either.
    """
    *before, seen = violation.records
    for event in events:
        if event.what == what and event.at <= seen.end:
            over = next((e.at for e in events if _ends(e, event)), inf)
            if all(op.start <= over for op in before):
                return event, over
    return None


def _ends(event: Event, begun: Event) -> bool:
    return event.what == "over" and event.replica == begun.replica and event.at >= begun.at


def _span(event: Event, over: float) -> str:
    return f" from {event.at:.1f} s " + ("on" if over == inf else f"to {over:.1f} s")


def _of_a_skew(event: Event, over: float) -> tuple[str, str]:
    skew = SKEWS[event.fault]
    return (
        f"a replica had another {skew.setting}: {skew.effect}",
        f"{event.replica} had another {skew.setting}{_span(event, over)}; {skew.effect}",
    )


def _after_what_was_done(violation: Violation, events: Sequence[Event]) -> tuple[str, str]:
    """What a user did last to a deployment of which no more is known."""
    seen = violation.records[-1]
    did = [event for event in events if event.what in _DONE and event.at <= seen.end]
    if not did:
        return "nothing had been done to the deployment yet", ""
    cause = _DONE[did[-1].what].format(did[-1].fault)
    return cause, f"{cause} at {did[-1].at:.1f} s"


def _on_a_replica(violation: Violation, setup: Setup, events: Sequence[Event]) -> tuple[str, str]:
    what = "file" if setup.driver == "file" else "session"
    seen = violation.records[-1]
    holder = next((op for op in reversed(violation.records[:-1]) if _who(op)), None)
    here, there = _who(seen), _who(holder)
    if here is None or there is None:
        return f"the replica that answered never had the {what}", ""
    ended = _end_of(there, seen, events)
    if ended is not None:
        cause = f"its replica {_ENDED.get(ended.fault, 'was stopped')}, and the {what} went with it"
        return cause, cause.replace(
            "its replica", f"{there[0]}.{there[1]}"
        ) + f" at {ended.at:.1f} s"
    if here != there:
        cause = f"the replica that answered never had the {what}"
        return cause, f"{here[0]}.{here[1]} answered and never had the {what}: it is on {there[0]}"
    return f"its replica no longer had the {what}", ""


def _who(op: Op | None) -> tuple[str, int] | None:
    if op is None or op.answer is None or op.answer.replica is None:
        return None
    return op.answer.replica, op.answer.generation or 0


def _end_of(who: tuple[str, int], before: Op, events: Sequence[Event]) -> Event | None:
    """What ended a generation of a replica for its users, if it was over when a request ended."""
    for event in events:
        if event.what in ("kill", "drain") and (event.replica, event.generation) == who:
            return event if event.at <= before.end else None
    return None
