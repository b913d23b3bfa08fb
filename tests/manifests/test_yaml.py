"""YAML as kubectl reads it: values, places, bytes, and what is refused.

The values were recorded from kubectl 1.32.4 (``kubectl annotate --local -o json`` on an object of
a kind that it does not know).
"""

from __future__ import annotations

import json
import math
import random
import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.manifests.place import Place
from holdfast.manifests.unreadable import Unreadable
from holdfast.manifests.yaml import (
    MAX_BYTES,
    MAX_DOCUMENTS,
    Document,
    documents,
)

MANIFEST = """\
# the shop
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web, "tier": 'front'}
spec:
  replicas: 3
  template:
    spec:
      containers:
      - name: php
        env: &env
        - {name: SESSION_DRIVER, value: "file"}
        - name: ÜBER
          value: |
            one
            two

      # a comment that belongs to nobody
      - name: worker
        env: *env
"""


def one(text: str | bytes) -> Document:
    data = text.encode() if isinstance(text, str) else text
    (document,) = documents(data, "web.yaml")
    assert isinstance(document, Document), document
    return document


def refused(text: str | bytes) -> Unreadable:
    data = text.encode() if isinstance(text, str) else text
    (found,) = documents(data, "web.yaml")
    assert isinstance(found, Unreadable), found
    assert "\n" not in found.why
    return found


WORDS = {
    "on": True, "y": True, "Yes": True, "TRUE": True, "no": False, "n": False, "Off": False,
    "yEs": "yEs", "~": None, "": None, "null": None, "NULL": None, "nil": "nil", "=": "=",
    "0": 0, "-0": 0, "0123": 83, "0o17": 15, "0x1F": 31, "-0x1F": -31, "0b11": 3, "-0b11": -3,
    "0b12": "0b12", "0x": "0x", "0o8": "0o8", "09": 9, "08.5": 8.5, "0_7": 7, "1__0": 10, "1_": 1,
    "0_x1": 1, "-_1": -1, "_1": "_1", "+5": 5, "+": "+", ".": ".", "1:30": "1:30", "1.0": 1,
    "1.": 1, "8.10": 8.1, "1e3": 1000, "12e03": 12000, "0.1e-7": 1e-08, ".5": 0.5, "+.5": 0.5,
    "-.5": -0.5, ".5_0": 0.5, "._5": "._5", ".e3": ".e3", "0x1p3": "0x1p3", "1e500": "1e500",
    "123456789012345678.0": 123456789012345680, "1e22": 1e22, "2001-01-01": "2001-01-01",
    "2001-01-01T10:00:00Z": "2001-01-01T10:00:00Z",
    "9223372036854775807": 9223372036854775807, "9223372036854775808": 9.223372036854775808e18,
    "-9223372036854775809": -9.223372036854775808e18, "99999999999999999999": 1e20,
    "0xFFFFFFFFFFFFFFFF": 1.8446744073709552e19, "0xFFFFFFFFFFFFFFFFFFFF": "0xFFFFFFFFFFFFFFFFFFFF",
    "'12'": "12", '"on"': "on", "! 12": "12", "!!str 12": "12", "!!int '3'": 3, "!!float 3": 3,
    "!!float '1.5'": 1.5, "!!bool on": True, "!!null ''": None,
    "!!timestamp 2001-01-01": "2001-01-01",
    "!!binary aGVsbG8=": "hello", "!own 3": "3", "!own {a: 1}": {"a": 1}, "!!seq {}": {},
    "!!set {b, c}": {"b": None, "c": None}, "[b: c]": [{"b": "c"}], "<<": "<<", "b\tc": "b\tc",
}  # fmt: skip


@pytest.mark.parametrize("word", WORDS, ids=repr)
def test_a_word_means_what_it_means_to_kubectl(word):
    value = one(f"a: {word}\n").value["a"]
    assert value == WORDS[word]
    assert type(value) is type(WORDS[word])


KEYS = {
    "1": "1", "0123": "83", "1.0": "1", "1e6": "1e+06", "8.10": "8.1", "1e-7": "1e-07",
    "0.1": "0.1", "123456789.5": "1.2345679e+08", "y": "true", "off": "false", "'y'": "y",
    "2001-01-02": "2001-01-02", ".inf": ".inf", "!!str 1": "1", "!!bool on": "true",
}  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
def test_a_key_becomes_a_string_as_in_kubectl(key):
    assert one(f"{key}: a\n").value == {KEYS[key]: "a"}


@pytest.mark.parametrize(
    "text",
    [
        "a: .inf", "a: .NaN", "~: a", "? [1]\n: a", "? {a: 1}\n: b", "a: !!int x", "a: !!null x",
        "a: !!float x", "a: !!bool 1", "a: !!binary '###'", "a: *nowhere", "a: &a [*a]",
        "a: 'b", "a: [1", "a: b: c", "a: @b", "a:\n\tb: c", "<<: 3", "<<: [3]", "a: \"\\ud83d\"",
        "a: b\0", "\0", "a: !!int 1e3", "%YAML 1.2", "- a\nb",
    ],
)  # fmt: skip
def test_what_kubectl_refuses_is_refused(text):
    assert not refused(text + "\n").template


def test_merging_happens_in_the_order_of_the_lines():
    base = "x: &x {p: 1, q: 2}\n"
    assert one(base + "c:\n  p: 9\n  <<: *x\n").value["c"] == {"p": 1, "q": 2}
    assert one(base + "c:\n  <<: *x\n  p: 9\n").value["c"] == {"p": 9, "q": 2}
    assert one("<<: [{q: 1, r: 1}, {q: 2}]\n").value == {"q": 1, "r": 1}
    assert one("'<<': {q: 1}\n").value == {"<<": {"q": 1}}
    assert one("? &k p\n: 1\nb: *k\n*k : 2\n").value == {"p": 2, "b": "p"}


def test_of_a_repeated_key_the_last_counts():
    document = one("a: 1\nb: 2\na: 3\n")
    assert document.value == {"a": 3, "b": 2}
    assert document.key_at("a").line == 3


def test_a_key_that_stands_again_is_known_with_its_place():
    (document,) = documents(b"a: 1\nb: {c: 1, c: 2}\na: 3\nd: {a: 1}\n", "x.yaml")
    assert [(key, str(place)) for key, place in document.repeated] == [
        ("c", "x.yaml:2:11"),
        ("a", "x.yaml:3:1"),
    ]


def test_what_is_merged_repeats_nothing():
    (document,) = documents(b"a: &a {b: 1}\nc:\n  b: 2\n  <<: *a\n", "x.yaml")
    assert document.repeated == ()


def test_documents_are_cut_at_lines_with_three_dashes():
    text = "---\n# nothing\n---\na: 1\n--- # more\na: [\n---  \nb: |\n  ---\n...\nc: [\n---\n\n"
    found = documents(text.encode(), "web.yaml")
    assert [getattr(part, "value", None) for part in found] == [{"a": 1}, None, {"b": "---\n"}]
    assert isinstance(found[1], Unreadable)
    assert found[1].place.line == 7
    assert found[2].at("b").line == 8


def test_a_document_does_not_begin_on_the_line_of_the_dashes():
    found = documents(b"a: 1\n--- {b: 2}\n---\nc: 3\n", "web.yaml")
    assert [type(part).__name__ for part in found] == ["Document", "Unreadable", "Document"]


def test_json_and_a_byte_order_mark_and_carriage_returns():
    assert one(json.dumps({"a": [1, 1.5, "é", None]})).value == {"a": [1, 1.5, "é", None]}
    marked = one("\ufeffa: b\r\nc: d\r\n")
    assert marked.value == {"a": "b", "c": "d"}
    assert marked.at("c").line == 2
    assert marked.span("c") == (12, 13)


def test_a_file_without_anything_has_no_documents():
    for nothing in (b"", b"\n\n", b"# only words\n", b"---\n---\n"):
        assert documents(nothing, "web.yaml") == []


CONTAINERS = ("spec", "template", "spec", "containers")


@pytest.mark.parametrize(
    ("path", "place", "key"),
    [
        ((), (2, 1, 22, 18), (2, 1)),
        (("kind",), (3, 7, 3, 17), (3, 1)),
        (("metadata", "labels", "tier"), (6, 30, 6, 37), (6, 22)),
        (("metadata",), (5, 3, 6, 38), (4, 1)),
        ((*CONTAINERS, 0, "env"), (13, 14, 18, 16), (13, 9)),
        ((*CONTAINERS, 0, "env", 1, "name"), (15, 17, 15, 21), (15, 11)),
        ((*CONTAINERS, 0, "env", 1, "value"), (16, 18, 18, 16), (16, 11)),
        ((*CONTAINERS, 1, "env"), (22, 14, 22, 18), (22, 9)),
        ((*CONTAINERS, 1, "env", 0), (14, 11, 14, 48), (14, 11)),
        ((*CONTAINERS, 7, "env"), (12, 7, 22, 18), (11, 7)),
        (("spec", "replicas", "no"), (8, 13, 8, 14), (8, 3)),
    ],
)
def test_a_place_is_where_it_is_written(path, place, key):
    document = one(MANIFEST)
    assert document.at(*path) == Place("web.yaml", *place)
    found = document.key_at(*path)
    assert (found.line, found.column) == key


@pytest.mark.parametrize(
    ("path", "written"),
    [
        (("kind",), "Deployment"),
        (("metadata", "labels", "tier"), "'front'"),
        ((*CONTAINERS, 1, "name"), "worker"),  # behind characters of several bytes
    ],
)
def test_the_span_of_a_word_is_in_bytes(path, written):
    start, end = one(MANIFEST).span(*path)
    assert MANIFEST.encode()[start:end].decode() == written


def test_the_span_leaves_tags_out_and_takes_an_alias_for_the_word():
    text = "a: &x 2\nb: *x\nc: !!str 1\n"
    document = one(text)
    assert [text[slice(*document.span(key))] for key in "bc"] == ["*x", "1"]


@pytest.mark.parametrize(
    "path",
    [
        ("kind", "x"),
        ("nothing",),
        ("spec",),
        (*CONTAINERS, 0, "env", 0, "value"),
        (*CONTAINERS, 1, "env", 0, "value"),
    ],
)
def test_what_is_no_word_of_its_own_has_no_span(path):
    with pytest.raises(LookupError):
        one(MANIFEST).span(*path)


def test_a_word_with_an_anchor_has_no_span():
    with pytest.raises(LookupError):
        one("grace: &g 30\nother: *g\n").span("grace")


def test_a_merged_word_has_no_span():
    with pytest.raises(LookupError):
        one("a: &a {p: 1}\nb: {<<: *a}\n").span("b", "p")


@pytest.mark.parametrize(
    "text",
    [
        "{{- if .Values.on }}\na: b\n{{- end }}\n",
        "a: {{ value }}\n",
        "a: b\n---\n{% if x %}\nc: d\n---\ne: f\n",
        "a: <%= x %>\n<% end %>\n",
        "path: %HOST_PATH%\n",
        "path: @HOST_PATH@\n",
        'name: "{{ .Release.Name }}-web"\n',
        "name: '{{ include \"shop.name\" . }}'\n",
    ],
)
def test_a_template_is_not_judged(text):
    found = refused(text)
    assert found.template
    assert found.why == "a template, not judged"


def test_braces_in_a_text_make_no_template():
    assert one("summary: '{{ $labels.pod }} is down'\n").value == {
        "summary": "{{ $labels.pod }} is down"
    }


HOSTILE = {
    "long": b"a" * (MAX_BYTES + 1),
    "many keys": b"".join(b"%d:\n" % number for number in range(1_000_000)),
    "deep list": b"[" * 100_000,
    "deep block": b"- " * 100_000,
    "deep mappings": b"".join(b" " * depth + b"a:\n" for depth in range(500)),
    "aliases": b"a: &a [1,2,3]\n"
    + b"".join(b"%c: &%c [%s]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 9)) for c in b"bcdefghi"),
    "deep aliases": b"".join(
        b"- &a%d %s*a%d%s\n" % (n + 1, b"[" * 60, n, b"]" * 60) if n else b"- &a1 x\n"
        for n in range(9)
    ),
    "itself": b"a: &a {b: *a}\n",
    "merged": b"a: &a {"
    + b",".join(b"k%d: 1" % n for n in range(5000))
    + b"}\nb:\n"
    + b"- <<: *a\n" * 100,
    "documents": b"---\n" * (MAX_DOCUMENTS + 9),
    "not UTF-8": b"a: b\nc: \xff\n",
    "UTF-16": "a: b".encode("utf-16"),
    "braces in a comment": b"a: [\n#" + b"{{" * 1_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_one_unreadable(name):
    assert refused(HOSTILE[name]).place.file == "web.yaml"


def test_large_words_are_read_in_no_time_that_grows_with_their_square():
    assert one(b"a: " + b"9" * 3_000_000).value["a"].startswith("999")
    assert one(b"a: 0x" + b"f" * 3_000_000).value["a"].startswith("0xff")
    assert one(b"a: b\n#" + b"{{" * 1_000_000).value == {"a": "b"}


def test_a_file_has_so_many_values_at_most(monkeypatch):
    monkeypatch.setattr("holdfast.manifests.yaml.MAX_NODES", 5_000)
    many = b"- [1,2,3,4,5,6,7,8,9]\n" * 150 + b"---\n"
    found = documents(many * 6, "web.yaml")
    assert [type(part).__name__ for part in found] == ["Document"] * 4 + ["Unreadable"]
    assert "5,000 values" in found[-1].why


def check(data: bytes) -> None:
    for part in documents(data, "web.yaml"):
        if isinstance(part, Unreadable):
            assert "\n" not in part.why
            continue
        plain(part, part.value, ())


def plain(document: Document, value: object, path: tuple[str | int, ...]) -> None:
    """All is plain data, and each part of it has a place inside of its parent's file."""
    place = document.at(*path)
    assert (1, 1) <= (place.line, place.column) <= (place.end_line, place.end_column)
    document.key_at(*path)
    match value:
        case dict():
            for key, item in value.items():
                assert isinstance(key, str)
                plain(document, item, (*path, key))
        case list():
            for index, item in enumerate(value):
                plain(document, item, (*path, index))
        case float():
            assert math.isfinite(value)
        case _:
            assert value is None or isinstance(value, str | int)


@given(st.binary(max_size=300))
def test_nothing_is_raised_for_any_bytes(data):
    check(data)


@given(st.text("ab:-{}[]&*!?|>'\"\n\t #,<%01.~\\", max_size=80))
def test_nothing_is_raised_for_what_looks_like_yaml(text):
    check(text.encode())


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(MANIFEST)), st.integers(0, 4), st.text("a: -{[&*<\n\t'", max_size=4)
        ),
        max_size=6,
    )
)
def test_nothing_is_raised_for_a_mutated_manifest(changes):
    text = MANIFEST
    for at, length, put in changes:
        text = text[:at] + put + text[at + length :]
    check(text.encode())


def of_64_bits(digits: str) -> int | float:
    return int(digits) if -(2**63) <= int(digits) < 2**63 else float(digits)


HEAD = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n"
KUBECTL = pytest.mark.skipif(
    not shutil.which("kubectl"), reason="asks kubectl itself, where it is there"
)


def kubectl(path: str, text: str | None = None) -> list[dict[str, Any]]:
    """The objects that kubectl reads there; it goes on behind a file that it refuses."""
    asked = subprocess.run(
        ["kubectl", "annotate", "--local", "-f", path, "x=y", "-o", "json"],
        input=text,
        capture_output=True,
        text=True,
        check=text is not None,
    )
    decoder = json.JSONDecoder(parse_int=of_64_bits)
    found, rest = [], asked.stdout.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        found.append(value)
        rest = rest[end:].lstrip()
    return found


@KUBECTL
def test_the_words_are_what_kubectl_says():
    words = "".join(f"- {word}\n" for word in WORDS)
    keys = "".join(f"  {key}: a\n" for key in KEYS)
    (said,) = kubectl("-", f"{HEAD}words:\n{words}keys:\n{keys}")
    assert said["words"] == list(WORDS.values())
    assert said["keys"] == dict.fromkeys(KEYS.values(), "a")


PIECES = (
    *("a", "b", "on", "no", "~", "1", "0x1F", "017", "1e3", "1.0", "8.10", "1:30", "1_000", "-0"),
    *("- ", "? ", ": ", "\n", "\n  ", "\n- ", "[", "]", "{", "}", ", ", " ", "\t", "\r\n", "..."),
    *("&x ", "*x", "<<: ", "!!str ", "!!int ", "!!bool ", "|\n  ", "> \n  ", "#c", " #c", "%", "@"),
    *("'", '"', "'it''s'", '"\\n"', '"\\u00e9"', "é", "=", "2001-01-01", "null", ".inf"),
)


@KUBECTL
def test_random_documents_are_to_us_what_they_are_to_kubectl(tmp_path):
    draw = random.Random(5)
    texts = {}
    for number in range(600):
        value = "".join(draw.choice(PIECES) for _ in range(draw.randrange(1, 9)))
        texts[f"n{number}"] = HEAD.replace("name: a", f"name: n{number}") + f"v: {value}\n"
        (tmp_path / f"{number}.yaml").write_bytes(texts[f"n{number}"].encode())
    theirs = {one["metadata"]["name"]: one for one in kubectl(str(tmp_path))}
    assert len(theirs) > 100
    for name, text in texts.items():
        (ours,) = documents(text.encode(), name)
        if name not in theirs:
            assert isinstance(ours, Unreadable), text
            continue
        assert isinstance(ours, Document), text
        del theirs[name]["metadata"]["annotations"]
        assert json.dumps(ours.value, sort_keys=True) == json.dumps(theirs[name], sort_keys=True)
