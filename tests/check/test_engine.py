"""Rules that fail, findings that are allowed, what is not judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.check.audit import Request, audit
from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.rules import RULES
from holdfast.manifests.place import Place

FILE_SESSIONS = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  annotations: {}
spec:
  replicas: 2
  template:
    spec:
      containers:
        - name: php
          image: shop
          env:
            - {name: APP_KEY, value: x}
            - {name: SESSION_DRIVER, value: file}
"""


def rules(*ids):
    return [rule for rule in RULES if rule.id in ids]


def ids(result):
    return [found.rule.id for found in result.found]


@pytest.fixture
def check(tmp_path):
    """Checks a manifest with HF101 and the engine's own rules."""

    def checked(text, *more):
        (tmp_path / "deploy.yaml").write_text(text)
        chosen = [*rules("HF000", "HF001", "HF002", "HF003", "HF101"), *more]
        return audit(Request([tmp_path], tmp_path, rules=chosen))

    return checked


def test_a_rule_that_raises_is_a_finding_and_the_others_go_on(check):
    def broken(_target):
        yield Finding(Place("deploy.yaml", 1), "before it breaks")
        raise KeyError("base64:secret")

    result = check(FILE_SESSIONS, Rule("HF999", "broken", "Broken", Severity.LOW, broken))
    assert sorted(ids(result)) == ["HF000", "HF101", "HF999"]
    [internal] = [f.finding for f in result.found if f.rule.id == "HF000"]
    assert "HF999" in internal.message
    assert "KeyError" in internal.message
    assert "secret" not in internal.message


def test_the_worst_comes_first(check):
    def mild(_target):
        yield Finding(Place("a.yaml", 1), "mild")

    assert ids(check(FILE_SESSIONS, Rule("HF998", "mild", "Mild", Severity.LOW, mild))) == [
        "HF101",
        "HF998",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("value: file}", "value: file}  # holdfast: allow HF101 -- one replica by licence"),
        (
            "            - {name: SESSION",
            (
                "            # holdfast: allow HF102, HF101 -- one replica\n"
                "            - {name: SESSION"
            ),
        ),
        ("apiVersion", "# holdfast: allow-file HF101 -- one replica\napiVersion"),
        ("annotations: {}", "annotations: {holdfast.dev/allow-HF101: one replica}"),
    ],
)
def test_a_finding_is_allowed(check, old, new):
    result = check(FILE_SESSIONS.replace(old, new, 1))
    assert ids(result) == []
    [suppressed] = result.suppressed
    assert suppressed.found.rule.id == "HF101"
    assert suppressed.reason.startswith("one replica")


@pytest.mark.parametrize(
    "annotation",
    [
        "x # holdfast: allow-file HF101 -- a text",
        "http://holdfast: allow-file HF101 -- a text",
    ],
)
@pytest.mark.parametrize(
    "form", ['"{}"', "'{}'", "|\n      {}", ">-\n      a\n\n      {}", "'\n      {}'"]
)
def test_a_text_that_looks_like_a_comment_allows_nothing(check, annotation, form):
    text = form.format(annotation)
    result = check(FILE_SESSIONS.replace("annotations: {}", f"annotations:\n    note: {text}"))
    assert ids(result) == ["HF101"]


@pytest.mark.parametrize(
    "annotation",
    [
        "|  # holdfast: allow-file HF101 -- so\n      text",
        "|\n      text\n    # holdfast: allow-file HF101 -- so",
        "|  # holdfast: allow-file HF101 -- so",
        "'# holdfast: allow HF102 -- x'  # holdfast: allow-file HF101 -- so",
    ],
)
def test_a_comment_beside_a_text_allows(check, annotation):
    text = FILE_SESSIONS.replace("annotations: {}", f"annotations:\n    note: {annotation}")
    assert ids(check(text)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("value: file}", "value: file}  # holdfast: allow HF101"),
        ("value: file}", "value: file}  # holdfast: allow HF101 --"),
        ("annotations: {}", 'annotations: {holdfast.dev/allow-HF101: ""}'),
    ],
)
def test_without_a_reason_nothing_is_allowed(check, old, new):
    assert sorted(ids(check(FILE_SESSIONS.replace(old, new, 1)))) == ["HF003", "HF101"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kind: D", "# holdfast: allow HF101 -- at the wrong line\nkind: D"),
        ("value: file}", "value: redis}  # holdfast: allow HF101 -- mended long ago"),
    ],
)
def test_an_allowance_that_allows_nothing_is_a_finding(check, old, new):
    assert "HF002" in ids(check(FILE_SESSIONS.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("value: file}", "value: file}  # holdfast: allow HF1O1 -- so", "did you mean HF101?"),
        ("apiVersion", "# holdfast: allow-file hf101 -- so\napiVersion", "did you mean HF101?"),
        ("value: file}", "value: file}  # holdfast: allow everything -- so", "holdfast rules"),
        ("value: file}", "value: file}  # holdfast: allow unreadible -- so", "did you mean HF001?"),
        ("annotations: {}", "annotations: {holdfast.dev/allow-HF1010: so}", "did you mean HF101?"),
    ],
)
def test_an_allowance_for_a_rule_that_is_not_there_is_a_finding(check, old, new, hint):
    result = check(FILE_SESSIONS.replace(old, new, 1))
    assert ids(result) == ["HF101", "HF002"]
    assert hint in result.found[1].finding.hint


def test_an_allowance_for_a_rule_that_was_not_run_is_none(tmp_path):
    text = FILE_SESSIONS.replace("value: file}", "value: file}  # holdfast: allow HF101 -- so")
    (tmp_path / "deploy.yaml").write_text(text)
    assert ids(audit(Request([tmp_path], tmp_path, rules=rules("HF000", "HF002")))) == []


def test_two_environments_in_two_directories_are_judged_by_themselves(tmp_path):
    for name, replicas in (("staging", "1"), ("production", "3")):
        path = tmp_path / name / "deploy.yaml"
        path.parent.mkdir()
        path.write_text(FILE_SESSIONS.replace("replicas: 2", f"replicas: {replicas}"))
    result = audit(Request([tmp_path], tmp_path, rules=rules("HF101")))
    assert [f.finding.place.file for f in result.found] == ["production/deploy.yaml"]
    assert result.judged.workloads == 2


def test_files_of_one_directory_that_define_the_same_are_alternatives(tmp_path):
    scaler = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  minReplicas: 1
  maxReplicas: 3
"""
    alone = FILE_SESSIONS.replace("replicas: 2", "replicas: 1")
    for name, text in (("web.yaml", alone), ("web-2.yaml", alone), ("scaler.yaml", scaler)):
        (tmp_path / name).write_text(text)
    result = audit(Request([tmp_path], tmp_path, rules=rules("HF101")))
    assert [f.finding.place.file for f in result.found] == ["web-2.yaml", "web.yaml"]


def test_what_a_file_defines_twice_counts_as_it_stands_last(tmp_path):
    later = FILE_SESSIONS.replace("value: file", "value: redis")
    (tmp_path / "deploy.yaml").write_text(f"{FILE_SESSIONS}---\n{later}")
    assert ids(audit(Request([tmp_path], tmp_path, rules=rules("HF101")))) == []


def test_what_stands_above_two_environments_belongs_to_both(tmp_path):
    text = FILE_SESSIONS.replace("            - {name: SESSION_DRIVER, value: file}\n", "")
    text += "          envFrom: [{configMapRef: {name: shop}}]\n"
    for name in ("staging", "production"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "deploy.yaml").write_text(text)
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata: {SESSION_DRIVER: D}\n"
    (tmp_path / "config.yaml").write_text(config.replace("D}", "file}"))
    (tmp_path / "staging" / "config.yaml").write_text(config.replace("D}", "redis}"))
    result = audit(Request([tmp_path], tmp_path, rules=rules("HF101")))
    assert [str(f.finding.place) for f in result.found] == ["config.yaml:4:24"]


def test_manifests_from_standard_input():
    request = Request([], Path.cwd(), stdin=FILE_SESSIONS.encode(), rules=rules("HF101"))
    [found] = audit(request).found
    assert str(found.finding.place).startswith("-:15:")


def test_a_comment_in_a_file_of_the_project_allows(checked):
    files = {
        "config/session.php": (
            "<?php\nreturn [\n"
            "'driver' => 'file',  // holdfast: allow HF101 -- a demonstration\n];\n"
        ),
        "deploy.yaml": FILE_SESSIONS.replace("SESSION_DRIVER", "OTHER"),
    }
    result = checked(files, rules=("HF101", "HF002"))
    assert ids(result) == []
    [suppressed] = result.suppressed
    assert suppressed.reason == "a demonstration"
    assert "config/session.php" in result.files


def test_manifests_of_a_project_beside_the_paths_are_not_judged(tmp_path):
    for name in ("deploy", "shop"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "deploy.yaml").write_text(FILE_SESSIONS)
    request = Request([tmp_path / "deploy"], tmp_path, projects=[tmp_path / "shop"])
    assert {found.finding.place.file for found in audit(request).found} == {"deploy/deploy.yaml"}
