"""Every rule fires where its cases and its page say so, and is quiet where they say so."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import yaml

from holdfast.check.page import page_of
from holdfast.check.rules import RULES

CASES = Path(__file__).parent / "cases"
ENGINE = ("HF000", "HF002", "HF003")
"""Found by the engine itself, whose own tests are in test_engine.py."""


def cases():
    for path in sorted(CASES.glob("*.yaml")):
        for case in yaml.safe_load(path.read_text()):
            kind = next(k for k in ("fires", "quiet", "unknown") if k in case)
            yield pytest.param(path.stem, kind, case, id=f"{path.stem}-{kind}-{case[kind]}")


@pytest.mark.parametrize(("rule", "kind", "case"), list(cases()))
def test_case(checked, rule, kind, case):
    given = {name: case.get(name) for name in ("laravel", "packages", "env")}
    result = checked(case["files"], **given)
    failed = [f.finding.message for f in result.found if f.rule.id == "HF000"]
    assert not failed
    found = [f.finding for f in result.found if f.rule.id == rule]
    if kind == "quiet":
        assert found == []
        return
    assert found
    assert all(finding.unknown == (kind == "unknown") for finding in found)
    assert len(found) == case.get("times", len(found))
    if "at" in case:
        assert {f"{f.place.file}:{f.place.line}" for f in found} == set(case["at"])
    for words in case.get("says", ()):
        assert any(words in finding.message for finding in found)
    for words in case.get("hints", ()):
        assert any(words in finding.hint for finding in found)


def snippets(rule, heading):
    return {snippet.file: snippet.text for snippet in page_of(rule).snippets(heading)}


def module_of(rule):
    return importlib.import_module(rule.check.__module__)


@pytest.mark.parametrize("rule", [r for r in RULES if r.id != "HF000"], ids=lambda r: r.id)
def test_the_page_is_true(checked, rule, tmp_path):
    bad, good = snippets(rule, "Bad"), snippets(rule, "Good")
    assert bad
    assert good
    assert [f for f in checked(good).found if f.rule.id in (rule.id, "HF000")] == []
    for name in good:
        (tmp_path / name).unlink()
    assert [f for f in checked(bad).found if f.rule.id == rule.id and not f.finding.unknown]


@pytest.mark.parametrize("rule", [r for r in RULES if r.id not in ENGINE], ids=lambda r: r.id)
def test_it_has_cases(rule):
    kinds = [
        kind
        for case in yaml.safe_load((CASES / f"{rule.id}.yaml").read_text())
        for kind in ("fires", "quiet")
        if kind in case
    ]
    assert kinds.count("fires") >= 2
    assert kinds.count("quiet") >= 2


def test_all_modules_are_in_the_list():
    there = {p.stem for p in Path(module_of(RULES[0]).__file__).parent.glob("hf*.py")}
    assert {module_of(rule).__name__.rpartition(".")[2] for rule in RULES} == there
    for rule in RULES:
        name = module_of(rule).__name__.rpartition(".")[2]
        assert name == f"{rule.id.lower()}_{rule.name.replace('-', '_')}"
