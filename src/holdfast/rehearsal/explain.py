"""Why a violation came about, in words: where the session lived, what was done to replicas."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from msgspec.structs import replace

from holdfast.rehearsal.compare import Setup
from holdfast.rehearsal.history import Event, Op
from holdfast.rehearsal.verdict import Violation

_ENDED = {
    "kill": "was killed",
    "roll": "was replaced by the rolling update",
    "scale": "was scaled in",
}
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
    if lasting and (told := _taken_between(violation, setup, events)) is not None:
        return told
    if violation.invariant in _RACES:
        return _RACES[violation.invariant], ""
    if violation.invariant in ("leak", "phantom"):
        return "the store mixed up what it was given", ""
    match setup.locality:
        case "request":
            return "the array driver forgets a session when its request ends", ""
        case "client":
            return "the cookie that held it was not sent back, or an older one was", ""
        case _:
            return "the shared store no longer had what it had acknowledged", ""


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
            over = next((e.at for e in events if e.what == "over" and e.at >= event.at), inf)
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
