"""Why a violation came about, in the words of the verdict."""

from __future__ import annotations

import pytest

from holdfast.rehearsal.compare import Setup, parse_setup
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

READ_ON_THE_OTHER = """
    0-1 open
    4.6-4.7 cart a   -> cart=a
    5-6 state
"""
WRITTEN_BEFORE = """
    0-1 open
    2-3 cart a       -> cart=a
    5-6 state
"""
WRITTEN_AFTER = """
    0-1 open
    7-8 cart a       -> cart=a
    8-9 state
"""
LOGGED_OUT_ON_ONE = """
    0-1 open         -> r1.1
    out: 4.6-4.7 logout -> r1.1
    5.6-5.7 probe out -> u1.1 user=1 r2.1
    u1 6-7 login     -> nothing user=1
"""
OVERWRITTEN_ON_ONE = """
    0-1 open
    4.6-4.9 count    -> count=1
    4.7-5 count      -> count=1
"""


def of_redis(*what):
    """What was done to Redis from 4.2 s on: one event each 0.3 s, of the fault that came first."""
    return [Event(4.2 + 0.3 * n, name, "store", 0, what[0]) for n, name in enumerate(what)]


SPLIT = of_redis("failover", "split", "over")
SPLIT_ON = of_redis("partition", "split")
SPLIT_AND_HEALED = of_redis("partition", "split", "heal", "over")
NO_SPLIT = of_redis("kill-primary", "over")
LATER = [Event(9.5, "failover", "store", 0, "failover"), Event(9.6, "split", "store")]
BEFORE_THAT = [Event(0.1, "failover", "store", 0, "failover"), Event(0.2, "over", "store")]
TWO = "two nodes of the store were primary at a time, and only one of them knew of it"
LAG = "the store failed over to a replica that had not yet received it"
GONE_FROM_SHARED = "the shared store no longer had what it had acknowledged"
RACED = "a parallel request of the same browser wrote back what it had read before"
SAVED_AFTER_LOGOUT = "a request in flight at the logout saved the session again after it"

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
VOID = "the cookies that others made are void there, and each visit replaces them"
SKEWED = [Event(4.2, "skew", "r2", 2, "key-skew"), Event(6.0, "over", "r2", 2, "key-skew")]
SKEWED_STILL = SKEWED[:1]
SKEWED_LATER = [Event(9.5, "skew", "r2", 2, "key-skew")]
SKEWED_BEFORE = [Event(0.5, "skew", "r2", 2, "key-skew"), Event(1.0, "over", "r2", 2, "key-skew")]
ANOTHER_IS_OVER = [*SKEWED_BEFORE[:1], Event(1.0, "over", "store", 0, "cut")]
OLD_KEYS = "Laravel before 11 knows no APP_PREVIOUS_KEYS, and cookies of the old key are void there"
ROTATED = [
    *(Event(4.0 + number, "rotate", f"r{number}", 3, "rotate") for number in (1, 2)),
    *(Event(7.0, "over", f"r{number}", 3, "rotate") for number in (1, 2)),
]
ROTATED_BEFORE = [Event(0.1, "rotate", "r1", 3, "rotate"), Event(0.2, "over", "r1", 3, "rotate")]
REPLACED = [Event(5.0, "drain", "r1", 1, "rotate")]
ROLLED_OUT = [Event(5.0, "drain", "r1", 1, "encrypt-skew")]
THERE = Setup("there", "laravel", "unknown")
BY_HAND = [
    *(Event(1.5, "key", "deployment", 0, "first"), Event(3.0, "command", "deployment", 0, "roll")),
    *(Event(4.0, "over", "deployment", 0, "roll", 0), Event(9.5, "key", "deployment", 0, "late")),
]
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
        (
            "there",
            LOST,
            BY_HAND,
            "after your command «roll» at 3.0 s",
            "after your command «roll»",
        ),
        (
            "there",
            LOST,
            BY_HAND[:1],
            "after «first», done by hand at 1.5 s",
            "after «first», done by hand",
        ),
        ("there", LOST, BY_HAND[3:], None, "nothing had been done to the deployment yet"),
        (
            "there",
            OVERWRITTEN,
            BY_HAND,
            None,
            "a parallel request of the same browser wrote back what it had read before",
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
            for story, events in (
                (SAVED_AFTER, FLUSHED),
                (GONE, FLUSHED_LATER),
                (GONE, SKEWED_BEFORE),
                (GONE, SKEWED_LATER),
                (GONE, ROTATED_BEFORE),
            )
        ),
        *(
            (
                setup,
                GONE,
                events,
                f"r2 had another APP_KEY from {span}; {VOID}",
                f"a replica had another APP_KEY: {VOID}",
            )
            for setup in ("redis", "cookie", "file:shared")
            for events, span in (
                (SKEWED, "4.2 s to 6.0 s"),
                ([*FLUSHED_LATER, *SKEWED], "4.2 s to 6.0 s"),
                (SKEWED_STILL, "4.2 s on"),
                (ANOTHER_IS_OVER, "0.5 s on"),
            )
        ),
        (
            "redis",
            GONE,
            ROTATED,
            f"APP_KEY was changed from 5.0 s to 7.0 s; {OLD_KEYS}",
            f"APP_KEY was changed: {OLD_KEYS}",
        ),
        (
            "file@cookie",
            LOST_WITH_ITS_REPLICA,
            REPLACED,
            "r1.1 was replaced to change APP_KEY, and the file went with it at 5.0 s",
            "its replica was replaced to change APP_KEY, and the file went with it",
        ),
        (
            "file@cookie",
            LOST_WITH_ITS_REPLICA,
            ROLLED_OUT,
            "r1.1 was replaced in a rollout of SESSION_ENCRYPT, and the file went with it at 5.0 s",
            "its replica was replaced in a rollout of SESSION_ENCRYPT, and the file went with it",
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
        *(
            ("redis:sentinel", READ_ON_THE_OTHER, events, TWO.replace("at a time", when), TWO)
            for events, when in (
                (SPLIT, "from 4.5 s to 4.8 s"),
                ([*BEFORE_THAT, *SPLIT], "from 4.5 s to 4.8 s"),
                (SPLIT_ON, "from 4.5 s on"),
                (SPLIT_AND_HEALED, "from 4.5 s to 5.1 s"),
            )
        ),
        *(
            (
                "shop=redis:sentinel",
                WRITTEN_BEFORE,
                events,
                LAG.replace("a replica", "a replica at 4.2 s"),
                LAG,
            )
            for events in (SPLIT, NO_SPLIT, SPLIT_AND_HEALED)
        ),
        ("redis:sentinel", WRITTEN_AFTER, SPLIT, None, GONE_FROM_SHARED),
        ("redis:sentinel", WRITTEN_BEFORE, BEFORE_THAT, None, GONE_FROM_SHARED),
        *(
            (
                "shop=redis:sentinel",
                story,
                SPLIT,
                TWO.replace("at a time", "from 4.5 s to 4.8 s"),
                TWO,
            )
            for story in (LOGGED_OUT_ON_ONE, OVERWRITTEN_ON_ONE)
        ),
        # Of Laravel's races no failover is to blame: it has them on every store.
        ("redis:sentinel", LOGGED_OUT_ON_ONE, SPLIT, None, SAVED_AFTER_LOGOUT),
        ("redis:sentinel", OVERWRITTEN_ON_ONE, SPLIT, None, RACED),
        ("shop=redis:sentinel", OVERWRITTEN, LATER, None, RACED),
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
    chosen = THERE if setup == "there" else parse_setup(setup, "laravel")
    verdict = judge(chosen, written(story), events, 30.0)
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
