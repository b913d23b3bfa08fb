"""How a login is said, and what is sent of it."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.rehearsal.site import EXAMPLE, parse_login, require_path, split_login

ENV = {"SHOP_PASSWORD": "sword & fish"}


def test_the_example():
    login = parse_login(EXAMPLE, ENV)
    assert (login.method, login.path) == ("POST", "/login")
    assert parse_qs(login.body(7, "T").decode()) == {
        "_token": ["T"],
        "email": ["visitor7@example.com"],
        "password": ["sword & fish"],
    }
    assert "sword" not in repr(login)


def test_words_are_split_as_a_shell_does():
    login = parse_login("put '/sign-in'.php?x=1 'name=a b' empty= odd=a=b time=env", ENV)
    assert login.method == "PUT"
    assert login.fields == {"name": "a b", "empty": "", "odd": "a=b", "time": "env"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not METHOD PATH FIELDS"),
        ("POST", "not METHOD PATH FIELDS"),
        ("POST /login 'email=x", "not METHOD PATH FIELDS"),
        ("GET /login", "'GET' logs nobody in"),
        ("POST login", "'login' is no path"),
        ("POST https://example.com/login", "is no path"),
        ("POST /login a=1 secret", "field 2 is not NAME=VALUE"),
        ("POST /login =1", "field 1 is not NAME=VALUE"),
    ],
)
def test_what_is_no_login(text, words):
    with pytest.raises(UsageError, match=words) as error:
        split_login(text)
    assert "secret" not in str(error.value)


def test_a_variable_that_is_not_set():
    with pytest.raises(EnvironmentLacking, match="SHOP_PASSWORD is not set") as error:
        parse_login(EXAMPLE, {})
    assert "the field password" in error.value.hint


@pytest.mark.parametrize("path", ["", "up", "//example.com/", "/a b", "/a\n", "/ü"])
def test_what_is_no_path(path):
    with pytest.raises(UsageError, match="is no path of the application"):
        require_path(path)


def test_a_path_may_have_a_query():
    assert require_path("/up?full=1") == "/up?full=1"
