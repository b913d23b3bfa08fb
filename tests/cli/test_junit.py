"""The JUnit document of a rehearsal, read back with a parser of XML."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from holdfast.cli.junit import junit
from holdfast.rehearsal.history import Answer, Op, Sent
from holdfast.rehearsal.protocol import State
from holdfast.rehearsal.verdict import INVARIANTS, Verdict, Violation

HELD = Verdict(
    name="redis",
    seconds=9.5,
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
    phases=[],
    causes={},
    violations=[],
    lanes=[],
)
READ = Op(
    Sent(9, 4.0, "u1", "u1.1", "state", {}, "own", None),
    Answer(
        9, 4.25, "ok", 200, State("r1", 1, "SECRET", None, None, "SECRET", [], [], 0, {}), "r1", 1
    ),
)
LOST = Violation("missing", "u1.1", 6.1, "r1", "r1.1 never had it", [READ])
ORDER = ["skipped", "error", "failure", "system-out"]
RACED = replace(LOST, invariant="lost-update", why="overwritten")
BEGAN = datetime(2026, 11, 26, 18, 51, 9, tzinfo=UTC)
BROKEN = replace(HELD, name="file", sessions_lost=1, violations=[LOST])


def read(*verdicts: Verdict, judge="all") -> ET.Element:
    document = junit(verdicts, judge, BEGAN)
    assert document.startswith(b"<?xml")
    return ET.fromstring(document)


def case(suite: ET.Element, invariant: str) -> ET.Element:
    (found,) = (c for c in suite if (c.get("name") or "").startswith(f"{invariant} ("))
    return found


def counts(element: ET.Element) -> tuple[int, ...]:
    """Tests, failures, errors, skipped; of a document those of its suites, which it must repeat."""
    names = ("tests", "failures", "errors", "skipped")
    if element.tag == "testsuites":
        summed = [sum(column) for column in zip(*map(counts, element), strict=True)] or [0] * 4
        assert [element.get(name) for name in names[:3]] == [str(number) for number in summed[:3]]
        return tuple(summed)
    return tuple(int(element.get(name, "-1")) for name in names)


def test_a_case_for_each_invariant_and_run():
    root = read(HELD, replace(HELD, name="redis+block"))
    assert [suite.get("name") for suite in root] == ["redis", "redis+block"]
    assert root[0].get("time") == "9.500"
    assert [(c.get("name") or "").split()[0] for c in root[0]] == ["opened", *INVARIANTS]
    assert {c.get("classname") for c in root[1]} == {"holdfast.rehearse.redis+block"}
    each = 1 + len(INVARIANTS)
    assert counts(root) == (2 * each, 0, 0, 0)
    assert counts(root[0]) == (each, 0, 0, 0)


def test_times_add_up():
    root = read(HELD, replace(HELD, seconds=3.25))
    assert root.get("time") == "12.750"
    for suite in root:
        assert suite.get("timestamp") == "2026-11-26T18:51:09+00:00"
        times = [c.get("time") or "" for c in suite]
        assert f"{sum(map(float, times)):.3f}" == suite.get("time")


def test_the_structure_that_continuous_integration_reads():
    """Elements, their order and their attributes, as in Jenkins' junit-10.xsd."""
    root = read(BROKEN, replace(BROKEN, sessions_opened=0))
    assert (root.tag, set(root.keys())) == (
        "testsuites", {"name", "tests", "failures", "errors", "time"}
    )  # fmt: skip
    for suite in root:
        assert suite.tag == "testsuite"
        assert set(suite.keys()) == {
            "name", "tests", "failures", "errors", "skipped", "time", "timestamp"
        }  # fmt: skip
        for case_ in suite:
            assert case_.tag == "testcase"
            assert set(case_.keys()) == {"classname", "name", "time"}
            order = [ORDER.index(part.tag) for part in case_]
            assert order == sorted(set(order))
            for part in case_:
                assert set(part.keys()) <= {"message", "type"}


def test_a_violation_fails_with_its_counter_example():
    root = read(BROKEN)
    assert counts(root)[1:] == (1, 0, 0)
    failure = case(root[0], "missing").find("failure")
    assert failure is not None
    assert failure.get("type") == "missing"
    assert failure.get("message") == "1 × a session that the browser still carries is missing"
    assert failure.text == (
        "u1.1 at 6.10 s: r1.1 never had it\n"
        "  #9  4.00-4.25 s  r1.1  state  ok: session new, guest, count 0, cart 0, orders 0"
    )


def test_a_run_for_contrast_does_not_fail():
    root = read(BROKEN, HELD)
    assert counts(root)[1:] == (0, 0, 1)
    missing = case(root[0], "missing")
    skipped = missing.find("skipped")
    assert skipped is not None
    assert (skipped.get("message") or "").endswith("missing; a run for contrast is not judged")
    assert "never had it" in (missing.findtext("system-out") or "")


@pytest.mark.parametrize(("judge", "expected"), [("all", (1, 0, 0)), ("survival", (0, 0, 1))])
def test_only_judged_headings_fail(judge, expected):
    assert counts(read(replace(HELD, violations=[RACED]), judge=judge))[1:] == expected


def test_a_judged_run_that_opened_nothing_is_an_error():
    empty = replace(HELD, sessions_opened=0)
    assert counts(read(HELD, empty))[1:] == (0, 1, 0)
    assert counts(read(empty, HELD))[1:] == (0, 0, 1)


def test_a_judged_run_that_did_not_do_all_is_an_error():
    doubtful = replace(HELD, doubts=["your command for «roll» ended with status 7"])
    root = read(doubtful)
    assert counts(root)[1:] == (0, 1, 0)
    error = case(root[0], "opened").find("error")
    assert error is not None
    assert "ended with status 7" in error.get("message", "")


def test_examples_are_few_and_the_rest_is_counted():
    many = replace(HELD, violations=[LOST] * 9, omitted={"missing": 1000})
    failure = case(read(many)[0], "missing").find("failure")
    assert failure is not None
    assert (failure.get("message") or "").startswith("1009 × ")
    assert (failure.text or "").count("never had it") == 5
    assert (failure.text or "").endswith("and 1004 more; --json FILE has up to 200 of them")


def test_nothing_was_run():
    assert counts(read()) == (0, 0, 0, 0)


def test_hostile_names_and_secrets():
    hostile = "]]></failure><x a='\"&\x00\x1b\ud800\ufffe"
    worse = replace(LOST, lineage=hostile, why=hostile)
    root = read(replace(HELD, name=hostile, violations=[worse]))
    assert (root[0].get("name") or "").startswith("]]></failure><x a='\"&\N{REPLACEMENT CHARACTER}")
    assert not list(root.iter("x"))
    assert b"SECRET" not in junit([replace(HELD, violations=[worse])], "all", BEGAN)
