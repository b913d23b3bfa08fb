"""A browser's cookies: what is kept, what is taken away, what is sent back."""

from __future__ import annotations

import pytest

from holdfast.rehearsal.jar import MAX_COOKIES, Jar, cookies_of


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("a=1", ("a", "1")),
        ("a=b%3D; expires=Thu, 26-Nov-2026 20:57:46 GMT; Max-Age=7200; path=/", ("a", "b%3D")),
        ("a=1; path=/; Secure; HttpOnly; SameSite=Lax; Partitioned", ("a", "1")),
        (' a = "1" ;x=y', ("a", "1")),
        ("a=", ("a", "")),
        ("a=1; Max-Age=0", ("a", None)),
        ("a=1; max-age = -5", ("a", None)),
        ("a=1; Max-Age=", ("a", "1")),
        ("a=1; Max-Age=soon", ("a", "1")),
    ],
)
def test_a_header_is_read_as_browsers_read_it(header, found):
    assert list(cookies_of([header])) == [found]


def test_what_is_no_cookie_is_skipped():
    assert list(cookies_of(["", "a", "; a=1", "=1"])) == []


def test_the_session_cookie_has_the_applications_name():
    jar = Jar(session_cookie="shop_session")
    assert not jar.take(["laravel_session=x"], 1)
    assert jar.take(["shop_session=y", "other=z"], 2)
    assert jar.session_from == 2
    assert jar.header() == "laravel_session=x; shop_session=y; other=z"
    before = jar.copy()
    assert jar.take(["shop_session=; Max-Age=0"], 3)
    assert jar.header() == "laravel_session=x; other=z"
    assert before.cookies["shop_session"] == "y"
    assert before.session_cookie == "shop_session"


def test_a_flood_of_cookies_is_bounded_and_those_that_are_there_change_still():
    jar = Jar()
    jar.take([f"c{number}=1" for number in range(2 * MAX_COOKIES)], 1)
    jar.take(["c0=2"], 2)
    assert len(jar.cookies) == MAX_COOKIES
    assert jar.cookies["c0"] == "2"
