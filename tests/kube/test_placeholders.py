"""Values of examples are found before they are deployed."""

from __future__ import annotations

import pytest

from holdfast.kube.needed import needed
from holdfast.kube.placeholders import is_placeholder, placeholders

from .conftest import application


@pytest.mark.parametrize(
    "value",
    [
        "example.com",
        "mysql.example.com",
        "shop.example.org",
        "https://cdn.example.net/files",
        "registry.example.com/shop@sha256:0",
        "hello@example.com",
        "shop.test",
        "db.invalid",
        "a.b.example:3306",
        "https://sqs.us-east-1.amazonaws.com/123456789012/default",
        "arn:aws:iam::123456789012:role/shop",
        "fill-in",
        "fillin",
    ],
)
def test_an_example(value):
    assert is_placeholder(value)


@pytest.mark.parametrize(
    "value",
    [
        "shop.io",
        "myexample.com",
        "my-example.com",
        "example.com.mx",
        "example.community",
        "test.shop.io",
        "shop.testing.io",
        "1123456789012",
        "fill-in-the-blanks",
        "latest",
        "phpunit.test.io",
    ],
)
def test_none(value):
    assert not is_placeholder(value)


def test_where_they_are():
    app = application(
        host="shop.io",
        aliases=["www.shop.io", "shop.test"],
        database={"host": "mysql.example.com", "name": "fill-in", "user": "shop"},
        config={"ASSET_URL": "https://cdn.example.com"},
        environments={"staging": {"host": "staging.example.com"}},
    )
    paths = ["image", "aliases[1]", "database.host", "database.name", "config.ASSET_URL"]
    assert sorted(placeholders(app)) == sorted(paths)
    assert set(needed(app, []).examples) == set(paths)
    own = application(image="registry.shop.io/shop:1", host="shop.io")
    assert placeholders(own) == []
