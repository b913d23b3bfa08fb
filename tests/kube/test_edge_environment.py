"""Variables of the edge: whom the application believes, and whom Sanctum knows."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from holdfast.kube.edge import entry
from holdfast.kube.environment.gather import variables
from tests.kube.audited import findings, rendered
from tests.kube.conftest import application


def trusted(app):
    return variables(app)["TRUSTED_PROXIES"].split(",")


@pytest.mark.parametrize(
    ("address", "believed"),
    [
        ("10.244.1.7", True),
        ("172.31.9.9", True),
        ("192.168.0.3", True),
        ("100.64.3.1", True),
        ("fd00::7", True),
        ("127.0.0.6", False),
        ("203.0.113.9", False),
        ("172.32.0.1", False),
        ("2001:db8::1", False),
    ],
)
def test_private_networks_are_believed(app, address, believed):
    networks = map(ip_network, trusted(app))
    assert any(ip_address(address) in one for one in networks) is believed


def test_a_sidecar_is_believed():
    app = application(mesh={"istio": {}})
    assert "127.0.0.0/8" in trusted(app)


def test_networks_that_are_said_take_their_place():
    assert trusted(application(edge={"trustedProxies": ["10.9.0.0/16", "fd00:9::/48"]})) == [
        "10.9.0.0/16",
        "fd00:9::/48",
    ]


@pytest.mark.parametrize(
    ("laravel", "file"), [(8, "TrustProxies.php"), (10, "TrustProxies.php"), (11, "bootstrap/app")]
)
def test_the_line_that_the_application_needs_is_said(laravel, file):
    [said] = [
        one
        for one in entry.decisions(application(laravel=laravel))
        if one.subject == "trusted proxies"
    ]
    assert "<?php return ['proxies' => env('TRUSTED_PROXIES')];" in said.because
    assert "config/trustedproxy.php" in said.because
    assert file in said.because
    assert f"Laravel {laravel} " in said.because


@pytest.mark.parametrize(
    ("edge", "whose"),
    [
        ({}, "the cluster's ingress controller"),
        ({"ingress": {"controller": "nginx"}}, "ingress-nginx"),
        ({"gateway": {"controller": "cilium", "className": "cilium"}}, "Cilium"),
    ],
)
def test_it_is_said_whose_networks_they_are(edge, whose):
    [said] = [
        one for one in entry.decisions(application(edge=edge)) if one.subject == "trusted proxies"
    ]
    assert f"networks of {whose};" in said.because


BOOTSTRAP = """<?php
use Illuminate\\Foundation\\Application;
use Illuminate\\Foundation\\Configuration\\Middleware;

return Application::configure(basePath: dirname(__DIR__))
    ->withRouting(web: __DIR__.'/../routes/web.php')
    ->withMiddleware(function (Middleware $middleware) {
    })
    ->create();
"""
LOCK = '{"packages": [{"name": "laravel/framework", "version": "v12.40.0"}]}'


@pytest.mark.parametrize(
    ("line", "variable", "found"),
    [
        ("<?php return ['proxies' => env('TRUSTED_PROXIES')];", True, "nothing"),
        ("<?php return ['proxies' => env('TRUSTED_PROXIES')];", False, "cannot be told"),
        (None, True, "Laravel trusts no proxy"),
    ],
)
def test_with_that_line_laravel_knows_that_users_came_by_https(tmp_path, line, variable, found):
    """HF401 evaluates the application's configuration under the rendered environment."""
    project(tmp_path, line)
    objects = rendered(application(edge={"ingress": {"controller": "nginx"}}))
    for one in objects:
        if one["kind"] == "ConfigMap" and not variable:
            one["data"].pop("TRUSTED_PROXIES", None)
    said = findings(objects, projects=[tmp_path], rules=["HF401"])
    assert found in (said[0] if said else "nothing")


def project(directory, line):
    """A Laravel application, with or without that file."""
    files = {
        "artisan": "#!/usr/bin/env php\n",
        "bootstrap/app.php": BOOTSTRAP,
        "composer.json": '{"require": {"laravel/framework": "^12.0"}}',
        "composer.lock": LOCK,
        "config/trustedproxy.php": line,
    }
    for name, text in files.items():
        if text is not None:
            (directory / name).parent.mkdir(exist_ok=True)
            (directory / name).write_text(text)


@pytest.mark.parametrize(
    ("spec", "stateful"),
    [
        ({}, None),
        ({"aliases": ["www.example.com"]}, "shop.example.com,www.example.com"),
        (
            {
                "aliases": ["www.example.com"],
                "config": {"SANCTUM_STATEFUL_DOMAINS": "app.example.com"},
            },
            "app.example.com",
        ),
    ],
)
def test_sanctum_knows_users_at_all_hosts(spec, stateful):
    assert variables(application(**spec)).get("SANCTUM_STATEFUL_DOMAINS") == stateful
