"""YAML with comments: what is written is what is read, whatever it is."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kube.init.commented import ABSENT, Line, lines, scalar, text, values
from holdfast.manifests.yaml import documents

QUOTED = (
    *("on", "off", "yes", "No", "y", "n", "null", "~", "True", "", "1", "0123", "1.5", "1e3"),
    *("1:30", "0x1f", "1_000", "-", "2026-01-02", "a: b", "a #b", "#a", "*", "&a", "!a", "%"),
    *("@a", "a:", "{a}", "[a]", "a, b", "- a", "? a", "| a", "> a"),
)
"""What one reader of YAML or another would not take for this text."""


def as_kubectl(written: str):
    (document,) = documents(written.encode(), "app.yaml")
    return document.value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("shop", "shop"),
        ("registry.example.com/shop:1.2.3", "registry.example.com/shop:1.2.3"),
        ("shop@sha256:" + "0a" * 32, "shop@sha256:" + "0a" * 32),
        ("/var/www/html", "/var/www/html"),
        ("512Mi", "512Mi"),
        ("250m", "250m"),
        *((word, f'"{word}"') for word in QUOTED),
        ('say "hi"', '"say \\"hi\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("two\nlines\t.", '"two\\nlines\\t."'),
        ("\x1b[31m", '"\\x1b[31m"'),
        ("\u2028", '"\\u2028"'),
        ("Größe", '"Größe"'),
        (True, "true"),
        (False, "false"),
        (None, "null"),
        (120, "120"),
    ],
)  # fmt: skip
def test_scalars(value, written):
    assert scalar(value) == written
    for reader in (yaml.safe_load, as_kubectl):
        read = reader(f"key: {written}\nin_flow: [{written}, end]\n")
        assert read == {"key": value, "in_flow": [value, "end"]}
        assert type(read["key"]) is type(value)


TEXTS = st.text(max_size=30)
SCALARS = st.none() | st.booleans() | st.integers(-(2**31), 2**31) | TEXTS
KEYS = st.text(min_size=1, max_size=20)
COMMENTED = st.recursive(
    st.builds(Line, SCALARS | st.lists(SCALARS, max_size=3), TEXTS, st.tuples(TEXTS)),
    lambda inner: st.builds(
        Line,
        st.dictionaries(KEYS, inner, max_size=3)
        | st.lists(st.dictionaries(KEYS, inner, min_size=1, max_size=3), min_size=1, max_size=3),
        TEXTS,
        st.tuples(TEXTS),
        TEXTS,
    ),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, COMMENTED, min_size=1, max_size=4))
def test_whatever_it_is(block):
    assert as_kubectl(text(block)) == values(block)


def test_the_whole_of_it():
    block = {
        "name": Line("shop", where=".env:1"),
        "gone": Line(ABSENT, why=("No gone: it is not there.",)),
        "empty": Line({}, why=("Nothing in it.",)),
        "image": Line("a/b:1", fill="the image"),
        "workers": Line(
            [
                {"name": Line("one", why=("The first.",)), "queues": Line(["a", "b:c", "on"])},
                {"name": Line("two"), "deep": Line({"memory": Line("1Gi")})},
            ],
            "app/Jobs",
        ),
    }
    assert text(block) == (
        "name: shop  # .env:1\n"
        "# No gone: it is not there.\n"
        "# Nothing in it.\n"
        "empty: {}\n"
        "# To be filled in: the image\n"
        "image: a/b:1\n"
        "workers:  # app/Jobs\n"
        "  # The first.\n"
        "  - name: one\n"
        '    queues: [a, "b:c", "on"]\n'
        "  - name: two\n"
        "    deep:\n"
        "      memory: 1Gi\n"
    )
    assert [path for path, _ in lines(block)] == [
        "name", "gone", "empty", "image", "workers",
        "workers[0].name", "workers[0].queues",
        "workers[1].name", "workers[1].deep", "workers[1].deep.memory",
    ]  # fmt: skip


def test_long_lists_stand_below_each_other():
    names = [f"NAME_{number}" for number in range(20)]
    written = text({"keys": Line(names, "here")})
    assert written == "keys:  # here\n" + "".join(f"  - {name}\n" for name in names)


def test_long_comments_are_wrapped():
    written = text({"a": Line({"b": Line(1, why=("word " * 40,))})})
    assert max(map(len, written.splitlines())) <= 100
    assert all(line.startswith("  # word") for line in written.splitlines()[1:-1])


@pytest.mark.parametrize(
    "attack", ["x\nspec: evil", "x\r\nspec: evil", "x\u2028a: b", "\x1b]0;x\x07"]
)
def test_a_comment_stays_one(attack):
    block = {"a": Line(1, where=attack, why=(attack,), fill=attack)}
    written = text(block)
    assert as_kubectl(written) == {"a": 1}
    assert yaml.safe_load(written) == {"a": 1}
    assert "\x1b" not in written
