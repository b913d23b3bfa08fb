"""The reader of ``.env`` against phpdotenv itself."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.core.errors import FormatError
from holdfast.project.dotenv import load

FILES = [
    "A=1",
    "A=1\nB=2\r\nC=3\rD=4",
    "\ufeffA=1",
    "A = 1 ",
    "A=\n B=",
    "A='one two' # comment",
    "A=one # two",
    "A=one#two",
    "A=one two",
    "A=#",
    "A= # x",
    "# A=1",
    "  # A=1",
    '#A="b\nB=2\n"',
    "export A=1",
    "export\tA=1",
    "export A='x'",
    "export =1",
    "exporting=1",
    "export A",
    "exportA=1",
    "'A'=1",
    '"A"=1',
    "'A\"=1",
    "''=1",
    "A.B_c9=1",
    "A-B=1",
    "Ä=1",
    "=1",
    "A",
    "A ",
    "A=1\nA",
    "A=1\nA=2",
    'A="a b"',
    'A="a\\"b\\\\c\\$d\\n\\t\\r\\f\\vx"',
    'A="\\a"',
    'A="\\ "',
    'A="x\\',
    "A='a\\'b'",
    "A='a\\nb'",
    "A=a\\nb",
    'A="x',
    "A='x",
    'A="one\ntwo"\nB=2',
    'A="one\ntwo\nthree',
    'A="one\nB=2',
    'A="one\n"\nB=2',
    'A="one\\"\ntwo"\nB=3',
    "A='one\ntwo'",
    "A=x\nB=${A}y",
    "A=x\nB='${A}y'",
    'A=x\nB="${A}y$"',
    'A=x\nB="\\${A}y"',
    "B=${A}\nA=x",
    "A=B\nB=C\nC=${${A}}",
    "A=B\nB=C\nC=${A${B}}",
    "AC=z\nB=C\nD=${A${B}}${AC}",
    "A=${A}",
    "A=$B ${B",
    "A=${OUTSIDE} ",
    "OUTSIDE=mine\nB=${OUTSIDE}",
    "OUTSIDE",
    "A=a'b'c\"d\"",
    'A="x"y',
    'A="x" y',
    "A=''",
    'A=""',
    'A="" # c',
    "A=null\nB=(true)\nC='false'",
    "A==b",
    "A=b=c",
    "A=(a)b",
    "A=\u00a0x",
    "A=x\u00a0y",
    "A=x\u2028y",
    "A=x\x0by",
    "A=\x0cx",
    "A=x\x0c#y",
    "A=\x00x",
    'A="\n"',
    "A=ünï\nB=${A}ç",
    "A=ü${B}\nB=1\nC=ü${B}ü${B}",
    "A=" + "x" * 3000 + " # y",
    'A="' + "\\\\" * 1500 + '"',
]
ENV = {"OUTSIDE": "out", "EMPTY": ""}


def ours(data: bytes, env: dict[str, str]) -> dict[str, str] | None:
    """All variables afterwards; None where the file is refused."""
    try:
        loaded = load(data, env, ".env")
    except FormatError:
        return None
    return {**{name: entry.value for name, entry in loaded.items()}, **env}


def theirs(ask, data: bytes, env: dict[str, str]) -> dict[str, str] | None:
    answer = ask({"text": base64.b64encode(data).decode(), "env": env})
    return None if "" in answer else answer


@pytest.mark.parametrize("text", FILES)
def test_a_file_is_read_as_phpdotenv_reads_it(ask_dotenv, text):
    assert ours(text.encode(), ENV) == theirs(ask_dotenv, text.encode(), ENV)


PIECES = st.sampled_from(
    [*"AB='\"#$\\{} \n\r\tnx.()", "A=", '="', "${A}", "${B}", "export ", "\\n", "\\\\", '\\"', "ü",
     "\x0b", "\x0c", "\u00a0", "'\n", '"\n', "#\n", "\nB=", "${OUTSIDE}"]
)  # fmt: skip


@settings(max_examples=1500)
@given(st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=20))
def test_any_file_is_read_as_phpdotenv_reads_it(ask_dotenv, text):
    data = text.encode(errors="ignore")
    assert ours(data, ENV) == theirs(ask_dotenv, data, ENV)


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(data):
    result = ours(data, ENV)
    assert result is None or result["OUTSIDE"] == "out"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"A=1\nB=one two", ".env:2: a text with blanks stands without quotes"),
        (b"A=1\n\nB='x", ".env:3: a closing quote is missing"),
        (b'A="one\ntwo"\nB="\\q"', ".env:3: in double quotes a backslash escapes"),
        (b"A=1\n=x", ".env:2: there is no name"),
        (b"A=1\nSE-CRET=x", ".env:2: a name has letters"),
        (b"A=1\nB=\xff", ".env:2: not UTF-8"),
    ],
)
def test_a_refusal_names_the_line_and_shows_no_value(data, message):
    with pytest.raises(FormatError) as refusal:
        load(data, {}, ".env")
    assert message in str(refusal.value)
    assert refusal.value.hint


def test_no_value_is_shown():
    for data in (b"KEY=correct horse", b"KEY='correct-horse", b"correct-horse!", b"=correct-horse"):
        with pytest.raises(FormatError) as refusal:
            load(data, {}, ".env")
        assert "correct" not in f"{refusal.value} {refusal.value.hint}"
    assert "correct" not in repr(load(b"KEY=correct-horse", {}, ".env"))


def test_where_a_value_is_defined():
    loaded = load(b'# first\nA="x\ny"\n\nB=1\nA=2', {}, ".env")
    assert {name: entry.line for name, entry in loaded.items()} == {"A": 6, "B": 5}
    assert load(b'\nA="x\ny"', {}, ".env")["A"].line == 2


def test_references_that_double_are_bounded():
    lines = [f"A{n}=${{A{n - 1}}}${{A{n - 1}}}" for n in range(1, 60)]
    with pytest.raises(FormatError, match="grows without end"):
        load("\n".join(["A0=xxxxxxxxxx", *lines]).encode(), {}, ".env")
