"""Texts in YAML files, with the place of each character."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.check.sources.scalars import lines_of, text_of_scalar
from holdfast.manifests.yaml import Document, documents


def text(yaml: str):
    data = f"a: 1\nb: {yaml}".encode()
    (document,) = documents(data, "x.yaml")
    assert isinstance(document, Document)
    return text_of_scalar(document.value["b"], document.at("b"), lines_of(data))


@pytest.mark.parametrize(
    ("yaml", "word", "line", "column"),
    [
        ("|\n  one\n    two\n\n  three\n", "two", 4, 5),
        ("|\n  one\n    two\n\n  three\n", "three", 6, 3),
        ("|-  # why\n  one\n  two", "two", 4, 3),
        ("!!str |2\n  one\n  two\n", "two", 4, 3),
        ("|\r\n  one\r\n  two\r\n", "two", 4, 3),
        ("one two", "two", 2, 8),
        ("'one two'", "two", 2, 9),
        ('"one two"', "two", 2, 9),
        ('"one\\ntwo"', "one", 2, 4),
        (">\n  one\n  two\n", "one", 2, 4),
    ],
)
def test_places(yaml, word, line, column):
    found = text(yaml)
    assert found.position(found.string.index(word)) == (line, column)


@given(st.text(max_size=60))
def test_it_never_raises(value):
    for read in documents(f"b: {value}".encode("utf-8", "replace"), "x.yaml"):
        if isinstance(read, Document) and isinstance(read.value, dict):
            string = read.value.get("b")
            if isinstance(string, str):
                found = text_of_scalar(string, read.at("b"), lines_of(f"b: {value}".encode()))
                assert found.string == string
