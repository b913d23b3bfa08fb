"""nginx configuration as a tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.check.sources import nginx
from holdfast.manifests.place import Place
from holdfast.manifests.text import Text, text_of
from holdfast.manifests.unreadable import Unreadable


def parse(text: str):
    read = text_of(text.encode(), "nginx.conf")
    assert isinstance(read, Text)
    return nginx.parse(read)


def rows(text: str):
    return [
        (d.name, d.arguments, tuple(b.name for b in above)) for d, above in nginx.walk(parse(text))
    ]


def test_a_tree():
    text = "http {\n  server { listen 80; }\n}\n"
    assert rows(text) == [
        ("http", (), ()), ("server", (), ("http",)), ("listen", ("80",), ("http", "server")),
    ]  # fmt: skip
    (http,) = parse(text)
    server = http.first("server")
    assert server.place == Place("nginx.conf", 2, 3, 2, 11)
    assert server.first("listen").place == Place("nginx.conf", 2, 12, 2, 22)


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("a b  c;", ("b", "c")),
        ('a \'b;{\' "c \\" d";', ("b;{", 'c " d')),
        ("a b\\ c $d ${e}f;", ("b c", "$d", "${e}f")),
        ("a ~ \\.php$;", ("~", ".php$")),
        ("a b#c # d;\n e;", ("b#c", "e")),
        ("a b'c'd;", ("b'c'd",)),
        ('a "";', ("",)),
    ],
)
def test_words(text, arguments):
    (found,) = parse(text)
    assert (found.name, found.arguments) == ("a", arguments)


def test_lua_is_passed_over():
    text = 'a_by_lua_block { if x then say("}") end -- }\n y = {} }\nb;\n'
    assert [name for name, _, _ in rows(text)] == ["a_by_lua_block", "b"]


@pytest.mark.parametrize(
    "text", ["a", "a {", "}", "a { b }", ";", "{ a; }", "a {{ b }};", "<VirtualHost *:80>\nA b\n"]
)
def test_what_nginx_would_refuse(text):
    assert isinstance(parse(text), Unreadable)


def test_much_of_the_same():
    for piece in ("a {", "a;", "'", '"', "a ", "${", "#", "a_by_lua_block {", "\\", "}"):
        parse(piece * 10_000)
    assert isinstance(parse("a {" * 100 + "}" * 100), Unreadable)


@given(st.text(st.sampled_from("a {};'\"\\$\n#_by_lua_block"), max_size=80))
def test_it_never_raises(text):
    found = parse(text)
    if not isinstance(found, Unreadable):
        assert all(d.place.line >= 1 for d, _ in nginx.walk(found))
