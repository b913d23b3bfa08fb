"""Findings that are known are not shown again, wherever their lines move."""

from __future__ import annotations

import pytest

from holdfast.check import baseline as baselines
from holdfast.check.finding import Finding, Severity
from holdfast.check.reports.report import report
from holdfast.check.result import Result
from holdfast.check.rule import Found
from holdfast.check.rules import hf000_internal, hf001_unreadable
from holdfast.core.errors import UsageError
from holdfast.manifests.place import Place

TEXT = b"a: 1\nb: 2\nb: 2\n"


def found(line, rule=hf001_unreadable.RULE, file="f.yaml", subject="Deployment a"):
    return Found(rule, Finding(Place(file, line, 1), "message", subject=subject))


def made(*some, text=TEXT, baseline=None):
    return report(Result(some, (), {"f.yaml": text}), fail_on=Severity.LOW, baseline=baseline)


def baseline_of(*some):
    shown = made(*some)
    content = baselines.encode(baselines.baseline_of(shown.found, shown.excerpts.words))
    return baselines.decode(content, "b.json")


def test_known_findings_are_counted_and_not_shown():
    shown = made(found(1), found(2), baseline=baseline_of(found(1)))
    assert [one.finding.place.line for one in shown.found] == [2]
    assert [one.finding.place.line for one in shown.known] == [1]
    assert shown.fails()
    assert not made(found(1), baseline=baseline_of(found(1))).fails()


def test_they_are_known_when_lines_move_and_their_layout_changes():
    moved = made(found(3), text=b"# new\n\n   a:   1\n", baseline=baseline_of(found(1)))
    assert moved.found == ()
    assert moved.stale == ()


@pytest.mark.parametrize(
    "other",
    [
        found(2),
        found(1, rule=hf000_internal.RULE),
        found(1, file="g.yaml"),
        found(1, subject="Deployment b"),
    ],
    ids=["line", "rule", "file", "subject"],
)
def test_another_one_is_new(other):
    shown = made(other, baseline=baseline_of(found(1)))
    assert shown.found == (other,)
    assert [entry.subject for entry in shown.stale] == ["Deployment a"]


def test_equal_ones_are_counted():
    """Two lines with the same words: one more of them is a new finding."""
    assert len(made(found(2), found(3), baseline=baseline_of(found(2))).found) == 1
    assert made(found(2), found(3), baseline=baseline_of(found(2), found(3))).found == ()


def test_a_secret_is_not_in_the_fingerprint():
    secret = [made(found(1), text=b"APP_KEY: %s" % value) for value in (b"one", b"two")]
    assert secret[0].fingerprints == secret[1].fingerprints


def test_the_file_is_for_people_too():
    content = baselines.encode(baseline_of(found(2), found(1)))
    assert content.endswith(b"}\n")
    assert b'"rule": "HF001"' in content
    assert content == baselines.encode(baseline_of(found(1), found(2)))


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"findings": 1}', b'{"findings": [], "version": 2}', b"\xff", b"[" * 9999],
)
def test_what_is_no_baseline(content):
    with pytest.raises(UsageError, match=r"b\.json"):
        baselines.decode(content, "b.json")
