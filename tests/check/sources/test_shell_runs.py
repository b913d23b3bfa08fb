"""What the reader calls certain is what a real shell does: scripts are read, and run by ``sh``."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.check.sources import shell
from holdfast.manifests.text import Text, text_of

TRUTH = st.sampled_from(["[ 1 = 1 ]", "[ 1 = 2 ]", "! [ 1 = 1 ]", "test -z ''"])
SAID = "say @"
"""``@`` becomes a number: each call is told apart."""


def blocks(below):
    body = st.lists(below, min_size=1, max_size=3).map("\n".join)
    return st.one_of(
        st.tuples(TRUTH, body).map(lambda p: f"if {p[0]}; then {p[1]}\nfi"),
        st.tuples(TRUTH, body, TRUTH, body, body).map(
            lambda p: f"if {p[0]}\nthen\n{p[1]}\nelif {p[2]}; then {p[3]}\nelse {p[4]}\nfi"
        ),
        st.tuples(st.sampled_from(["1 2", "", "1"]), body).map(
            lambda p: f"for i in {p[0]}; do {p[1]}\ndone"
        ),
        st.tuples(st.sampled_from(["while [ 1 = 2 ]", "until [ 1 = 1 ]"]), body).map(
            lambda p: f"{p[0]}; do\n{p[1]}\ndone"
        ),
        st.tuples(st.sampled_from(["a", "b"]), body, body).map(
            lambda p: f"case {p[0]} in\n a|x) {p[1]} ;;\n (*) {p[2]}\n ;;\nesac"
        ),
        st.tuples(TRUTH, st.sampled_from(["&&", "||"]), below).map(
            lambda p: f"{p[0]} {p[1]} {{ {p[2]}\n}}"
        ),
        st.tuples(below, st.sampled_from(["&&", "||"]), below).map(
            lambda p: f"{{ {p[0]}\n}} {p[1]} {{ {p[2]}\n}}"
        ),
        body.map(lambda text: f"( {text}\n)"),
        st.tuples(st.sampled_from("fg"), body).map(lambda p: f"{p[0]}() {{\n{p[1]}\n}}"),
    )


SCRIPTS = st.lists(
    st.recursive(
        st.sampled_from([
            SAID, SAID, SAID, f"{SAID} 'a b' # no\n", f"{SAID} && {SAID}", f"{SAID} || {SAID}",
            f"x=$({SAID})", f"{SAID} | {SAID}", f"sh -c '{SAID}; {SAID}'", f"! {SAID}", "f", "g",
            "[ 1 = 2 ] && exit 0", "exit 0", f"sh <<'E'\n{SAID}\nE\n",
            f"{SAID} >/dev/null <<E\n)\nE\n", f"exec {SAID}", f"[ 1 = 2 ] || {SAID} && {SAID}",
            f"{SAID}; {SAID} \\\n  && {SAID}", "return",
        ]),
        blocks,
        max_leaves=8,
    ),
    min_size=1,
    max_size=5,
)  # fmt: skip


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    """A directory with ``say``, which writes its number down; ``f`` and ``g`` do nothing."""
    directory = tmp_path_factory.mktemp("bin")
    for name, text in (("say", 'echo "$1" >>"$SAID"'), ("f", ":"), ("g", ":")):
        (directory / name).write_text(f"#!/bin/sh\n{text}\n")
        (directory / name).chmod(0o755)
    return directory


@settings(max_examples=60)
@given(SCRIPTS)
def test_what_is_reached_in_any_case_is_run(commands, pieces):
    parts = "\n".join(pieces).split("@")
    script = "".join(part + str(number) for number, part in enumerate(parts[:-1])) + parts[-1]
    text = text_of(script.encode(), "x")
    assert isinstance(text, Text)
    read = shell.read(text)
    assert read.unreadable is None
    said = commands / "said"
    said.write_text("")
    environment = {"PATH": f"{commands}:/usr/bin:/bin", "SAID": str(said)}
    subprocess.run(["sh", "-c", script], env=environment, check=False, capture_output=True)
    ran = set(said.read_text().split())
    certain = {
        values[values.index("say") + 1]
        for command in read.commands
        if not command.guards and "say" in (values := command.values())
    }
    assert certain <= ran
