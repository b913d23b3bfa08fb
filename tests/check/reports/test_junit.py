"""The findings as JUnit XML, read back with a parser of XML."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Found
from holdfast.check.rules import RULES
from holdfast.cli.check_junit import MOST_FINDINGS, junit
from holdfast.manifests.place import Place

BEGAN = datetime(2026, 11, 27, 12, tzinfo=UTC)


def read(found, *rules):
    used = {one.rule.id: one.rule for one in found.found}
    every = [*used.values(), *(rule for rule in rules if rule.id not in used)]
    return ET.fromstring(junit(found, every, BEGAN))


def kinds(root):
    return {case.get("name").split()[0]: [part.tag for part in case] for case in root[0]}


def test_a_case_for_each_rule(reported):
    root = read(reported(strict=True), *RULES)
    assert kinds(root)["HF101"] == ["failure"]
    assert kinds(root)["HF998"] == ["skipped", "system-out"]
    assert kinds(root)["HF001"] == []
    assert root[0].get("timestamp") == "2026-11-27T12:00:00+00:00"


def test_what_the_engine_finds_is_in_it_whatever_was_chosen(reported, samples):
    root = ET.fromstring(junit(reported(samples["driver"], samples["internal"]), [], BEGAN))
    assert kinds(root) == {"HF000": ["error"], "HF101": ["failure"]}


def test_counts(reported, samples):
    root = read(reported(*samples.values(), strict=True))
    (suite,) = root
    for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert int(suite.get(name)) == len(list(suite.iter(tag))) == 1 + (tag == "skipped")
    assert int(suite.get("tests")) == len(suite)
    assert [root.get(name) for name in ("tests", "failures", "errors")] == [
        suite.get(name) for name in ("tests", "failures", "errors")
    ]


@pytest.mark.parametrize(("fail_on", "kind"), [(Severity.CRITICAL, "failure"), (None, "skipped")])
def test_only_what_fails_is_a_failure(reported, samples, fail_on, kind):
    root = read(reported(samples["driver"], fail_on=fail_on))
    assert kinds(root)["HF101"][0] == kind


def test_what_cannot_be_judged_does_not_fail(reported, samples):
    root = read(reported(samples["unknown"], strict=True))
    assert root.find(".//skipped").get("message").endswith("; cannot be judged")


def test_words_and_their_number(reported, samples):
    many = [
        Found(samples["driver"].rule, Finding(Place("a", n), "bad", "mend it", "b"))
        for n in range(1, MOST_FINDINGS + 4)
    ]
    text = read(reported(*many)).findtext(".//failure")
    assert text.startswith("a:1: b: bad\n  fix: mend it\n")
    assert text.endswith("and 3 more; --json FILE has all")


def test_hostile_words(reported, samples):
    evil = Finding(Place("]]><x>", 1), "\x00\x1b\ud800 & <y>", "'\"")
    root = read(reported(Found(samples["driver"].rule, evil)))
    assert not list(root.iter("x"))
    assert not list(root.iter("y"))
