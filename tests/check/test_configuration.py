"""The configuration file: what it may say, and that each mistake is told with its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from holdfast.check.catalogue import chosen, rule_named, rules_named
from holdfast.check.configuration import Configuration, find, read
from holdfast.check.finding import Severity
from holdfast.core.errors import EnvironmentLacking, UsageError

WHOLE = """\
[check]
paths = ["deploy", "."]
exclude = ["legacy"]
project = ["../shop"]
fail-on = "medium"
strict = true
baseline = "known.json"

[check.disable]
HF002 = "they are kept on purpose"

[check.severity]
HF101 = "low"
"""


@pytest.fixture
def written(tmp_path):
    def write(text, name="holdfast.toml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_all_of_it(written, tmp_path):
    assert read(written(WHOLE)) == Configuration(
        paths=(str(tmp_path / "deploy"), str(tmp_path)),
        exclude=("legacy",),
        project=(str(tmp_path / "../shop"),),
        fail_on="medium",
        strict=True,
        baseline=str(tmp_path / "known.json"),
        disable={"HF002": "they are kept on purpose"},
        severity={"HF101": "low"},
    )
    assert read(written(WHOLE)).severities() == {"HF101": Severity.LOW}


def test_the_example_of_the_documentation(written):
    page = Path(__file__).parents[2] / "docs" / "check.md"
    (example,) = re.findall(r"^```toml\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    found = read(written(example))
    assert found.disable
    assert set(found.__struct_encode_fields__) <= set(re.findall(r"[\w-]+", example))


def test_pyproject(written, tmp_path):
    text = "[project]\nname = 'x'\n" + WHOLE.replace("[check", "[tool.holdfast.check")
    assert read(written(text, "pyproject.toml")) == read(written(WHOLE))


def test_which_file(written, tmp_path):
    assert find(tmp_path) is None
    other = written("[project]\nname = 'x'\n", "pyproject.toml")
    assert find(tmp_path) is None
    other.write_text("[tool.holdfast.check]\nstrict = true\n")
    assert find(tmp_path) == other
    own = written("")
    assert find(tmp_path) == own
    assert read(own) == Configuration(paths=(str(tmp_path),))


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[check]\nfail_on = 'low'", ":2: there is no setting 'fail_on'", "did you mean fail-on?"),
        ("[check]\nxyz = 1", ":2: there is no setting 'xyz'", "there are paths, exclude,"),
        ("[chekc]\nstrict = true", ":1: no such table", "under check"),
        ("[check]\n\nstrict = 1", ":3: strict: expected `bool`", ""),
        (
            "[check]\nfail-on = 'bad'",
            ":2: fail-on: invalid enum value 'bad'",
            "critical, high, medium, low, never",
        ),
        (
            "[check.severity]\nHF001 = 'low'\nHF101 = 'x'",
            ":3: severity",
            "critical, high, medium, low",
        ),
        ("[check]\npaths = ['a', 1]", ":2: paths[1]: expected `str`", ""),
        ("[check.disable]\nHF101 = ' '", ":2: HF101 is switched off without a reason", "HF101 ="),
        ("[check.disable]\nHFx = 'x'", ":2: there is no rule 'HFx'", "holdfast rules"),
        ("[check.severity]\nunused-allowence = 'low'", ":2: there is no rule", "unused-allowance?"),
        ("[check.severity]\nHF1 = 'low'", ":1: there is no rule 'HF1'", ""),
        ("[check]\nstrict = tru", " is not TOML: ", "mend"),
        (b"\xff", " is not TOML: ", "mend"),
        ("check = 1", ":1: check is no table", "[check]"),
        ("a = " + "[" * 10_000, " is not TOML", ""),
    ],
)
def test_mistakes(written, text, message, hint):
    path = written(text)
    with pytest.raises(UsageError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}{message}")
    assert hint in error.value.hint


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(EnvironmentLacking, match=r"other\.toml"):
        read(tmp_path / "other.toml")


def test_a_file_that_is_too_long(written):
    with pytest.raises(UsageError, match="longer"):
        read(written("#" * 2_000_000))


def test_rules_by_id_name_and_family():
    assert rule_named("hf101").id == "HF101"
    assert rule_named("unused-allowance").id == "HF002"
    assert rules_named(["HF00"]) == {"HF000", "HF001", "HF002", "HF003"}
    every = {rule.id for rule in chosen([], [])}
    assert {rule.id for rule in chosen([], ["HF101"])} == every - {"HF101"}
    assert {rule.id for rule in chosen(["HF0"], ["unreadable"])} == {"HF000", "HF002", "HF003"}


def test_no_such_rule():
    with pytest.raises(UsageError, match="'unused-allowence'") as error:
        rule_named("unused-allowence")
    assert error.value.hint == "did you mean unused-allowance?"
    with pytest.raises(UsageError) as error:
        chosen(["something else"], [])
    assert error.value.hint == "holdfast rules lists them"
