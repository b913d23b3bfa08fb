"""A Secret whose variables would win over what the specification says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.kube.needed import required
from holdfast.kube.read import read
from holdfast.kube.refusals.secret import refusals
from holdfast.kube.rejected import Rejected

from .conftest import application

DATABASE = {"database": {"host": "db.example.com"}}
TEXT = """\
apiVersion: holdfast.dev/v1alpha1
kind: LaravelApp
metadata: {name: shop}
spec:
  image: registry.example.com/shop:1.2.3
  host: shop.example.com
  secretName: shop-env
  environments:
    staging: {session: {lifetime: 60}}
"""


def usable(app):
    return dict.fromkeys(required(app), "base64:abc")


def refused(secret, **spec):
    """Of a Secret that has all that it needs, beside what it is told to have."""
    app = application(**spec)
    values = secret if secret is None else usable(app) | secret
    return [
        (".".join(map(str, one.path)), one.reason, one.way_out)
        for one in refusals(replace(app, secret=values))
    ]


@pytest.mark.parametrize(
    ("name", "value", "way_out", "spec"),
    [
        ("SESSION_DRIVER", "file", "session.driver decides it", {}),
        ("SESSION_DOMAIN", ".example.com", "session.domain decides it", {}),
        ("SESSION_COOKIE", "laravel_session", "session.cookie decides it", {}),
        ("REDIS_HOST", "127.0.0.1", "session.store decides it", {}),
        ("REDIS_URL", "redis://elsewhere", "session.store decides it", {}),
        ("DB_HOST", "127.0.0.1", "database decides it", DATABASE),
        ("REDIS_USERNAME", "shop", "session.store decides it", {}),
        ("SESSION_STORE", "memcached", "session.store decides it", {}),
        ("DB_URL", "mysql://elsewhere", "database decides it", DATABASE),
        ("APP_DEBUG", "true", "it is always false, or errors show APP_KEY", {}),
        ("SESSION_SECURE_COOKIE", "false", "it is always true, since users come over TLS", {}),
    ],
)
def test_it_would_win(name, value, way_out, spec):
    assert refused({name: value, "APP_KEY": "x"}, **spec) == [
        (
            "secretName",
            f"{name} in the Secret wins over what is decided here, since pods read it last",
            f"take it out of the Secret; {way_out}",
        )
    ]
    assert refused({"APP_KEY": "x"}, **spec) == []


@pytest.mark.parametrize(
    ("secret", "spec"),
    [
        ({"SESSION_DRIVER": "redis", "APP_DEBUG": "false"}, {}),
        ({"SESSION_DOMAIN": "null", "SESSION_CONNECTION": "", "REDIS_URL": "(NULL)"}, {}),
        ({"DB_HOST": "db.example.com", "DB_URL": "mysql://u:p@db/shop"}, {}),
        ({"APP_ENV": "staging", "LOG_CHANNEL": "stack"}, {}),
        ({"DB_PASSWORD": "x", "REDIS_PASSWORD": "y", "STRIPE_SECRET": "z"}, DATABASE),
        ({"MAIL_USERNAME": "null", "MAIL_PASSWORD": "", "FEATURE": "true"}, {}),
        ({"DB_CONNECTION": "mysql", "DB_HOST": "db.example.com"}, {}),
        ({"REDIS_PASSWORD": "nullable"}, {}),
    ],
)
def test_what_says_the_same_or_is_its_own(secret, spec):
    assert refused(secret, **spec) == []


def test_nothing_instead_of_something_that_is_decided():
    session = {"session": {"connection": "sessions", "store": {"variables": "SESSION_REDIS"}}}
    ((_, reason, _),) = refused({"SESSION_CONNECTION": "null"}, **session)
    assert reason.startswith("SESSION_CONNECTION in the Secret wins")


def test_a_secret_of_somebody_else_says_what_it_holds():
    found = refused(None, secrets={"keys": ["STRIPE_SECRET", "SESSION_DRIVER"]})
    assert [path for path, *_ in found] == ["secrets.keys.1"]


def test_the_file_is_refused_with_that_secret_alone():
    data = TEXT.encode()
    secret = usable(application()) | {"SESSION_LIFETIME": "120"}
    assert read(data, "app.yaml", secret=secret).secret == secret
    with pytest.raises(Rejected) as caught:
        read(data, "app.yaml", secret=secret, environment="staging")
    (line,) = caught.value.lines
    assert line[0] == (
        "app.yaml:9:14: in environment staging: SESSION_LIFETIME in the Secret wins over what is"
        " decided here, since pods read it last"
    )
    assert "120" not in line[0] + line[1]
    with pytest.raises(Rejected, match=r"app.yaml:7:15: SESSION_LIFETIME"):
        read(data, "app.yaml", secret=secret | {"SESSION_LIFETIME": "60"})


@pytest.mark.parametrize("value", ["", " ", "null", "(null)", "NULL", "empty", "(Empty)", "true",
                                   "(true)", "false", "(FALSE)", '"hush"', "'hush'"])  # fmt: skip
@pytest.mark.parametrize("name", ["APP_KEY", "REDIS_PASSWORD", "DB_HOST"])
def test_a_value_that_would_be_another_one(name, value):
    ((path, reason, way_out),) = refused({name: value})
    assert path == "secretName"
    assert reason.startswith(f"{name} of --secret-env ")
    assert way_out == "the value itself"
    assert "hush" not in reason


def test_what_is_lacking_is_named_at_once():
    found = list(refusals(replace(application(), secret={})))
    (one,) = found
    assert one.reason == (
        "the file of --secret-env lacks APP_KEY, DB_CONNECTION, DB_DATABASE, DB_HOST, DB_PASSWORD,"
        " DB_USERNAME, REDIS_PASSWORD"
    )
    assert "`database`" in one.way_out
    (one,) = refusals(replace(application(**DATABASE), secret={"APP_KEY": "x", "DB_PASSWORD": "x"}))
    assert one.reason == "the file of --secret-env lacks DB_DATABASE, DB_USERNAME, REDIS_PASSWORD"
    assert "`database`" not in one.way_out


def test_an_address_of_the_database_says_all_of_it():
    secret = {"APP_KEY": "x", "REDIS_PASSWORD": "x", "DB_CONNECTION": "pgsql", "DB_URL": "pgsql://"}
    assert list(refusals(replace(application(), secret=secret))) == []


def test_a_database_in_each_pod():
    ((_, reason, _),) = refused({"DB_CONNECTION": "sqlite"})
    assert "sqlite, a file in each pod" in reason


def test_what_the_shell_reads_is_not_in_the_secret():
    ((where, _, way_out),) = refused({"LD_PRELOAD": "/srv/a.so", "APP_KEY": "x"})
    assert where == "secretName"
    assert "read before the application is" in way_out
