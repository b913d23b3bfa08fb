"""What happens to requests: trusted proxies, exceptions, sessions of the API; Laravel 8 to 13."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holdfast.project.code import code
from holdfast.project.directory import Directory
from holdfast.project.environment import Process
from holdfast.project.middleware import Middleware, middleware
from holdfast.project.project import load
from holdfast.project.trusted_proxies import TrustedProxies
from holdfast.project.values import Known, Unknown, Variable

SKELETONS = Path(__file__).parent / "skeletons"
HEAD = "<?php\nuse Illuminate\\Http\\Middleware\\TrustProxies;\nreturn Application::configure()"
KERNEL = """<?php
namespace App\\Http;
use App\\Http\\Middleware\\TrustProxies;
class Kernel extends HttpKernel {
    protected $middleware = [TrustProxies::class];
    protected $middlewareGroups = ['web' => [
        \\Illuminate\\Session\\Middleware\\AuthenticateSession::class,
    ], 'api' => [\\Laravel\\Sanctum\\Http\\Middleware\\EnsureFrontendRequestsAreStateful::class]];
    protected $routeMiddleware = ['guest' => Guest::class];
}
"""
TRUST = """<?php
namespace App\\Http\\Middleware;
use {parent} as Middleware;
class TrustProxies extends Middleware {{
    {body}
}}
"""
LOCK = {
    version: json.dumps({"packages": [{"name": "laravel/framework", "version": version}]})
    for version in ("v8.83.29", "v10.50.0", "v12.67.0")
}


def read(root: Path, env: Process | None = None) -> Middleware:
    directory = Directory(root)
    return middleware(directory, load(directory, env or {}), code(directory))


def configured(project, body: str, env: Process | None = None, **files: str) -> Middleware:
    text = f"{HEAD}->withMiddleware(function (Middleware $middleware) {{\n{body}\n}})->create();"
    return read(project({"bootstrap/app.php": text, **files}), env)


def trusted(found: Middleware) -> tuple[str, ...] | str:
    if isinstance(found.trusted, Unknown):
        return found.trusted.why
    return found.trusted.addresses


@pytest.mark.parametrize("version", range(8, 14))
def test_a_fresh_application_trusts_no_proxy(version):
    found = read(SKELETONS / str(version))
    assert trusted(found) == found.unencrypted == found.csrf_except == ()
    assert found.stateful_api is found.authenticates_sessions is None
    assert not found.env_calls
    health = found.health.value if isinstance(found.health, Known) else None
    assert health == ("/up" if version >= 11 else None)


@pytest.mark.parametrize(
    ("body", "addresses"),
    [
        ("$middleware->trustProxies(at: '*');", ("*",)),
        ("$middleware->trustProxies('**');", ("**",)),
        ("$middleware->trustProxies(at: ['10.0.0.0/8', '192.168.0.1']);",
         ("10.0.0.0/8", "192.168.0.1")),
        ("$middleware->trustProxies(at: '10.0.0.1, 10.0.0.2');", ("10.0.0.1", "10.0.0.2")),
        ("$middleware->trustProxies(headers: 1);", ()),
        ("$middleware->trustProxies(at: ['*']);", ()),
        ("$middleware->web(append: [A::class])->trustProxies('*');", ("*",)),
        ("$middleware->trustProxies(at: env('PROXIES'));", ()),
        ("$middleware->trustProxies(at: env('PROXIES', '*'));", ("*",)),
        ("$middleware->trustProxies(at: explode(',', '10.0.0.1,10.0.0.2'));",
         ("10.0.0.1", "10.0.0.2")),
    ],
)  # fmt: skip
def test_trusted_proxies(project, body, addresses):
    assert trusted(configured(project, body)) == addresses


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("if (x()) { $middleware->trustProxies('*'); }", "under a condition"),
        ("$middleware->trustProxies(at: x());", "this function gives"),
        ("$middleware->replace(TrustProxies::class, Own::class);", "exchanged"),
        ("Own::configure($middleware);", "another function"),
    ],
)
def test_trusted_proxies_that_code_decides(project, body, why):
    assert why in trusted(configured(project, body))


def test_everyone():
    for addresses in (("*",), ("**",), ("REMOTE_ADDR",), ("10.0.0.1", "0.0.0.0/0")):
        assert TrustedProxies(addresses, "").everyone
    assert not TrustedProxies((), "").everyone
    assert not TrustedProxies(("10.0.0.0/8",), "").everyone


def test_trusted_elsewhere(project):
    provider = "<?php namespace App\\Providers; use Illuminate\\Http\\Middleware\\TrustProxies;"
    provider += " class P { function boot() { TrustProxies::at('*'); } }"
    found = configured(project, "", **{"app/Providers/P.php": provider})
    assert trusted(found) == "it is set by code"
    found = configured(project, "", **{"app/Providers/P.php": "<?php // TrustProxies::at('*')"})
    assert trusted(found) == ()


def test_trusted_by_configuration(project):
    files = {"config/trustedproxy.php": "<?php return ['proxies' => env('PROXIES')];"}
    found = configured(project, "", {"PROXIES": "10.0.0.9"}, **files)
    assert isinstance(found.trusted, TrustedProxies)
    assert (found.trusted.addresses, found.trusted.place) == (
        ("10.0.0.9",),
        "config/trustedproxy.php:1",
    )


def test_with_middleware_runs_before_the_environment_file_is_read(project):
    body = "$middleware->trustProxies(at: env('PROXIES'));"
    found = configured(project, body, **{".env": "PROXIES=*\n"})
    assert trusted(found) == ()
    assert [(call.arguments[0].value, str(call.spot)) for call in found.env_calls] == [
        ("PROXIES", "bootstrap/app.php:4:31")
    ]
    found = configured(project, body, {"PROXIES": Variable("*", "web.yaml:9")})
    assert trusted(found) == ("*",)
    found = configured(project, body, {"PROXIES": Unknown("web.yaml:9", "", "a Secret")})
    assert trusted(found) == "a Secret"


def test_the_rest_of_the_middleware(project):
    found = configured(
        project,
        "$middleware->encryptCookies(except: ['a', 'b']);\n$middleware->statefulApi();\n"
        "$middleware->validateCsrfTokens(except: ['stripe/*']);\n"
        "$middleware->preventRequestForgery(['hook']);\n"
        "$middleware->web(append: [\\App\\Own::class, 'auth.session']);\n"
        "$middleware->alias(['x' => \\App\\Alias::class]);",
    )
    assert found.unencrypted == ("a", "b")
    assert found.csrf_except == ("stripe/*", "hook")
    assert str(found.stateful_api) == "bootstrap/app.php:5:14"
    assert str(found.authenticates_sessions) == "bootstrap/app.php:8:44"
    assert set(found.classes) == {"App\\Own", "auth.session"}
    found = configured(project, "$middleware->authenticateSessions();")
    assert found.authenticates_sessions
    found = configured(project, "if (x()) { $middleware->encryptCookies(['a']); }")
    assert isinstance(found.unencrypted, Unknown)


@pytest.mark.parametrize("parent", ["Illuminate\\Http\\Middleware\\TrustProxies",
                                    "Fideloper\\Proxy\\TrustProxies"])  # fmt: skip
@pytest.mark.parametrize("version", ["v8.83.29", "v10.50.0", "v12.67.0"])
@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("protected $proxies;", ()),
        ("protected $proxies = '*';", ("*",)),
        ("protected $proxies = ['10.0.0.0/8'];", ("10.0.0.0/8",)),
        ("protected $headers = Request::HEADER_X_FORWARDED_FOR;", ()),
        ("protected $proxies = '*';\nprotected function proxies() { return []; }",
         "the class decides by code of its own"),
    ],
)  # fmt: skip
def test_a_kernel(project, parent, version, body, told):
    root = project(
        {
            "composer.lock": LOCK[version],
            "app/Http/Kernel.php": KERNEL,
            "app/Http/Middleware/TrustProxies.php": TRUST.format(parent=parent, body=body),
            "app/Http/Middleware/EncryptCookies.php": "<?php class E { public $except = ['x']; }",
            "app/Http/Middleware/VerifyCsrfToken.php": "<?php class V { protected $except = f(); }",
        }
    )
    found = read(root)
    assert trusted(found) == told
    assert found.unencrypted == ("x",)
    assert isinstance(found.csrf_except, Unknown)
    assert str(found.authenticates_sessions) == "app/Http/Kernel.php:7:9"
    assert str(found.stateful_api) == "app/Http/Kernel.php:8:18"
    assert "App\\Http\\Guest" not in found.classes


def test_a_kernel_that_trusts_no_proxy_at_all(project):
    text = "<?php class Kernel extends K { protected $middleware = [A::class]; }"
    root = project({"composer.lock": LOCK["v10.50.0"], "app/Http/Kernel.php": text})
    assert trusted(read(root)) == ()


def test_neither_file(project):
    assert "neither" in trusted(read(project({})))


def test_files_that_are_no_php(project):
    found = read(
        project({"composer.lock": LOCK["v10.50.0"], "app/Http/Kernel.php": "<?php class {"})
    )
    assert trusted(found) == "it is not valid PHP"
    assert [str(broken.spot) for broken in found.broken] == ["app/Http/Kernel.php:1:1"]
