"""YAML that comes back as it was, whoever reads it."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from holdfast.kube.emit import emit
from holdfast.manifests.yaml import Document, documents

AWKWARD = [
    "", "~", "null", "Null", "y", "Y", "n", "yes", "No", "on", "OFF", "true", "False", "=", "<<",
    "1", "-1", "+1", "0", "0123", "0o17", "0x1F", "0b101", "1_000", "1.5", "1e3", "1E3", ".5",
    "5.", "-.inf", ".nan", "1:30", "190:20:30", "2001-01-01", "2001-12-14T21:59:43Z", "12e03",
    "1,000", "- a", "-", "--", "---", "...", "? a", ": a", "a: b", "a:", "a #b", "#a", "a#b",
    "a:b", " a", "a ", "&a", "*/5 * * * *", "!a", "|", ">", "%a", "@a", "`a`", "'a'", '"a"', "{a}",
    "[a]", "a, b", "a]", "\\", "\t", "a\tb", "é", "日本", "\u2028", "\x85", "\xa0", "\ufeff",
    "\x00", "\x7f", "😀", "a\u200bb", "a\nb", "a\nb\n", "a\nb\n\n", "\na", "\n", "\n\n", " a\nb",
    "a \nb", "a\n b\n", "a\r\nb", "a\n\tb", "---\na\n", "a\n---\nb\n", "a\n\n\nb\n", "\ta\nb",
    "a\n...\n", "a\x85b\nc", "a\n#b\n", "é\nb\n", "{{ .Values.x }}\nb", "10s", "250m", "512Mi",
    "10.0.0.0/8", "10.1.2.3", "1e3s", "key=value", "x" * 500, "a  b", "a :b", "-n", "--force",
    "-1x", "/", "/*", "./a", "../1", "..", ".5/", "_", "$(POD)", "é: b", "a:\nb", "a\\nb",
]  # fmt: skip
WORDS = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(
        alphabet=st.sampled_from(" \n\t:-#'\"\\|>{}[],&*!%@`~=?.0123456789abeoxyn+_/"), max_size=12
    ),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12),
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(-1e15, 1e15).filter(lambda f: not f.is_integer()),
    WORDS,
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.lists(st.dictionaries(WORDS, VALUES, min_size=1, max_size=4), min_size=1, max_size=3)


@settings(max_examples=400, deadline=None)
@given(OBJECTS)
@example([{"list": [[[1, {"a": [2]}]], [], {}, [{}], [[]], "a\nb\n", ["c\nd"]]}])
@example([{"word": AWKWARD}])
@example([dict.fromkeys(AWKWARD, 1)])
def test_comes_back_as_it_was(objects):
    text = emit(objects)
    assert list(yaml.safe_load_all(text)) == objects
    read = documents(text.encode(), "x.yaml")
    if not any("{{" in one for one in map(str, objects)):
        assert [one.value for one in read if isinstance(one, Document)] == objects


def strings(yaml_text):
    return [
        one.value for one in documents(yaml_text.encode(), "x.yaml") if isinstance(one, Document)
    ]


@pytest.mark.parametrize("word", [word for word in AWKWARD if "\n" not in word])
def test_a_word_is_a_string_to_kubectl(word):
    assert strings(emit([{"value": word, "items": [word]}])) == [{"value": word, "items": [word]}]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("250m", "250m"),
        ("php artisan config:cache", "php artisan config:cache"),
        ("--force", "--force"),
        ("/up", "/up"),
        ("y", '"y"'),
        ("8080", '"8080"'),
        ("a: b", '"a: b"'),
        ("é", '"é"'),
        ("\x00\u2028\U000e0001", '"\\x00\\u2028\\U000e0001"'),
        (1.0, "1.0"),
        (1e-07, "1.0e-07"),
        (True, "true"),
        (None, "null"),
        ({}, "{}"),
        ([], "[]"),
    ],
)
def test_how_a_value_is_written(value, written):
    assert emit([{"a": value}]) == f"---\na: {written}\n"


def test_the_form_of_a_document():
    one = {"kind": "B", "a": {"list": [{"name": "x", "b": [1]}, "word"], "text": "one\n\n two\n"}}
    assert emit([one, {"a": ["x\ny", "x\n\n"]}]) == (
        "---\na:\n  list:\n  - b:\n    - 1\n    name: x\n  - word\n  text: |\n    one\n\n     two\n"
        "kind: B\n---\na:\n- |-\n  x\n  y\n- |+\n  x\n\n"
    )


def test_long_lines_are_not_folded():
    assert len(emit([{"a": "word " * 200 + "end"}]).splitlines()) == 2


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_json_does_not_have(wrong):
    with pytest.raises(ValueError, match="no number of JSON"):
        emit([{"a": wrong}])


@pytest.mark.parametrize("wrong", [b"a", (1,), {1}])
def test_values_that_json_does_not_have(wrong):
    with pytest.raises(TypeError, match=f"{type(wrong).__name__} is nothing"):
        emit([{"a": wrong}])
