"""What is shown of a line: what is meant, no control characters, no more than fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.check.reports.excerpt import MOST_LINES, Excerpts, Line, clipped, dedented
from holdfast.manifests.place import Place


def meant(text, place):
    line = Excerpts({"f": text}).of(place, before=0)[0]
    return line.text[line.start : line.end]


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        (b"driver: file", Place("f", 1, 9, 1, 13), "file"),
        (b"driver: file # why", Place("f", 1, 9), "file"),
        (b"  driver: file  ", Place("f", 1), "driver: file"),
        (b"\tdriver: file", Place("f", 1, 10), "file"),
        (b"\xef\xbb\xbfdriver: file", Place("f", 1, 9), "file"),
        (b"a\r\nb\rdriver: file", Place("f", 3, 9), "file"),
        ("船船 file".encode(), Place("f", 1, 4), "file"),
        (b"\xff\xfe file", Place("f", 1, 4), "file"),
        (b"APP_KEY=abc", Place("f", 1, 9, 1, 12), "***"),
        (b"APP_KEY=abc A=b", Place("f", 1, 13), "A=b"),
        (b"\x1b[2J file", Place("f", 1, 6), "file"),
        (b"short", Place("f", 1, 50, 1, 60), ""),
    ],
)
def test_what_is_meant(text, place, expected):
    assert meant(text, place) == expected


def test_lines_around():
    text = b"\n".join(b"line %d" % n for n in range(1, 20))
    excerpts = Excerpts({"f": text})
    assert [line.number for line in excerpts.of(Place("f", 7))] == [6, 7]
    assert [line.number for line in excerpts.of(Place("f", 1))] == [1]
    several = excerpts.of(Place("f", 3, 1, 18, 2))
    assert [line.number for line in several] == [2, *range(3, 3 + MOST_LINES)]
    for nowhere in (Place("f"), Place("f", 40), Place("other", 1)):
        assert excerpts.of(nowhere) == ()


def test_nothing_that_a_terminal_obeys():
    text = "a\x1b[31m\x00\x07\u202e\u200b\x9bb".encode()
    assert Excerpts({"f": text}).of(Place("f", 1))[0].text.isprintable()


def test_words_stay_when_the_layout_moves():
    one = Excerpts({"f": b"a: 1\n  driver:   file\n"}).words(Place("f", 2, 3))
    other = Excerpts({"f": b"# new\n\na: 1\n    driver: file\n"}).words(Place("f", 4, 5))
    assert one == other == "driver: file"


def test_shared_indentation_is_taken_away():
    text = b"      a:\n\n        b: 1\n"
    lines = dedented(Excerpts({"f": text}).of(Place("f", 3, 9, 3, 10), before=2))
    assert [(line.text, line.start, line.end) for line in lines] == [
        ("a:", 0, 0), ("", 0, 0), ("  b: 1", 2, 3)
    ]  # fmt: skip
    assert dedented([]) == []


def test_positions():
    excerpts = Excerpts({"f": "a\nüb\nc".encode()})
    assert [excerpts.position("f", n) for n in (0, 2, 4, 5, 6, 7)] == [
        (1, 1), (2, 1), (2, 2), (2, 3), (3, 1), (3, 2)
    ]  # fmt: skip


@given(
    st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=300),
    st.integers(0, 300),
    st.integers(0, 300),
    st.integers(5, 80),
)
def test_a_clipped_line_fits_and_shows_where_it_begins(text, start, length, width):
    start = min(start, len(text) - 1)
    line = Line(1, text, start, min(len(text), start + length))
    shown = clipped(line, width)
    assert len(shown.text) <= max(width, 1)
    assert 0 <= shown.start <= shown.end <= len(shown.text)
    if line.end > line.start:
        assert shown.text[shown.start] == text[start]
