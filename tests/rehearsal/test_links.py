"""Where redirects lead: within the site, whatever scheme and form they have."""

from __future__ import annotations

import pytest

from holdfast.rehearsal.client import Response
from holdfast.rehearsal.links import path_of, redirect


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/welcome", "/welcome"),
        ("welcome?a=1#part", "/shop/welcome?a=1"),
        ("?page=2", "/shop/list?page=2"),
        ("http://store.test:8080/x", "/x"),
        ("https://store.test:8080", "/"),
        ("//store.test:8080/y", "/y"),
        ("https://store.test/x", None),
        ("https://example.com/", None),
        ("javascript:alert(1)", None),
        ("http://[::1", None),
        ("", None),
    ],
)
def test_a_redirect(location, target):
    response = Response(302, [("location", location)], b"")
    assert redirect(response, "store.test:8080", "/shop/list?page=1") == target


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/shop/account?a=1", "/account?a=1"),
        ("account", "/account"),
        ("https://store.test/shop", "/"),
        ("/shop?page=2", "/?page=2"),
        ("/account", None),
        ("/shopping", None),
        ("https://store.test.example.com/shop/", None),
    ],
)
def test_a_redirect_of_an_application_below_a_path(location, target):
    response = Response(302, [("location", location)], b"")
    assert redirect(response, "store.test/shop", "/login") == target


def test_what_is_no_redirect():
    assert redirect(Response(200, [("location", "/x")], b""), "h", "/") is None
    assert redirect(Response(303, [], b""), "h", "/") is None


def test_the_history_is_told_no_query():
    assert path_of("/welcome?token=secret") == "/welcome"
