"""A Secret whose variables would win over what the specification says."""

from __future__ import annotations

from dataclasses import replace

import pytest

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


def refused(secret, **spec):
    return [
        (".".join(map(str, one.path)), one.reason, one.way_out)
        for one in refusals(replace(application(**spec), secret=secret))
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
    secret = {"SESSION_LIFETIME": "120", "APP_KEY": "x"}
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
