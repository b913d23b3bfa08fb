"""What we find wrong is what msgspec refuses: on random data near what is right, both agree."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.kube.shape import control_characters, dotted, kind_of, wrong
from holdfast.kube.spec.laravel_app import Cache, LaravelApp, Spec
from holdfast.kube.spec.web import Web

from .specs import documents

SETTINGS = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=300,
    suppress_health_check=list(HealthCheck),
)
ODD = st.sampled_from(
    [
        *(None, True, False, 0, 1, -1, 2.5, 10**9),
        *("", "a", "A b", "0", "é", "x" * 9000),
        *([], ["a"], [0], [{}], [None]),
        *({}, {"a": "b"}, {"a": 1}, {"cpu": "1"}, {"cpu": 1}),
    ]
)


@st.composite
def changed(draw):
    """A document in which one value has another in its place, is gone, or has company."""
    document = draw(documents())
    inner, parents = document, []
    while isinstance(inner, dict | list) and inner and draw(st.integers(0, 4)):
        steps = sorted(inner) if isinstance(inner, dict) else list(range(len(inner)))
        step = draw(st.sampled_from(steps))
        parents.append((inner, step))
        inner = inner[step]
    if isinstance(inner, dict) and draw(st.booleans()):
        inner[draw(st.sampled_from(["mim", "max", "name", "A_B", "", "é"]))] = draw(ODD)
    elif parents:
        where, step = parents[-1]
        if draw(st.integers(0, 3)):
            where[step] = draw(ODD)
        else:
            del where[step]
    return document


def converts(document):
    try:
        msgspec.convert(document, LaravelApp)
    except msgspec.ValidationError:
        return False
    return True


@given(changed())
@SETTINGS
def test_wrong_is_what_msgspec_refuses(document):
    found = list(wrong(document, kind_of(LaravelApp)))
    of_metadata = [one for one in found if one.path[:1] == ("metadata",) and one.of_key]
    if not of_metadata:  # msgspec lets what Kubernetes might add pass there; we name the rest
        assert converts(document) is (not found), found
    for one in found:
        assert one.reason
        assert one.way_out
        assert "\n" not in one.reason + one.way_out


@given(documents())
@settings(SETTINGS, max_examples=50)
def test_nothing_is_wrong_with_what_is_right(document):
    assert list(wrong(document, kind_of(LaravelApp))) == []
    assert list(control_characters(document)) == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ((), "it"),
        (("web",), "web"),
        (("workers", 0, "name"), "workers[0].name"),
        (("config", "A"), "config.A"),
    ],
)
def test_a_path_in_words(path, words):
    assert dotted(path) == words


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        ({"a": "b\n"}, [("a",)]),
        ({"a": ["x", "\x00"]}, [("a", 1)]),
        ({"a\t": {"b": "\x7f"}}, [("a\t",), ("a\t", "b")]),
        ({"a": "\u2028"}, [("a",)]),
        ({"a": "é ~", "b": 1, "c": None}, []),
    ],
)
def test_control_characters(value, paths):
    assert [one.path for one in control_characters(value)] == paths


def test_long_values_are_not_repeated():
    (one,) = wrong({"runtime": "x" * 500}, kind_of(Web))
    assert len(one.reason) < 120


def test_free_text_is_not_repeated():
    spec = {"image": "a:1", "host": "a.b", "secretName": "a", "config": {"A": "s3cret" * 2000}}
    (one,) = wrong(spec, kind_of(Spec))
    assert one.reason == "config.A has 12000 characters"
    assert one.way_out == "text of up to 8192 characters"


def test_too_many_entries():
    config = {f"A{number}": "" for number in range(201)}
    spec = {"image": "a:1", "host": "a.b", "secretName": "a", "config": config}
    (one,) = wrong(spec, kind_of(Spec))
    assert (one.reason, one.way_out) == ("config has 201 entries", "at most 200")


def test_as_much_as_there_may_be():
    config = {f"A{number}": "x" * 8192 for number in range(200)}
    spec = {
        "image": "a:" + "1" * 510,
        "host": "a.b",
        "secretName": "a",
        "config": config,
        "aliases": ["a.b"] * 100,
        "workers": [{"name": "a", "queues": ["a"] * 20}] * 50,
    }
    assert list(wrong(spec, kind_of(Spec))) == []
    assert [one.path for one in wrong(spec | {"image": "a:" + "1" * 511}, kind_of(Spec))] == [
        ("image",)
    ]


@pytest.mark.parametrize(
    ("word", "way_out"),
    [
        ("issuer", "did you mean spec.edge.tls.issuer?"),
        ("claim", "did you mean spec.storage.uploads.volume.claim?"),
        ("password", "did you mean spec.session.store.external.password or"),
        ("storageClass", "there are prefix, store"),
        ("x", "there are prefix, store"),
    ],
)
def test_where_else_a_key_is_known(word, way_out):
    (one,) = wrong({word: "a"}, kind_of(Cache))
    assert one.way_out.startswith(way_out)


@pytest.mark.parametrize("port", [1024, 65535])
def test_both_ends_of_a_range_are_in(port):
    assert list(wrong({"port": port}, kind_of(Web))) == []


@pytest.mark.parametrize("port", [1023, 65536])
def test_what_is_outside_is_not(port):
    assert [one.path for one in wrong({"port": port}, kind_of(Web))] == [("port",)]
