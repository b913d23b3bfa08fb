"""`holdfast check` as a person types it: what is printed and written, and the exit status."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from holdfast.check import catalogue
from holdfast.check.finding import Edit, Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.rules import RULES
from holdfast.cli import check as command
from holdfast.cli import screen
from holdfast.manifests.place import Place

SECRET = "base64:c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U="
BAD = f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: shop}}
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: php
          image: shop
          env:
            - {{name: APP_KEY, value: "{SECRET}"}}
            - {{name: SESSION_DRIVER, value: file}} # why
"""
GOOD = BAD.replace("value: file", "value: redis")


@pytest.fixture
def here(tmp_path, monkeypatch):
    # The catalogue grows; what is tested here is the command.
    few = tuple(r for r in RULES if r.id in {"HF000", "HF001", "HF002", "HF003", "HF101"})
    monkeypatch.setattr(catalogue, "RULES", few)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deploy.yaml").write_text(BAD)
    return tmp_path


def test_findings(holdfast, here):
    ended = holdfast("check")
    assert ended.status == 1
    assert ended.out.startswith("CRITICAL HF101 file-sessions-on-several-replicas  Deployment shop")
    assert "deploy.yaml:13:" in ended.out
    assert SECRET not in ended.out


def test_nothing_found(holdfast, here):
    (here / "deploy.yaml").write_text(GOOD)
    ended = holdfast("check")
    assert ended.status == 0
    assert ended.out.startswith("Nothing found. Judged: 1 manifest, 1 workload; ")


def test_a_manifest_that_cannot_be_read_is_status_3(holdfast, here):
    (here / "broken.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: [\n")
    ended = holdfast("check", "--fail-on", "never", "--sarif", "r.sarif", "--junit", "r.xml")
    assert ended.status == 3
    assert "HF001 unreadable" in ended.out
    assert "HF101" in ended.out
    assert ET.parse(here / "r.xml").getroot().get("errors") == "1"
    (run,) = json.loads((here / "r.sarif").read_text())["runs"]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert holdfast("check", "--write-baseline", "known.json").status == 3
    assert holdfast("check", "--baseline", "known.json", "--fail-on", "never").status == 0


def test_a_manifest_of_standard_input_that_cannot_be_read(holdfast, here, monkeypatch):
    (here / "piped").write_text("foo: [")
    with (here / "piped").open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert holdfast("check", "-").status == 3


def test_what_the_system_does_not_let_us_read_is_status_3(holdfast, here):
    # Rights would not stop root, who may run this.
    (here / "loop.yaml").symlink_to("loop.yaml")
    ended = holdfast("check", "--fail-on", "never", "--json", "r.json", "--junit", "r.xml")
    assert ended.status == 3
    assert "loop.yaml" in ended.out
    found = json.loads((here / "r.json").read_text())
    assert found["incomplete"] is True
    assert [one["unreadable"] for one in found["judged"]["not_judged"]] == [True]
    assert ET.parse(here / "r.xml").getroot().get("errors") == "1"


def test_nothing_to_judge_is_no_good_sign(holdfast, here):
    (here / "deploy.yaml").unlink()
    ended = holdfast("check")
    assert ended.status == 2
    assert "there is nothing to judge" in ended.err


@pytest.mark.parametrize("words", [["--diff"], ["--fix"], ["--write-baseline", "b.json"]])
def test_nothing_to_judge_whatever_is_asked(holdfast, here, words):
    (here / "deploy.yaml").unlink()
    assert holdfast("check", *words).status == 2
    assert not (here / "b.json").exists()


def test_nothing_to_judge_since_it_cannot_be_read(holdfast, here):
    (here / "deploy.yaml").unlink()
    (here / "deploy.yaml").symlink_to("deploy.yaml")
    ended = holdfast("check")
    assert ended.status == 3
    assert "deploy.yaml cannot be read" in ended.err


def test_what_is_left_out_is_named_where_nothing_is_left(holdfast, here):
    (here / "deploy.yaml").unlink()
    chart = here / "chart/templates"
    chart.mkdir(parents=True)
    (here / "chart/Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.0.0\n")
    for name in ("one", "two"):
        (chart / f"{name}.yaml").write_text("apiVersion: v1\nkind: Pod\nx: {{ .Values.x }}\n")
    ended = holdfast("check")
    assert ended.status == 2
    assert "there is nothing to judge: chart/templates/one.yaml is not judged" in ended.err
    assert "(a template); 2 files are left out" in ended.err


def test_standard_input(holdfast, here, monkeypatch, tmp_path_factory):
    piped = tmp_path_factory.mktemp("piped") / "manifests"
    piped.write_text(BAD)
    (here / "deploy.yaml").unlink()
    with piped.open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        ended = holdfast("check", "-")
    assert ended.status == 1
    assert "-:13:" in ended.out


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--fail-on", "never"], 0),
        (["--fail-on", "critical"], 1),
        (["--ignore", "HF101"], 0),
        (["--ignore", "file-sessions-on-several-replicas,HF002"], 0),
        (["--select", "HF1"], 1),
        (["--select", "HF0"], 0),
        (["--select", "HF9999"], 2),
        (["--fail-on", "sometimes"], 2),
        (["--env", "SESSION_DRIVER"], 2),
        (["missing"], 2),
        (["--fxi"], 2),
        (["--config", "missing.toml"], 3),
        (["--baseline", "missing.json"], 3),
        (["--json", "missing/x.json"], 3),
        (["--json", "x", "--sarif", "x"], 2),
        (["--sarif", "-"], 2),
        (["--laravel", "99"], 2),
        (["--path", "--json", "x.json"], 2),
        (["--path", "--fix"], 2),
        (["--fix", "--diff"], 2),
        (["--diff", "--github"], 2),
        (["--write-baseline", "b.json", "--sarif", "x"], 2),
        (["--fix", "--json", "x.json"], 1),
        (["--select", "HF101", "--ignore", "HF101"], 2),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_options_and_exit_status(holdfast, here, words, status):
    ended = holdfast("check", *words)
    assert ended.status == status, ended.err
    assert SECRET not in ended.out + ended.err


def test_a_variable_by_hand_and_a_project_elsewhere(holdfast, here, tmp_path_factory):
    project = tmp_path_factory.mktemp("shop")
    (project / "artisan").touch()
    (project / "composer.json").write_text('{"require": {"laravel/framework": "^12.0"}}')
    assert holdfast("check", "--project", str(project)).status == 1
    ended = holdfast("check", "--project", str(project), "--env", "SESSION_DRIVER=redis")
    assert "HF101" not in ended.out
    assert "1 project" in ended.out


def test_every_report_and_no_secret_in_any(holdfast, here):
    files = {name: here / f"report.{name}" for name in ("json", "sarif", "junit", "html")}
    words = [word for name, path in files.items() for word in (f"--{name}", str(path))]
    ended = holdfast("check", "--github", *words, "--env", f"DB_PASSWORD={SECRET}")
    assert ended.status == 1
    assert "::error title=HF101" in ended.out
    for path in files.values():
        assert "HF101" in path.read_text()
        assert SECRET.removeprefix("base64:") not in path.read_text()
    assert json.loads(files["sarif"].read_text())["version"] == "2.1.0"
    assert ET.parse(files["junit"]).getroot().get("failures") == "1"
    assert "<script" not in files["html"].read_text()


def test_json_alone_on_stdout(holdfast, here):
    ended = holdfast("check", "--json", "-", "--github")
    assert json.loads(ended.out)["counts"]["critical"] == 1
    assert ended.status == 1


def test_a_baseline(holdfast, here):
    ended = holdfast("check", "--write-baseline", "known.json")
    assert (ended.status, ended.out) == (0, "1 finding is in known.json now\n")
    ended = holdfast("check", "--baseline", "known.json")
    assert ended.status == 0
    assert "1 in the baseline" in ended.out
    (here / "deploy.yaml").write_text(GOOD)
    ended = holdfast("check", "--baseline", "known.json")
    assert ended.status == 0
    assert "1 of the baseline match nothing any more (HF101 in deploy.yaml)" in ended.out


def test_the_configuration_file_and_what_wins_over_it(holdfast, here):
    (here / "holdfast.toml").write_text("[check]\nfail-on = 'never'\nexclude = ['old']\n")
    (here / "old").mkdir()
    (here / "old" / "deploy.yaml").write_text(BAD)
    ended = holdfast("check")
    assert ended.status == 0
    assert ended.out.startswith("CRITICAL")
    assert "1 manifest," in ended.out
    assert holdfast("check", "--fail-on", "high").status == 1
    (here / "holdfast.toml").write_text("[check]\nfail_on = 'never'\n")
    ended = holdfast("check")
    assert ended.status == 2
    assert "holdfast.toml:2: there is no setting 'fail_on'" in ended.err
    assert "did you mean fail-on?" in ended.err


def test_a_rule_is_switched_off_with_a_reason(holdfast, here):
    (here / "holdfast.toml").write_text("[check.disable]\nHF101 = 'a demo'\n")
    assert holdfast("check").status == 0


def test_a_rule_that_raises_is_status_3_and_the_others_go_on(holdfast, here, monkeypatch):
    def broken(_target):
        yield Finding(Place("deploy.yaml", 1), "seen before it broke")
        raise ValueError(SECRET)

    rules = (*RULES, Rule("HF999", "broken", "Broken", Severity.LOW, broken))
    monkeypatch.setattr(command, "chosen", lambda *_: rules)
    ended = holdfast("check", "--junit", "r.xml")
    assert ended.status == 3
    assert "HF101" in ended.out
    assert "HF000 internal" in ended.out
    assert SECRET not in ended.out
    assert (here / "r.xml").read_text().count("<error ") == 1


@pytest.fixture
def mends(monkeypatch):
    """A rule that can mend what it finds."""

    def check(target):
        data = target.files["deploy.yaml"]
        if (at := data.find(b"value: file")) >= 0:
            edit = Edit("deploy.yaml", at + 7, at + 11, b"redis")
            yield Finding(Place("deploy.yaml", 13, 43), "files", "redis", edits=(edit,))

    rule = Rule("HF999", "mends", "Mends", Severity.HIGH, check, fixable=True)
    monkeypatch.setattr(command, "chosen", lambda *_: (rule,))


@pytest.mark.usefixtures("mends")
def test_a_diff_changes_nothing(holdfast, here):
    ended = holdfast("check", "--diff")
    assert ended.status == 1
    assert "-            - {name: SESSION_DRIVER, value: file} # why" in ended.out
    assert "+            - {name: SESSION_DRIVER, value: redis} # why" in ended.out
    assert SECRET not in ended.out
    assert (here / "deploy.yaml").read_text() == BAD


@pytest.mark.usefixtures("mends")
def test_a_fix_is_made_and_checked(holdfast, here):
    ended = holdfast("check", "--fix")
    assert (ended.status, ended.err) == (0, "mended deploy.yaml\n")
    assert ended.out.startswith("Nothing found.")
    assert (here / "deploy.yaml").read_text() == GOOD
    assert holdfast("check", "--diff").status == 0


def test_what_is_not_below_the_paths_is_not_mended(holdfast, here, monkeypatch):
    def check(_target):
        yield Finding(Place("a.yaml", 1), "m", edits=(Edit("deploy.yaml", 0, 1, b"x"),))

    rule = Rule("HF999", "mends", "Mends", Severity.HIGH, check, fixable=True)
    monkeypatch.setattr(command, "chosen", lambda *_: (rule,))
    (here / "a.yaml").write_text(GOOD)
    ended = holdfast("check", "a.yaml", "--fix")
    assert (here / "deploy.yaml").read_text() == BAD
    assert ended.err == (
        "0 of 1 finding can be mended; 1 would change what is not a file below the paths:"
        " deploy.yaml\n"
    )


def test_what_cannot_be_mended_is_said(holdfast, here):
    for option in ("--fix", "--diff"):
        ended = holdfast("check", option)
        assert ended.err == (
            "0 of 1 finding can be mended; 1 need somebody to decide (holdfast rules shows what"
            " --fix mends)\n"
        )


def test_of_standard_input_no_mending_is_promised(holdfast, here, monkeypatch):
    def check(_target):
        yield Finding(Place("-", 1), "m", "redis", edits=(Edit("-", 0, 1, b"x"),))

    rule = Rule("HF999", "mends", "Mends", Severity.HIGH, check, fixable=True)
    monkeypatch.setattr(command, "chosen", lambda *_: (rule,))
    with (here / "deploy.yaml").open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        ended = holdfast("check", "-", "--fix")
    assert "fix: redis\n" in ended.out
    assert "standard input" in ended.err


def test_the_path_of_a_session(holdfast, here):
    ended = holdfast("check", "--path")
    assert ended.status == 0
    assert "Deployment shop  web" in ended.out
    assert "store" in ended.out
    assert SECRET not in ended.out
    (here / "deploy.yaml").write_text("kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n")
    assert holdfast("check", "--path").status == 2


def test_a_place_is_one_word_on_a_narrow_terminal(holdfast, here, monkeypatch):
    long = here / "environments/production/all-in-one.yaml"
    long.parent.mkdir(parents=True)
    (here / "deploy.yaml").rename(long)
    monkeypatch.setattr(screen.stdout, "width", 80)
    ended = holdfast("check", "--path")
    assert "environments/production/all-in-one.yaml:13:" in ended.out
    assert re.search(r"all-in-one\.yaml:13:\d+$", ended.out, re.MULTILINE)


def test_of_a_second_process_only_what_differs_is_drawn(holdfast, here):
    worker = BAD.replace(
        "kind: Deployment\nmetadata: {name: shop}", "kind: Deployment\nmetadata: {name: w}"
    ).replace("value: file", "value: redis")
    (here / "worker.yaml").write_text(worker)
    ended = holdfast("check", "--path")
    assert "as Deployment shop but for" in ended.out
    second = ended.out.partition("as Deployment shop but for")[2]
    assert "redis" in second
    assert "cookie" not in second


def test_rules(holdfast):
    ended = holdfast("rules")
    assert ended.status == 0
    assert all(rule.id in ended.out for rule in RULES)
    listed = json.loads(holdfast("rules", "--json").out)
    assert [rule["id"] for rule in listed] == [rule.id for rule in RULES]
    assert listed[0]["severity"] == "high"


@pytest.mark.parametrize("word", ["HF101", "hf101", "file-sessions-on-several-replicas"])
def test_explain(holdfast, word):
    ended = holdfast("explain", word)
    assert ended.status == 0
    assert ended.out.startswith("HF101 file-sessions-on-several-replicas  critical")
    for words in ("What it checks", "How to fix", "SESSION_DRIVER, value: file"):
        assert words in ended.out


def test_explain_what_is_not_there(holdfast):
    ended = holdfast("explain", "file-session-on-several-replica")
    assert ended.status == 2
    assert "did you mean file-sessions-on-several-replicas?" in ended.err
    assert "holdfast rules lists them" in holdfast("explain", "HF1O1").err


SHOP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
data:
  APP_NAME: Harbour Shop
  SESSION_DRIVER: file
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          envFrom: [{configMapRef: {name: shop}}]
"""


@pytest.mark.parametrize("page", ["README.md", "docs/check.md"])
def test_the_first_screen_of_the_documentation(holdfast, here, monkeypatch, page):
    text = (Path(__file__).parents[2] / page).read_text()
    (block,) = re.findall(r"^```\n(CRITICAL .*?)^```$", text, re.MULTILINE | re.DOTALL)
    (here / "deploy.yaml").unlink()
    (here / "deploy").mkdir()
    (here / "deploy" / "shop.yaml").write_text(SHOP)
    monkeypatch.setattr(screen.stdout, "width", 92)
    ended = holdfast("check", "--select", "HF101")
    assert [line.rstrip() for line in ended.out.splitlines()][: block.count("\n")] == (
        block.splitlines()
    )


def test_names_are_told_from_where_one_stands(holdfast, here, monkeypatch):
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    ended = holdfast("check", "..")
    assert "../deploy.yaml:13:" in ended.out
    assert str(here) not in ended.out
