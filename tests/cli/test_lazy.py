"""A command needs no more installed than it uses, and says what is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

WITHOUT = "import sys; sys.modules[{0!r}] = None; from holdfast.cli import main; main({1!r})"


def run(missing, *words):
    code = WITHOUT.format(missing, list(words))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [("rules",), ("explain", "HF101"), ("--help",), ()])
def test_checks_without_what_rehearsals_need(words):
    ended = run("h11", *words)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout


@pytest.mark.parametrize("words", [("--help",), ("-h",), ()])
def test_the_list_of_commands_says_what_each_does(words):
    ended = run("no_such_module", *words)
    for first in (
        "Find what would lose",
        "Show what a rule",
        "List the rules",
        "Show the effective",
        "Write the manifests",
        "Write the schema",
    ):
        assert first in ended.stdout, first


@pytest.mark.parametrize(
    ("missing", "command", "extra"),
    [
        ("h11", "rehearse", "rehearse"),
        ("yaml", "check", "check"),
        ("yaml", "render", "kube"),
    ],
)
def test_what_is_missing(missing, command, extra):
    ended = run(missing, command, ".")
    assert ended.returncode == 3
    assert f"the Python package {missing} is not installed" in ended.stderr
    assert f"pip install '.[{extra}]' in a clone of Holdfast" in ended.stderr
