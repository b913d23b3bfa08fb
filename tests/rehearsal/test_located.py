"""YAML with lines: what is read, what is refused, and that a refusal points at its line."""

from __future__ import annotations

from typing import Literal

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.errors import UsageError
from holdfast.rehearsal.located import MAX_BYTES, MAX_DEPTH, read

# Ends of lines in YAML 1.1, which PyYAML writes as they are and reads as a blank.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029"))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    at: float


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    name: str = ""
    faults: list[Inner] = []
    weights: dict[str, int] = {}
    either: int | None = None
    choice: Literal["a", "b"] = "a"


def test_every_value_has_its_line():
    document = read(b"a: 1\nb:\n  - x\n  - {c: 2,\n     d: 3}\n", "f.yaml")
    assert document.value == {"a": 1, "b": ["x", {"c": 2, "d": 3}]}
    assert document.lines == {
        "$": 1,
        "$.a": 1,
        "$.b": 2,
        "$.b[0]": 3,
        "$.b[1]": 4,
        "$.b[1].c": 4,
        "$.b[1].d": 5,
    }


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a: 1\nb: &x 2\n", 2, "anchors and aliases"),
        ("a: 1\nb: *x\n", 2, "anchors and aliases"),
        ("a: 1\nb: 2\na: 3\n", 3, "a stands here twice"),
        ("a: 1\nb: !!python/name:os.system\n", 2, "the tag"),
        ("a:\n  - [\n", 3, "expected the node content"),
        ("? [a]\n: 1\n", 1, "a key must be a word"),
        ("a: !!int x\n", 1, "cannot be read"),
        ("a: " + "[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2), 1, "nested more than"),
    ],
)
def test_what_is_refused_is_pointed_at(text, line, says):
    with pytest.raises(UsageError) as refused:
        read(text.encode(), "f.yaml")
    assert str(refused.value).startswith(f"f.yaml:{line}: ")
    assert says in str(refused.value)
    assert refused.value.hint


@pytest.mark.parametrize("content", [b"\xff\xfe\xff", b"a: \x00", b"a" * (MAX_BYTES + 1)])
def test_what_is_no_text_is_refused(content):
    with pytest.raises(UsageError):
        read(content, "f.yaml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "name: x\nfaults:\n  - at: 1\n  - at: soon\n",
            "f.yaml:4: faults[1].at: a number is wanted here, not a word",
        ),
        ("name: x\nfaults:\n  - {at: 1, on: 2}\n", "f.yaml:3: faults[0].on: no such setting"),
        ("name: x\nname2: y\n", "f.yaml:2: name2: no such setting"),
        (
            "weights:\n  a: 1\n  b: x\n",
            "f.yaml:1: weights: one of its values: a whole number is wanted here, not a word",
        ),
        ("faults:\n  - {}\n", "f.yaml:2: faults[0]: at is missing"),
        ("- 1\n", "f.yaml:1: a mapping is wanted here, not a list"),
        ("", "f.yaml:1: a mapping is wanted here, not nothing"),
        ("name: [1]\n", "f.yaml:1: name: a word is wanted here, not a list"),
        ("either: x\n", "f.yaml:1: either: a whole number or nothing is wanted here, not a word"),
        ("choice: c\n", "f.yaml:1: choice: no such choice: 'c'"),
    ],
)
def test_what_does_not_fit_is_pointed_at(text, says):
    with pytest.raises(UsageError) as refused:
        read(text.encode(), "f.yaml").convert(Outer, lambda path: f"look at {path}")
    assert str(refused.value).startswith(says)
    assert "`" not in str(refused.value)
    assert refused.value.hint == ("one of a, b" if "choice" in says else refused.value.hint)


@given(VALUES)
def test_it_reads_what_yaml_writes(value):
    text = yaml.safe_dump(value, allow_unicode=True)
    if "&id" in text or "!!" in text:
        return
    try:
        assert read(text.encode(), "f.yaml").value == value
    except UsageError as refused:
        assert "anchors" in str(refused) or "nested" in str(refused)  # noqa: PT017


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_anything_else_is_an_error_of_ours(content):
    try:
        read(content, "f.yaml").convert(Outer, lambda path: path)
    except UsageError as refused:
        assert str(refused).startswith("f.yaml")  # noqa: PT017
