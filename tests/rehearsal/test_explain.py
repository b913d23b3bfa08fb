"""Why a violation came about, in the words of the verdict."""

from __future__ import annotations

import pytest

from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.history import Event
from holdfast.rehearsal.judge import judge

LOST = """
    0-1 open         -> r1.1
    2-3 state        -> r1.1
    8-9 state        -> nothing r2.1
"""
LOST_WITH_ITS_REPLICA = """
    0-1 open         -> r1.1
    2-3 cart a       -> cart=a r1.1
    8-9 state        -> nothing r1.2
"""
LOST_IN_PLACE = """
    0-1 open         -> r1.1
    8-9 state        -> nothing r1.1
"""
LOST_ON_THE_WAY = """
    0-1 open         -> r1.1
    2-3 cart a       -> 502
    8-9 state        -> nothing r2.1
"""
UNDONE = """
    0-1 open         -> r1.1
    out: 2-3 logout  -> r1.1
    4-5 probe out    -> u1.1 user=1 r2.1
    u1 6-7 login     -> nothing user=1
"""
OLD_ID = """
    0-1 open
    in: 2-3 login
    4-5 probe in     -> u1.1 user=1
"""
OVERWRITTEN = """
    0-1 open
    2-4 count        -> count=1
    3-5 count        -> count=1
"""
LATE = """
    0-1 open
    2-5 state
    3-4 login
    6-7 state        -> nothing
"""
NOT_KEPT = """
    0-1 open
    2-3 cart a       -> cart=a
    4-5 state
"""
SOMEONE_ELSES = """
    0-1 open
    u2 0-1 open
    u2 2-3 cart b    -> cart=b
    4-5 state        -> cart=b
"""
NOBODYS = """
    0-1 open
    2-3 state        -> cart=a
"""
REFUSED = """
    0-1 state        -> nothing r1.1
    2-3 open         -> 419 r2.1
"""

GONE = """
    0-1 open
    2-3 state
    8-9 state        -> nothing
"""
SAVED_AFTER = """
    0-1 open
    5-6 state
    8-9 state        -> nothing
"""
READ_WHILE_FLUSHED = """
    0-1 open
    2-4.3 cart a     -> cart=a
    8-9 state
"""

FLUSHED = [Event(4.2, "flush", "store", 0, "flush"), Event(4.3, "over", "store", 0, "flush")]
FLUSHED_TWICE = [
    *(Event(0.1, "flush", "store", 0, "flush"), Event(0.2, "over", "store", 0, "flush")),
    *FLUSHED,
]
BEING_FLUSHED = FLUSHED[:1]


def harmed(what):
    return [Event(4.2, what, "store", 0, what), Event(4.3, "over", "store", 0, what)]


NO_PERSISTENCE = "the store was restarted at 4.2 s without persistence"
CRASHED = "the store crashed at 4.2 s without persistence"
EVICTED = "the store evicted keys at 4.2 s: maxmemory with allkeys-lru"
BEFORE = "the store crashed at 4.2 s before its append-only file had what it had acknowledged"
FULL = "the store evicted keys at 4.2 s: its memory was full"
SILENT = "the store did not answer at 4.2 s, which Laravel takes for an empty session"
UNEXPLAINED = "the shared store no longer had what it had acknowledged"
FLUSHED_LATER = [Event(9.5, "flush", "store", 0, "flush"), Event(9.6, "over", "store", 0, "flush")]
KILLED = [Event(0.0, "start", "r1", 1), Event(5.0, "kill", "r1", 1, "kill")]
ROLLED = [Event(4.0, "start", "r1", 2, "roll"), Event(5.0, "drain", "r1", 1, "roll")]
SCALED = [Event(5.0, "drain", "r1", 1, "scale")]
ENDED = [Event(5.0, "drain", "r1", 1)]
KILLED_LATER = [Event(20.0, "kill", "r1", 1, "kill")]
KILLED_BEFORE = [Event(0.0, "kill", "r1", 0, "kill"), Event(1.0, "kill", "r2", 1, "kill")]


@pytest.mark.parametrize(
    ("setup", "story", "events", "why", "cause"),
    [
        (
            "file",
            LOST,
            KILLED,
            "r1.1 was killed, and the file went with it at 5.0 s",
            "its replica was killed, and the file went with it",
        ),
        (
            "file@cookie",
            LOST_WITH_ITS_REPLICA,
            ROLLED,
            "r1.1 was replaced by the rolling update, and the file went with it at 5.0 s",
            "its replica was replaced by the rolling update, and the file went with it",
        ),
        (
            "file",
            LOST_WITH_ITS_REPLICA,
            SCALED,
            "r1.1 was scaled in, and the file went with it at 5.0 s",
            "its replica was scaled in, and the file went with it",
        ),
        (
            "file",
            LOST_WITH_ITS_REPLICA,
            ENDED,
            "r1.1 was stopped, and the file went with it at 5.0 s",
            "its replica was stopped, and the file went with it",
        ),
        (
            "shop=array",
            LOST,
            KILLED,
            "r1.1 was killed, and the session went with it at 5.0 s",
            "its replica was killed, and the session went with it",
        ),
        (
            "file",
            LOST,
            KILLED_LATER,
            "r2.1 answered and never had the file: it is on r1",
            "the replica that answered never had the file",
        ),
        (
            "file",
            LOST_ON_THE_WAY,
            KILLED_BEFORE,
            "r2.1 answered and never had the file: it is on r1",
            "the replica that answered never had the file",
        ),
        (
            "file",
            REFUSED,
            [],
            "r2.1 answered and never had the file: it is on r1",
            "the replica that answered never had the file",
        ),
        ("file", LOST_IN_PLACE, [], None, "its replica no longer had the file"),
        ("array", LOST, KILLED, None, "the array driver forgets a session when its request ends"),
        (
            "cookie",
            LOST,
            [],
            None,
            "the cookie that held it was not sent back, or an older one was",
        ),
        ("redis", LOST, KILLED, None, "the shared store no longer had what it had acknowledged"),
        (
            "file:shared",
            NOT_KEPT,
            [],
            None,
            "the shared store no longer had what it had acknowledged",
        ),
        (
            "database",
            SOMEONE_ELSES,
            [],
            "it was shown b of u2; ",
            "the store mixed up what it was given",
        ),
        *(
            ("redis", story, events, "the store was flushed at 4.2 s", "the store was flushed")
            for story in (GONE, READ_WHILE_FLUSHED)
            for events in (FLUSHED, FLUSHED_TWICE, BEING_FLUSHED, [*KILLED, *FLUSHED])
        ),
        *(
            (
                "redis",
                story,
                events,
                None,
                "the shared store no longer had what it had acknowledged",
            )
            for story, events in ((SAVED_AFTER, FLUSHED), (GONE, FLUSHED_LATER))
        ),
        *(
            (setup, GONE, harmed(what), why, why.replace(" at 4.2 s", ""))
            for setup, what, why in (
                ("redis", "restart", NO_PERSISTENCE),
                ("shop=redis:memory", "crash", CRASHED),
                ("memcached", "restart", NO_PERSISTENCE),
                ("memcached", "crash", CRASHED),
                ("redis:aof", "crash", BEFORE),
                ("redis:aof", "evict", EVICTED),
                ("memcached", "evict", FULL),
                ("memcached", "cut", SILENT),
                ("memcached", "blackhole", SILENT),
            )
        ),
        *(
            (setup, GONE, harmed(what), None, UNEXPLAINED)
            for setup, what in (
                ("redis:aof", "restart"),
                ("database:postgresql", "crash"),
                ("redis", "blackhole"),
                ("memcached", "slow"),
            )
        ),
        (
            "redis",
            OVERWRITTEN,
            [Event(2.5, "flush", "store", 0, "flush"), Event(2.6, "over", "store", 0, "flush")],
            None,
            "a parallel request of the same browser wrote back what it had read before",
        ),
        (
            "redis",
            NOBODYS,
            [],
            "it was shown a, which nobody had sent; ",
            "the store mixed up what it was given",
        ),
        (
            "redis",
            OVERWRITTEN,
            [],
            None,
            "a parallel request of the same browser wrote back what it had read before",
        ),
        (
            "redis",
            LATE,
            [],
            None,
            "a request sent before the login answered after it and set the old cookie again",
        ),
        (
            "redis",
            UNDONE,
            [],
            None,
            "a request in flight at the logout saved the session again after it",
        ),
        (
            "file",
            UNDONE,
            [],
            None,
            "the replica that answered had a copy of its own, which nobody ended",
        ),
        (
            "cookie",
            UNDONE,
            [],
            None,
            "the cookies hold the session themselves: nobody can end what a browser kept",
        ),
        (
            "redis",
            OLD_ID,
            [],
            None,
            "a request in flight at the login saved the old session again after it",
        ),
    ],
)
def test_the_cause_is_told(setup, story, events, why, cause, written):
    verdict = judge(parse_setup(setup, "laravel"), written(story), events, 30.0)
    assert verdict.causes == {cause: 1}
    [violation] = verdict.violations
    if why is None:
        assert violation.why == cause
    elif why.endswith("; "):
        assert violation.why == why + cause
    else:
        assert violation.why == why


def test_equal_causes_are_counted_together_and_the_commonest_comes_first(written):
    story = (
        LOST
        + "\n".join(f"u{n} 0-1 open -> r1.1" for n in (2, 3))
        + "\nu2 2-3 state -> nothing r2.1\nu3 8-9 state -> nothing r3.1\n"
    )
    verdict = judge(parse_setup("file", "laravel"), written(story), KILLED, 30.0)
    assert list(verdict.causes.items()) == [
        ("its replica was killed, and the file went with it", 2),
        ("the replica that answered never had the file", 1),
    ]
