"""From a history to the numbers of the verdict."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.rehearsal.compare import Setup
from holdfast.rehearsal.history import Answer, Event, Op, Sent
from holdfast.rehearsal.judge import judge
from holdfast.rehearsal.protocol import State
from holdfast.rehearsal.verdict import MOST_KEPT, Lane, Mark, Phase, Second, Verdict, Violation

REDIS = Setup("redis", "shop", "redis")
FILE = Setup("file", "laravel", "file", "own")


def judged(ops, events=(), setup=REDIS, seconds=60.0):
    return judge(setup, ops, events, seconds)


def test_a_history_without_anything():
    verdict = judged([])
    assert verdict.name == "redis"
    assert verdict.seconds == 60.0
    assert (verdict.requests, verdict.sessions_opened, verdict.writes_acknowledged) == (0, 0, 0)
    assert verdict.phases == verdict.violations == verdict.lanes == []
    assert verdict.holds("all")


def test_answers_are_counted_by_their_outcome(written):
    verdict = judged(
        written("""
            0-1 open
            2-3 cart a -> 409
            2-3 cart b -> 419
            2-3 cart c -> 502
            2-3 cart d -> never
            2-3 cart e -> junk
            2-3 cart f -> ?
            2- cart g
        """)
    )
    assert verdict.requests == 8
    assert (verdict.refused, verdict.errors, verdict.unknown) == (2, 3, 2)
    assert verdict.writes_acknowledged == 0


def test_sessions_and_writes_of_a_clean_run(written):
    verdict = judged(
        written("""
            0-1 open
            2-3 cart a -> cart=a
            4-5 checkout -> orders=a
            6-7 mark k v -> orders=a marks=k:v
            8-9 logout
            10-11 open in=u1.2
            12-13 count -> 502
            16-17 cart b -> ?
            20-21 state -> cart=b
            u2 0-1 open
            u2 2-3 state
        """)
    )
    assert verdict.sessions_opened == 3
    assert verdict.writes_acknowledged == 4, (
        "the write without an answer was seen; the count was not"
    )
    assert verdict.holds("all")
    assert verdict.causes == {}


def test_a_lost_session_takes_its_writes_along(written):
    verdict = judged(
        written("""
            0-1 open
            2-3 cart a -> cart=a
            4-5 count -> cart=a count=1
            6-7 state -> nothing
            8-9 open in=u1.2
            10-11 count -> count=1
            12-13 state -> count=1
        """)
    )
    assert (verdict.sessions_opened, verdict.sessions_lost) == (2, 1)
    assert (verdict.writes_acknowledged, verdict.writes_lost) == (3, 2)
    assert not verdict.holds("survival")


def test_a_lost_session_that_is_seen_again_is_not_accused_twice(written):
    verdict = judged(
        written("""
            0-1 open
            2-3 cart a -> cart=a
            4-5 state -> nothing r2
            6-7 state
        """)
    )
    assert [violation.invariant for violation in verdict.violations] == ["missing"]
    assert (verdict.sessions_lost, verdict.writes_lost) == (1, 1)


def test_of_two_marks_on_one_key_only_the_last_can_be_lost(written):
    verdict = judged(
        written("""
            0-1 open
            2-8 count -> count=1
            3-5 mark k one -> marks=k:one
            9-13 mark k two -> count=1 marks=k:two
            10-15 catalogue
            16-17 state -> count=1
        """)
    )
    assert verdict.lost_updates == 1


def test_what_a_race_had_taken_before_is_not_lost_with_the_session(written):
    verdict = judged(
        written("""
            0-1 open
            2-4 cart a -> cart=a
            3-5 cart b -> cart=b
            6-7 state -> cart=b
            8-9 state -> nothing
        """)
    )
    assert (verdict.sessions_lost, verdict.writes_lost, verdict.lost_updates) == (1, 1, 1)


def test_an_overwritten_write_is_a_race_whichever_was_sent_first(written):
    for lost, kept in ("ab", "ba"):
        verdict = judged(
            written(f"""
                0-1 open
                2-4 cart a -> cart=a
                3-5 cart b -> cart=b
                6-7 state -> cart={kept}
            """)
        )
        [violation] = verdict.violations
        assert violation.records[-1].id == 4
        assert {op.sent.args.get("item") for op in violation.records[:-1]} == {"a", "b"}
        assert (verdict.writes_lost, verdict.lost_updates) == (0, 1), lost
        assert verdict.holds("survival")
        assert not verdict.holds("all")


def test_a_rolled_back_session_is_lost_and_so_are_the_writes_it_went_back_over(written):
    verdict = judged(
        written("""
            0-1 open
            2-3 cart a -> cart=a
            4-5 cart b -> cart=a,b
            6-7 cart c -> cart=a,b,c
            8-9 state -> cart=a
            10-11 state -> cart=a
        """)
    )
    assert (verdict.sessions_lost, verdict.writes_lost) == (1, 2)
    assert [violation.invariant for violation in verdict.violations] == ["rollback"]


def test_an_undone_login_loses_the_session_but_not_its_writes(written):
    verdict = judged(
        written("""
            0-1 open
            2-3 cart a -> cart=a
            4-5 login -> cart=a
            6-7 state -> guest cart=a
        """)
    )
    assert (verdict.sessions_lost, verdict.writes_lost) == (1, 0)


def test_a_single_lost_write_leaves_its_session(written):
    verdict = judged(
        written("""
            0-1 open
            2-3 cart a -> cart=a
            4-5 state -> r2.3
        """)
    )
    assert (verdict.sessions_lost, verdict.writes_lost) == (0, 1)
    [violation] = verdict.violations
    assert (violation.invariant, violation.heading) == ("durability", "survival")
    assert (violation.lineage, violation.at, violation.replica) == ("u1.1", 5.0, "r2")
    assert [op.sent.kind for op in violation.records] == ["cart", "state"]


def test_a_first_form_that_was_refused_is_a_session_lost(written):
    verdict = judged(
        written("""
            0-1 state -> nothing
            2-3 open -> 419
        """)
    )
    assert (verdict.sessions_opened, verdict.sessions_lost) == (1, 1)


def test_every_other_violation_has_a_number_of_its_own(written):
    verdict = judged(
        written("""
            0-1 open
            2-3 state -> cart=nobodys
            4-7 catalogue
            in: 5-6 login
            8-9 state -> nothing
            8-9 probe in -> user=1
            u2 0-1 open
            u2 2-3 state -> cart=nobodys user=1
            out: u2 4-5 logout
            u2 6-7 probe out -> u2.1 user=2
            u3 0-1 login 2 -> nothing user=2
            u2 8-9 login
        """)
    )
    assert verdict.phantoms == 2
    assert verdict.leaks == 1
    assert (verdict.late_cookies, verdict.fixations, verdict.resurrections) == (1, 1, 1)
    assert len(verdict.violations) == 6
    assert [violation.at for violation in verdict.violations] == sorted(
        violation.at for violation in verdict.violations
    )


@pytest.mark.parametrize(
    ("found", "survival", "all_of_them"),
    [([], True, True), (["lost-update"], True, False), (["leak", "fixation"], False, False)],
)
def test_what_is_judged(found, survival, all_of_them):
    empty = judged([])
    verdict = msgspec.structs.replace(
        empty, violations=[Violation(name, "u1.1", 1.0, None, "", []) for name in found]
    )
    assert verdict.holds("survival") is survival
    assert verdict.holds("all") is all_of_them


def test_phases_have_their_own_latencies(written):
    fast = "\n".join(f"{1 + n / 100}-{1 + n / 100 + 0.01 * n} state" for n in range(1, 101))
    ops = written(
        f"""
            0.5-0.6 open
            {fast}
            30-30.1 state -> 409
            30-31 state -> 502
            30-35 state -> ?
            30- state
            39-41 state
            50-51 state -> 500
        """
    )
    events = [
        Event(0.75, "phase", fault="calm"),
        Event(20.0, "phase", fault="kill"),
        Event(40.0, "phase", fault="roll"),
        Event(55.0, "phase", fault="end"),
    ]
    assert rounded(judged(ops, events).phases) == [
        Phase("calm", 0.75, requests=100, errors=0, p50_ms=500.0, p99_ms=990.0),
        Phase("kill", 20.0, requests=5, errors=3, p50_ms=100.0, p99_ms=2000.0),
        Phase("roll", 40.0, requests=1, errors=1, p50_ms=None, p99_ms=None),
        Phase("end", 55.0, requests=0, errors=0, p50_ms=None, p99_ms=None),
    ]


def rounded(phases):
    return [
        msgspec.structs.replace(
            phase,
            p50_ms=phase.p50_ms and round(phase.p50_ms, 3),
            p99_ms=phase.p99_ms and round(phase.p99_ms, 3),
        )
        for phase in phases
    ]


def test_every_second_has_its_figures(written):
    ops = written("""
        0-0.25 open
        2.5-2.75 state -> nothing
        2.9-3.9 state -> 502
        2.9- state
        9-9.5 state -> 409
    """)
    verdict = judged(ops, seconds=3.5)
    assert verdict.sessions_lost == 1
    assert [
        msgspec.structs.replace(
            second, p50_ms=round(second.p50_ms or 0), p99_ms=round(second.p99_ms or 0)
        )
        for second in verdict.seconds_series
    ] == [
        Second(requests=1, errors=0, p50_ms=250, p99_ms=250, lost=0),
        Second(requests=0, errors=0, p50_ms=0, p99_ms=0, lost=0),
        Second(requests=3, errors=2, p50_ms=250, p99_ms=250, lost=1),
        Second(requests=1, errors=0, p50_ms=500, p99_ms=500, lost=0),
    ], "what began after the end belongs to the last second"


def test_one_answer_is_both_percentiles(written):
    [phase] = judged(written("1-1.25 open"), [Event(0.0, "phase", fault="calm")]).phases
    assert (phase.p50_ms, phase.p99_ms) == (250.0, 250.0)


def test_lanes_show_when_a_replica_took_traffic_and_where_a_session_was_lost(written):
    ops = written("""
        1-2 open -> r1.1
        20-21 state -> nothing r2.1
        u2 1-2 open -> r1.1
        u2 3-4 cart a -> cart=a r1.1
        u2 31-32 state -> r3.1
    """)
    events = [
        Event(0.1, "start", "r2", 1),
        Event(0.2, "start", "r1", 1),
        Event(0.3, "start", "r3", 1),
        Event(0.5, "phase", fault="calm"),
        Event(10.0, "kill", "r1", 1, "kill"),
        Event(10.5, "stopped", "r1", 1, "kill"),
        Event(12.0, "start", "r1", 2, "kill"),
        Event(40.0, "start", "r2", 2, "roll"),
        Event(42.0, "drain", "r2", 1, "roll"),
        Event(43.0, "stop", "r2", 1, "roll"),
        Event(44.0, "stopped", "r2", 1, "roll"),
    ]
    assert judged(ops, events, FILE).lanes == [
        Lane(
            "r1",
            [(0.2, 10.0), (12.0, 60.0)],
            [Mark(10.0, "kill"), Mark(10.5, "stopped"), Mark(12.0, "start")],
            "laravel",
        ),
        Lane(
            "r2",
            [(0.1, 42.0), (40.0, 60.0)],
            [
                Mark(21.0, "lost"),
                Mark(40.0, "start"),
                Mark(42.0, "drain"),
                Mark(43.0, "stop"),
                Mark(44.0, "stopped"),
            ],
            "laravel",
        ),
        Lane("r3", [(0.3, 60.0)], [], "laravel"),
    ]


def test_a_lane_says_what_its_replica_runs():
    events = [
        *(Event(0.1, "start", f"r{number}", 1) for number in (1, 2)),
        Event(2.0, "cut", "store", 0, "cut"),
    ]
    lanes = judged([], events, Setup("mixed=redis", "mixed", "redis")).lanes
    assert [(lane.replica, lane.runs) for lane in lanes] == [
        ("r1", "laravel"),
        ("r2", "shop"),
        ("store", None),
    ]


def test_a_verdict_is_plain_data(written):
    verdict = judged(written("0-1 open\n2-3 state -> nothing"), [Event(0.0, "phase", fault="calm")])
    assert msgspec.json.decode(msgspec.json.encode(verdict), type=Verdict) == verdict


NAMES = st.sampled_from(["u1.1", "u1.2", "u2.1"])
TIMES = st.integers(0, 40).map(float)
WORDS = st.sampled_from(["a", "b"])
IDS = st.none() | st.integers(1, 12)
STATES = st.builds(
    State,
    replica=st.just("r1"),
    generation=st.just(1),
    session=WORDS,
    lineage=st.none() | NAMES,
    user=st.none() | st.integers(1, 2),
    token=WORDS,
    cart=st.lists(WORDS, max_size=2),
    orders=st.lists(WORDS, max_size=2),
    count=st.integers(0, 2),
    marks=st.dictionaries(WORDS, WORDS, max_size=2),
)
KINDS = st.sampled_from(
    ["open", "state", "catalogue", "login", "logout", "cart", "count", "mark", "checkout", "else"]
)
SENT = st.builds(
    Sent,
    id=st.just(0),
    at=TIMES,
    browser=st.sampled_from(["u1", "u2"]),
    lineage=NAMES,
    kind=KINDS,
    args=st.just({"lineage": "u1.1", "user": "1", "item": "a", "key": "a", "value": "b"}),
    jar=st.sampled_from(["own", "old"]),
    cookie_from=IDS,
    old_of=IDS,
)
ANSWERS = st.none() | st.builds(
    Answer,
    id=st.just(0),
    at=TIMES,
    outcome=st.sampled_from(["ok", "ok", "ok", "refused", "fail", "unknown"]),
    status=st.none() | st.sampled_from([200, 409, 419, 500, 504]),
    state=STATES | st.none(),
    replica=st.none() | st.just("r1"),
    set_cookie=st.booleans(),
)


@given(st.lists(st.tuples(SENT, ANSWERS), max_size=12))
def test_any_history_that_can_be_read_can_be_judged(pairs):
    ops = [
        Op(
            msgspec.structs.replace(sent, id=number),
            answer and msgspec.structs.replace(answer, id=number, at=max(answer.at, sent.at)),
        )
        for number, (sent, answer) in enumerate(pairs, start=1)
    ]
    verdict = judged(ops)
    assert verdict.requests == len(ops)
    assert 0 <= verdict.writes_lost <= verdict.writes_acknowledged
    assert verdict.sessions_lost <= len(verdict.violations)


def test_all_violations_are_counted_and_the_first_are_kept(written):
    lost = MOST_KEPT * 2 + 50
    late = written(
        "\n".join(
            f"u{n} {n}-{n}.1 open\nu{n} {n}.2-{n}.3 state -> nothing"
            for n in random.Random(1).sample(range(1, lost + 1), lost)
        )
    )
    verdict = judged(late, seconds=lost)
    assert verdict.sessions_lost == verdict.count("missing") == sum(verdict.causes.values()) == lost
    assert verdict.omitted == {"missing": lost - MOST_KEPT}
    assert [v.lineage for v in verdict.violations] == [f"u{n}.1" for n in range(1, MOST_KEPT + 1)]
    assert sum(second.lost for second in verdict.seconds_series) == lost
