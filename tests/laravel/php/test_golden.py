"""What PHP and Laravel wrote comes back byte for byte and means what PHP says it means."""

from __future__ import annotations

import base64
import math
import struct

import pytest

from holdfast.core.errors import FormatError
from holdfast.laravel.php import Opaque, SessionArray, dumps, loads, split_property_name


def _same(value, described) -> bool:
    """Whether a decoded value is the one that PHP described."""
    match described["t"]:
        case "null":
            return value is None
        case "bool":
            return value is described["v"]
        case "int":
            return type(value) is int and value == int(described["v"])
        case "float":
            return isinstance(value, float) and (
                struct.pack(">d", value).hex() == described["be64"]
                or (math.isnan(value) and described["v"] == "NAN")
            )
        case "string":
            if "utf8" in described:
                return value == described["utf8"]
            return value == base64.b64decode(described["b64"])
        case "array":
            if isinstance(value, Opaque) and value.kind == "array":
                value = value.value
            return isinstance(value, dict) and _same_members(
                list(value.items()), described["items"]
            )
        case "object":
            return (
                isinstance(value, Opaque)
                and value.kind in {"object", "custom"}
                and value.class_name.decode() == described["class"]
            )
        case "enum":
            if isinstance(value, Opaque) and value.kind == "pointer":
                return True
            return (
                isinstance(value, Opaque)
                and value.kind == "enum"
                and value.class_name.decode() == described["class"]
                and value.case.decode() == described["case"]
            )
        case "ref":
            return isinstance(value, Opaque) and value.kind == "reference"
        case "same_object_as":
            return isinstance(value, Opaque) and value.kind in {"pointer", "reference"}
    raise AssertionError(described)


def _same_members(members, described) -> bool:
    return len(members) == len(described) and all(
        _same(key, described_key) and _same(value, described_value)
        for (key, value), (described_key, described_value) in zip(members, described, strict=True)
    )


def test_every_vector_comes_back(vectors):
    for vector in vectors:
        assert dumps(loads(vector.raw)) == vector.raw, vector.name


def test_every_vector_means_what_php_says(vectors):
    checked = 0
    for vector in vectors:
        if vector.described is not None:
            assert _same(loads(vector.raw), vector.described), vector.name
            checked += 1
    assert checked > 100


def test_objects_show_the_properties_that_php_shows(vectors):
    plain = {
        "laravel8/object-" + name
        for name in ("stdclass", "stdclass-numeric-prop", "visibility", "inherited-private")
    } | {"laravel8/object-uninitialized-typed", "laravel8/object-dynamic-props"}
    seen = set()
    for vector in vectors:
        if vector.name not in plain:
            continue
        seen.add(vector.name)
        shown = []
        for key, value in loads(vector.raw).properties().items():
            name = split_property_name(key)
            shown.append((name.visibility, name.class_name or None, name.name, value))
        for (visibility, owner, name, value), described in zip(
            shown, vector.described["props"], strict=True
        ):
            assert [visibility, owner, name] == described[:3], vector.name
            assert _same(value, described[3]), vector.name
    assert seen == plain


def test_an_array_read_completely_is_written_from_its_own_bytes(vectors):
    arrays = [vector for vector in vectors if vector.raw.startswith(b"a:")]
    assert len(arrays) >= 20
    for vector in arrays:
        array = SessionArray.loads(vector.raw)
        assert list(array.values()) is not None
        assert not array.changed(), vector.name
        assert array.dumps() is vector.raw, vector.name


def test_new_bytes_beside_old_ones_are_php_again(vectors):
    for vector in vectors:
        if not vector.raw.startswith(b"a:"):
            continue
        array = SessionArray.loads(vector.raw)
        array["holdfast"] = [1]
        written = array.dumps()
        again = SessionArray.loads(written)
        assert list(again) == [*list(SessionArray.loads(vector.raw)), "holdfast"], vector.name
        del again["holdfast"]
        assert again.dumps() == vector.raw, vector.name


def test_every_truncation_is_refused(vectors):
    for vector in vectors:
        raw = vector.raw
        # one string of 64 KiB and one list of 1,000 numbers are the same all the way through
        cuts = range(len(raw)) if len(raw) < 1500 else [*range(300), *range(300, len(raw), 211)]
        for cut in cuts:
            for read in (loads, SessionArray.loads):
                with pytest.raises(FormatError) as caught:
                    read(raw[:cut])
                assert caught.value.expected
                assert 0 <= caught.value.offset <= len(raw)


def test_the_edges_get_phps_verdict(edges):
    only_php_knows = {b'E:10:"Suit:Clubs";'}  # whether an enum has a case: kept, as unknown classes
    for data, accepted in edges:
        if data in only_php_knows:
            assert isinstance(loads(data), Opaque)
        elif accepted:
            loads(data)
        else:
            with pytest.raises(FormatError):
                loads(data)
