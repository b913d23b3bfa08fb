"""What people read at the end of a rehearsal, from verdicts written by hand."""

from __future__ import annotations

import io

import pytest
from msgspec.structs import replace
from rich.console import Console

from holdfast.cli.report import whole_report
from holdfast.rehearsal.history import Answer, Op, Sent
from holdfast.rehearsal.protocol import State
from holdfast.rehearsal.verdict import Lane, Mark, Phase, Verdict, Violation

EMPTY = Verdict(
    name="redis",
    seconds=10.0,
    sessions_opened=5,
    sessions_lost=0,
    writes_acknowledged=40,
    writes_lost=0,
    phantoms=0,
    leaks=0,
    lost_updates=0,
    resurrections=0,
    late_cookies=0,
    fixations=0,
    requests=100,
    refused=0,
    errors=0,
    unknown=0,
    phases=[Phase("calm", 0.0, 90, 0, 12.4, 99.6), Phase("kill", 5.0, 0, 0, None, None)],
    causes={},
    violations=[],
    lanes=[Lane("r1", [(0.0, 10.0)], []), Lane("r2", [(0.0, 5.0)], [Mark(5.0, "kill")])],
)


def page(number: int, at: float, kind: str, lineage: str | None, **args: str) -> Op:
    state = State("r1", 1, "handle", lineage, None, "SECRET-TOKEN", ["a"], [], 2, {"size": "xl"})
    return Op(
        Sent(number, at, "u1", "u1.1", kind, args, "own", None),
        Answer(number, at + 0.1, "ok", 200, state, "r1", 1),
    )


LOST = Violation(
    "missing", "u1.1", 6.1, "r1", "r1.1 never had it",
    [page(3, 4.0, "cart", "u1.1", item="anchor.u1-1"), page(9, 6.0, "state", None)],
)  # fmt: skip
RACED = replace(LOST, invariant="lost-update", why="overwritten")


def printed(*verdicts: Verdict, judge="all", explain=1, width=80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    for part in whole_report(verdicts, judge, explain, width):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_nothing_to_report():
    assert printed() == ""


def test_all_holds():
    text = printed(EMPTY)
    assert text.rstrip().splitlines()[-1] == (
        "redis: 0 sessions lost of 5, 0 writes lost of 40; judged: survival and races"
    )
    assert "12 / 100" in text
    kill = next(line for line in text.splitlines() if line.strip().startswith("kill"))
    assert kill.split() == ["kill", "-"]


def test_what_visitors_do_not_try_is_no_zero():
    visited = replace(EMPTY, visited=True, writes_acknowledged=0)
    text = printed(visited, width=100)
    assert text.rstrip().splitlines()[-1] == (
        "redis: 0 sessions lost of 5; judged: survival and races, as far as visitors can tell"
    )
    rows = {
        line.strip().rpartition("  ")[0].strip(): line.split()[-1]
        for line in text.splitlines()
        if line.strip()
    }
    for untried in ("writes LOST", "lost updates", "logouts undone"):
        assert rows[untried] == "-"
    assert rows["sessions LOST"] == "0"


def test_a_calm_run_says_so():
    calm = replace(EMPTY, lanes=[Lane("r1", [(0.0, 10.0)], [])])
    assert "nothing was done to it meanwhile" in printed(calm)


def test_the_timeline_has_a_line_a_replica():
    lost = replace(EMPTY, lanes=[Lane("r1", [(0.0, 10.0)], [Mark(6.1, "lost")]), EMPTY.lanes[1]])
    r1, r2, scale = printed(lost, width=64).splitlines()[2:5]
    assert r1.startswith("r1  ━")
    assert r1.count("x") == 1
    assert abs(r1.index("x") - (4 + 0.61 * 59)) <= 1
    assert r2.rstrip().endswith("K")
    assert abs(r2.index("K") - (4 + 0.5 * 59)) <= 1
    assert scale.split() == ["|calm", "|kill"]
    assert max(len(line) for line in (r1, r2, scale)) <= 64


def test_a_phase_at_the_end_is_named_whole():
    phases = [*EMPTY.phases, Phase("end", 9.9, 1, 0, 1.0, 1.0)]
    scale = printed(replace(EMPTY, phases=phases), width=64).splitlines()[4]
    assert scale.split() == ["|calm", "|kill", "end|"]
    assert len(scale) <= 64


def test_a_kill_is_not_hidden_by_what_it_cost():
    both = replace(EMPTY, lanes=[Lane("r1", [(0.0, 5.0)], [Mark(5.0, "kill"), Mark(5.01, "lost")])])
    assert "K" in printed(both).splitlines()[2]


def test_what_was_done_to_the_store_has_a_line_of_its_own():
    marks = [Mark(2.0, "cut"), Mark(3.0, "over"), Mark(5.0, "flush"), Mark(5.01, "over")]
    text = printed(replace(EMPTY, lanes=[*EMPTY.lanes, Lane("store", [], marks)]))
    line = next(line for line in text.splitlines() if line.startswith("store  "))
    assert line.split() == ["store", "c", "o", "F"]
    assert "c answers cut" in text
    assert "F store flushed" in text
    assert "F store flushed" not in printed(EMPTY)


def test_what_has_no_sign_of_its_own_is_shown_with_its_name():
    text = printed(replace(EMPTY, lanes=[Lane("store", [], [Mark(2.0, "avalanche")])]))
    line = next(line for line in text.splitlines() if line.startswith("store  "))
    assert line.split() == ["store", "*"]
    assert "* avalanche" in text


def test_the_legend_breaks_between_its_entries():
    marks = [Mark(2.0, what) for what in ("kill", "drain", "stop", "pause", "resume", "lost")]
    lines = printed(replace(EMPTY, lanes=[Lane("r1", [], marks)]), width=40).splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith("━ takes traffic"))
    entries = [
        entry for line in lines[begin : begin + 4] for entry in line.strip().split("  ") if entry
    ]
    assert max(map(len, lines)) <= 40
    assert entries[0] == "━ takes traffic"
    assert entries[1:] == [
        "K killed", "d out of the balancer", "s stop signal", "p paused", "r goes on",
        "x sessions found lost",
    ]  # fmt: skip


def test_a_column_is_as_wide_as_what_stands_in_it():
    choices = [replace(EMPTY, name=name, not_applicable=["cut"]) for name in ("file", "a", "b")]
    text = printed(*choices, EMPTY, width=66)
    assert text.count("survival\n") + text.count("survival ") >= 2  # two tables, not one cut off
    assert "…" not in text
    assert text.count("not applicable") >= 3


def test_another_setting_is_not_hidden_by_what_came_with_it():
    marks = [Mark(at, what) for at, what in ((2.0, "skew"), (2.01, "start"), (2.02, "drain"))]
    ended = [Mark(4.0, "stopped"), Mark(4.0, "over"), Mark(2.03, "lost"), Mark(4.0, "lost")]
    text = printed(replace(EMPTY, lanes=[Lane("r1", [(0.0, 10.0)], [*marks, *ended])]))
    assert text.splitlines()[2].replace("━", "").split() == ["r1", "≠x"]
    assert "≠ has another setting" in text
    assert "≠ has another setting" not in printed(EMPTY)


def test_what_replicas_run_is_said_where_it_is_not_the_same():
    lanes = [replace(lane, runs="laravel") for lane in EMPTY.lanes]
    assert "r1  ━" in printed(replace(EMPTY, lanes=lanes))
    lanes = [lanes[0], replace(lanes[1], runs="shop"), Lane("store", [], [])]
    lines = printed(replace(EMPTY, lanes=lanes), width=64).splitlines()[2:6]
    assert [line.partition("━")[0].split() for line in lines[:3]] == [
        ["r1", "laravel"],
        ["r2", "shop"],
        ["store"],
    ]
    assert lines[0].index("━") == lines[1].index("━") == lines[3].index("|calm") == 12
    assert max(len(line) for line in lines) <= 64


def test_what_is_not_applicable_is_said():
    text = printed(replace(EMPTY, name="file", not_applicable=["cut"]), EMPTY)
    assert [line.split() for line in text.splitlines() if line.strip().startswith("cut")] == [
        ["cut", "not", "applicable"]
    ]
    assert "not applicable" not in printed(EMPTY)


def test_the_last_of_several_is_judged():
    bad = replace(EMPTY, name="file", sessions_lost=1, violations=[LOST], causes={"gone": 1})
    text = printed(bad, EMPTY)
    heads = next(n for n, line in enumerate(text.splitlines()) if line.split() == ["file", "redis"])
    below = text.splitlines()[heads + 1]
    assert below.split() == ["(judged)"]
    assert below.index("(judged)") > text.splitlines()[heads].index("file") + len("file")
    assert "1 × gone" in text
    lost = next(line for line in text.splitlines() if "sessions LOST" in line)
    assert lost.split()[-2:] == ["1", "0"]
    assert "#9" not in text  # counter-examples are of the judged run


def test_a_violation_is_shown_with_the_requests_that_clash():
    text = printed(replace(EMPTY, sessions_lost=1, violations=[LOST]), width=120)
    assert "missing (survival): a session that the browser still carries is missing: 1 ×" in text
    assert "u1.1 at 6.10 s: r1.1 never had it" in text
    first, second = (line for line in text.splitlines() if line.strip().startswith("#"))
    assert first.split()[:6] == ["#3", "4.00-4.10", "s", "r1.1", "cart", "item=anchor.u1-1"]
    assert "session new, guest, count 2, cart 1, orders 0, size=xl" in second
    assert "violated: missing" in text
    assert "SECRET-TOKEN" not in text


@pytest.mark.parametrize(
    ("judge", "verdict"), [("survival", "0 sessions lost"), ("all", "violated")]
)
def test_what_is_judged_decides(judge, verdict):
    text = printed(replace(EMPTY, lost_updates=1, violations=[RACED]), judge=judge)
    assert verdict in text.rstrip().splitlines()[-1] + text.rstrip().splitlines()[-2]


@pytest.mark.parametrize("explain", [0, 1, 2])
def test_as_many_counter_examples_as_wanted(explain):
    text = printed(replace(EMPTY, violations=[LOST, LOST, LOST]), explain=explain)
    assert text.count("never had it") == explain
    assert "missing: 3 ×" in text


def test_an_answer_that_never_came():
    cut = Op(page(9, 6.0, "cart", "u1.1", item="x").sent, None)
    old = Op(replace(cut.sent, id=10, jar="old", old_of=3), Answer(10, 6.5, "fail", 502))
    text = printed(
        replace(EMPTY, violations=[replace(LOST, records=[cut, old])]), explain=1, width=120
    )
    assert "no answer" in text
    assert "with the cookies from before" in text
    assert "fail: 502" in text
