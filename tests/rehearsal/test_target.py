"""Where a deployment is, as a person writes it: what is read, what is refused, what is hidden."""

from __future__ import annotations

import base64
import ssl

import pytest

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.rehearsal.target import MAX_RATE, Target, target


def read(url, **options) -> Target:
    usual = {
        "host": None,
        "ca_file": None,
        "insecure": False,
        "basic": None,
        "rate": 20.0,
        "command": (),
        "environment": {},
    }
    return target(url, **{**usual, **options})


def test_a_url():
    there = read("https://staging.example.com:8443/shop/")
    assert (there.url, there.name) == (
        "https://staging.example.com:8443/shop",
        "staging.example.com:8443",
    )
    assert (there.headers, there.address) == ({}, there.url)
    assert there.server_name is None
    context = there.tls()
    assert context is not None
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert read("http://127.0.0.1").tls() is None


def test_a_host_behind_an_address():
    there = read("https://192.0.2.7/shop", host="shop.example.com:444")
    assert there.address == "https://shop.example.com:444/shop"
    assert there.headers["host"] == "shop.example.com:444"
    assert there.server_name == "shop.example.com"
    assert there.name == "shop.example.com:444"


def test_insecure():
    context = read("https://staging.example.com", insecure=True).tls()
    assert context is not None
    assert (context.check_hostname, context.verify_mode) == (False, ssl.CERT_NONE)


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("https://ann:p%40ss%3A@staging.example.com/", {}),
        ("https://staging.example.com", {"basic": "ann:env:PW", "environment": {"PW": "p@ss:"}}),
    ],
)
def test_basic_authentication_is_nowhere_to_be_read(url, options):
    there = read(url, **options)
    header = there.headers["authorization"]
    assert header == "Basic " + base64.b64encode(b"ann:p@ss:").decode()
    assert there.url == "https://staging.example.com"
    for shown in (repr(there), there.name, there.url):
        assert "ann" not in shown
        assert "p@ss" not in shown
        assert header not in shown


@pytest.mark.parametrize(
    ("url", "options", "words"),
    [
        ("staging.example.com", {}, "no address"),
        ("ftp://staging.example.com", {}, "no address"),
        ("https://", {}, "no address"),
        ("https://[::1", {}, "no valid host"),
        ("https://h:99999", {}, "no valid host"),
        ("https://ho..st", {}, "no valid host"),
        ("https://host/?a=1", {}, "where the application begins"),
        ("https://host/#top", {}, "where the application begins"),
        ("https://host/a b", {}, "where the application begins"),
        ("http://host", {"insecure": True}, "for https"),
        ("http://host", {"ca_file": "ca.pem"}, "for https"),
        ("https://host", {"insecure": True, "ca_file": "ca.pem"}, "any certificate"),
        ("https://host", {"host": "two words"}, "no host"),
        ("https://host", {"host": "a\r\nx: y"}, "no host"),
        ("https://host", {"rate": 0.0}, "--rate 0"),
        ("https://host", {"rate": -1.0}, "--rate -1"),
        ("https://host", {"rate": float("nan")}, "--rate nan"),
        ("https://host", {"rate": 2 * MAX_RATE}, "--rate 2000"),
        ("https://host", {"basic": "ann:s3cret"}, "not USER:env:NAME"),
        ("https://host", {"basic": ":env:PW"}, "not USER:env:NAME"),
        ("https://ann:s3cret@host", {"basic": "ann:env:PW"}, "in the URL too"),
        ("https://a%3Ann:s3cret@host", {}, "no colon"),
        ("https://ann:s3cret@host:99999", {}, "no valid host"),
        ("https://ann:s3/cret@host", {}, "no valid host"),
    ],
)
def test_what_is_refused(url, options, words):
    with pytest.raises(UsageError, match=words) as said:
        read(url, **options)
    assert said.value.hint
    assert "cret" not in f"{said.value} {said.value.hint}"


def test_a_password_that_is_not_set():
    with pytest.raises(EnvironmentLacking, match="variable PW of --basic is not set"):
        read("https://host", basic="ann:env:PW")


def test_a_file_of_authorities(tmp_path):
    there = tmp_path / "ca.pem"
    with pytest.raises(EnvironmentLacking, match="No such file"):
        read("https://host", ca_file=there).tls()
    there.write_text("not a certificate")
    with pytest.raises(EnvironmentLacking, match=r"ca\.pem"):
        read("https://host", ca_file=there).tls()
