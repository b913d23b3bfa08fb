"""What is found in an application's own code, its routes and its packages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holdfast.project import code as code_module
from holdfast.project.code import Code, code
from holdfast.project.directory import Directory
from holdfast.project.jobs import jobs
from holdfast.project.middleware import middleware
from holdfast.project.migrations import migrations
from holdfast.project.packages import packages
from holdfast.project.project import load
from holdfast.project.reading import MAX_CODE_BYTES
from holdfast.project.routes import routes
from holdfast.project.script import is_facade
from holdfast.project.singletons import booted, singletons
from holdfast.project.uploads import uploads
from holdfast.project.values import Array, Broken, Known, Unknown

SKELETONS = Path(__file__).parent / "skeletons"


def looked(project, text: str, name: str = "app/A.php") -> Code:
    return code(Directory(project({name: f"<?php\n{text}"})))


def test_calls_and_their_arguments(project):
    found = looked(
        project,
        "namespace App;\nuse Illuminate\\Support\\Facades\\Auth as A;\n"
        "class K { function run() {\n"
        "  Auth::loginUsingId(1, true);\n  A::login($user);\n"
        "  $schedule->command('x:y')->withoutOverlapping(10)\n    ->onOneServer();\n"
        "  $session?->regenerate(destroy: true); \\session_start(); env('A', 'b'); f(...$x);\n}}",
    )
    by_name = {call.name: call for call in found.calls}
    assert set(by_name) == {
        "Auth::loginUsingId", "Auth::login", "->command", "->withoutOverlapping", "->onOneServer",
        "->regenerate", "session_start", "env",
    }  # fmt: skip
    login = by_name["Auth::loginUsingId"]
    assert login.arguments is not None
    assert [a.value for a in login.arguments if isinstance(a, Known)] == [1, True]
    assert by_name["Auth::login"].owner == "illuminate\\support\\facades\\auth"
    assert is_facade(by_name["Auth::login"], "Auth")
    assert by_name["Auth::loginUsingId"].holder == "App\\K::run"
    assert str(by_name["->onOneServer"].spot) == "app/A.php:8:7"
    destroy = by_name["->regenerate"].argument(0, "destroy")
    assert isinstance(destroy, Known)
    assert destroy.value is True
    unknown = by_name["Auth::login"].argument(0, "user")
    assert isinstance(unknown, Unknown)
    assert by_name["->onOneServer"].argument(0, "x") is None


def test_arrays_and_native_sessions(project):
    found = looked(project, "$_SESSION['é'] = 1; /* é */ $x = $_COOKIE['y'];")
    assert [(name, str(spot)) for name, spot in found.arrays] == [
        ("$_SESSION", "app/A.php:2:1"), ("$_COOKIE", "app/A.php:2:34"),
    ]  # fmt: skip


def test_names_in_comments_and_texts_are_none(project):
    found = looked(
        project, "// session_start();\n$x = 'env(1) $_SESSION'; $env = 1; penv(); $a->env;"
    )
    assert found.calls == found.arrays == ()


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("routes/web.php", True), ("bootstrap/app.php", True), ("database/seeders/S.php", True),
        ("modules/src/B.php", True), ("vendor/x/A.php", False), ("tests/A.php", False),
        ("bootstrap/cache/x.php", False), ("app/node_modules/A.php", False), ("app/x.txt", False),
        ("app/tests/A.php", False),
    ],
)  # fmt: skip
def test_where_is_looked(project, name, seen):
    composer = {"autoload": {"psr-4": {"App\\": "app/", "M\\": ["modules/src", "../x", "tests"]}}}
    root = project({name: "<?php session_start();", "composer.json": json.dumps(composer)})
    assert bool(code(Directory(root)).calls) is seen


def test_bounds(project, monkeypatch):
    root = project({f"app/{n}.php": "<?php session_start();" for n in range(3)})
    (root / "app/3.php").write_text("<?php session_start();" + " " * MAX_CODE_BYTES)
    found = code(Directory(root))
    assert (len(found.calls), found.complete) == (3, True)
    monkeypatch.setattr(code_module, "MAX_FILES", 2)
    found = code(Directory(root))
    assert (len(found.calls), found.complete) == (2, False)


def test_hostile_files(project):
    root = project(
        {
            "app/A.php": "<?php session_start(",
            "app/B.php": "<?php " + "session_start(" * 5000 + ")" * 5000 + ";",
            "app/C.php": "<?php session_start();",
        }
    )
    (root / "app/D.php").write_bytes(b"<?php session_start(); $a = '\xff\xfe';")
    (root / "app/loop").symlink_to(".")
    (root / "app/E.php").symlink_to("E.php")
    found = code(Directory(root))
    assert [str(broken.spot) for broken in found.broken] == ["app/A.php:1:1"]
    assert {call.spot.file for call in found.calls} == {"app/B.php", "app/C.php", "app/D.php"}


NESTED = [
    ("Schema::create('x', function ($t) {", "});"),
    ("new class { function up() {", "}};"),
    ("Route::prefix('x')->group(function () {", "});"),
    ("foo(function () {", "});"),
    ("$middleware->web(append: [", "])"),
    ("env([", "])"),
    ("strval(", ")"),
]


@pytest.mark.parametrize(("opened", "closed"), NESTED)
def test_files_that_are_nested_deeply(project, opened, closed):
    depth = 2_000
    nested = (opened * depth + closed * depth).removesuffix(";")
    text = f"$middleware->trustProxies({nested});"
    head = "return Application::configure()->withMiddleware(function ($middleware) {"
    up = "return new class { function up() { "
    root = project(
        {
            "bootstrap/app.php": f"<?php {head}{text}}});",
            "routes/web.php": f"<?php Route::get({nested});",
            "database/migrations/1.php": f"<?php {up}Schema::create('y', {nested}); }}}};",
            "app/A.php": f"<?php class A {{ function b() {{ {text} session_start(); }} }}",
        }
    )
    directory = Directory(root)
    found = code(directory)
    middleware(directory, load(directory, {}), found)
    assert not isinstance(routes(directory), Broken)
    assert not migrations(directory).broken
    assert any(call.name == "session_start" for call in found.calls)


# Singletons


def bound(project, binding: str, parameters: str) -> list[str]:
    directory = Directory(
        project(
            {
                "app/P.php": f"<?php namespace App; class P {{ function r() {{ {binding} }} }}",
                "app/Cart.php": "<?php namespace App; use Illuminate\\Http\\Request; class Cart {"
                f" public function __construct({parameters}) {{}} }}",
            }
        )
    )
    return [f"{s.name} {s.parameter} {s.spot}" for s in singletons(directory)]


def test_singletons(project):
    request = "Illuminate\\Http\\Request"
    found = bound(project, "$this->app->singleton(Cart::class);", "private Request $request")
    assert found == [f"App\\Cart {request} app/Cart.php:1:100"]
    found = bound(
        project, "$this->app->singleton('cart', Cart::class);", "?Request $request = null"
    )
    assert len(found) == 1
    assert not bound(project, "$this->app->singleton(Cart::class);", "Other $request, int $x")
    assert not bound(project, "$this->app->singleton('cart', fn () => 1);", "Request $request")
    assert not bound(project, "$this->app->scoped(Cart::class);", "Request $request")


def test_what_is_made_at_boot(project):
    provider = "<?php namespace App; use X\\Y; class P { function boot(Y $y, ?Z $z, int $n) {} }"
    found = booted(Directory(project({"app/Providers/In/P.php": provider})))
    assert {name: str(spot) for name, spot in found.items()} == {
        "x\\y": "app/Providers/In/P.php:1:55", "app\\z": "app/Providers/In/P.php:1:62",
    }  # fmt: skip


# Routes


def test_routes(project):
    text = """<?php
use Illuminate\\Support\\Facades\\Route;
Route::get('/', fn () => view('x'))->name('home');
Route::view('welcome', 'x');
Route::post('/save', [A::class, 'b']);
Route::prefix('admin')->middleware('auth')->group(function () {
    Route::get('users/{id}', 'x');
    Route::group(['prefix' => '/deep/'], function () { Route::match(['get'], 'x', 'y'); });
});
Route::get('/live', fn () => 'ok')->withoutMiddleware(StartSession::class);
Route::get('/auth-less', fn () => 'ok')->withoutMiddleware('auth');
Route::get($path, 'x');
$router->get('/no', 'x');
"""
    found = routes(Directory(project({"routes/web.php": text})))
    assert not isinstance(found, Broken)
    assert [(r.verb, r.path, r.session) for r in found] == [
        ("get", "/", True), ("view", "/welcome", True), ("post", "/save", True),
        ("get", "/admin/users/{id}", True), ("match", "/admin/deep/x", True),
        ("get", "/live", False), ("get", "/auth-less", True), ("get", None, True),
    ]  # fmt: skip
    assert [r.path for r in found if r.answers("/admin/users/7?x=1")] == ["/admin/users/{id}"]
    assert [r.path for r in found if r.answers("")] == ["/"]
    assert not any(r.answers("/save") or r.answers("/admin/users") for r in found)
    assert str(found[0].spot) == "routes/web.php:3:1"


def test_no_routes_and_broken_ones(project):
    assert routes(Directory(project({}))) == ()
    assert isinstance(routes(Directory(project({"routes/web.php": "<?php ("}))), Broken)


@pytest.mark.parametrize("version", range(8, 14))
def test_the_code_of_a_fresh_application(version):
    directory = Directory(SKELETONS / str(version))
    found = routes(directory)
    assert not isinstance(found, Broken)
    assert [route.path for route in found] == ["/"]
    assert not code(directory).broken
    assert not singletons(directory)


# Packages


def test_packages(project):
    lock = {
        "packages": [{"name": "livewire/livewire", "version": "v4.1.2"}, {"name": "a/b",
                      "version": "dev-main"}, "x", {"name": 1}],
        "packages-dev": [{"name": "d/d", "version": "1.0"}],
    }  # fmt: skip
    asked = {
        "require": {"livewire/livewire": "^4.0", "php": "^8.2"},
        "scripts": {"post-install-cmd": ["@php artisan optimize", "x"], "one": "two"},
    }
    root = project({"composer.lock": json.dumps(lock), "composer.json": json.dumps(asked)})
    found = packages(Directory(root))
    assert found.locked
    livewire = found.get("livewire/livewire")
    assert livewire is not None
    assert (livewire.numbers, livewire.constraint, livewire.dev) == ((4, 1, 2), "^4.0", False)
    other, dev = found.get("a/b"), found.get("d/d")
    assert other is not None
    assert dev is not None
    assert (other.numbers, dev.dev) == (None, True)
    assert found.get("php") is None
    assert found.scripts == {"post-install-cmd": ("@php artisan optimize", "x"), "one": ("two",)}


def test_packages_without_a_lock(project):
    asked = {"require": {"a/b": "^1"}, "require-dev": {"c/d": "*"}, "scripts": []}
    root = project({"composer.lock": "{}", "composer.json": json.dumps(asked)})
    found = packages(Directory(root))
    assert not found.locked
    package = found.get("a/b")
    assert package is not None
    assert (package.version, package.constraint, package.place) == ("", "^1", "composer.json")
    assert found.scripts == {}


# Configuration of packages


def test_what_a_package_s_file_does_not_say_is_up_to_the_package(project):
    read = load(
        project({"config/horizon.php": "<?php return ['use' => 'default', 'a' => []];"}), {}
    )
    use, trim = read.get("horizon.use"), read.get("horizon.trim")
    assert isinstance(use, Known)
    assert isinstance(trim, Unknown)
    assert isinstance(read.get("sanctum.stateful"), Unknown)
    inner = read.get("horizon.a.b")
    assert isinstance(inner, Known)
    assert inner.value is None


def test_defaults_that_are_not_kept_are_unknown(project):
    read = load(project({"config/app.php": "<?php return ['name' => 'X'];"}), {"APP_DEBUG": "true"})
    assert isinstance(read.get("app.timezone"), Unknown)
    debug, retry = read.get("app.debug"), read.get("queue.connections.redis.retry_after")
    assert isinstance(debug, Known)
    assert isinstance(retry, Known)
    assert (debug.value, retry.value) == (True, 90)
    origins = read.get("cors.allowed_origins")
    assert isinstance(origins, Known)
    assert isinstance(origins.value, Array)


# Jobs and uploads


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("public $timeout = 600;", [("J", 600, "")]),
        ("public int $timeout = 60 * 5; public $connection = 'slow';", [("J", 300, "slow")]),
        ("public $timeout = self::LONG;", []),
        ("public $timeout = 600; public $connection = NAME;", []),
        ("public $timeout = 600; public function timeout() { return 5; }", []),
        ("public $tries = 3; /* $timeout */", []),
    ],
)
def test_jobs(project, body, told):
    text = "<?php namespace App\\Jobs; use Illuminate\\Contracts\\Queue\\ShouldQueue;\n"
    directory = Directory(
        project({"app/Jobs/J.php": f"{text}class J implements X, ShouldQueue {{ {body} }}"})
    )
    assert [(job.name, job.timeout, job.connection) for job in jobs(directory)] == told


def test_a_class_that_is_not_queued_is_no_job(project):
    text = "<?php class J { public $timeout = 600; }"
    assert jobs(Directory(project({"app/J.php": text, "app/K.php": "<?php $timeout = ("}))) == ()


def test_uploads(project):
    text = "<?php\nuse Livewire\\{trait};\nclass A {{ use Other, {name}; }}"
    found = {
        "app/A.php": text.format(trait="WithFileUploads", name="WithFileUploads"),
        "app/B.php": text.format(trait="WithFileUploads as Files", name="Files"),
        "app/C.php": text.format(trait="Component", name="WithFileUploads"),
        "app/D.php": "<?php WithFileUploads(",
    }
    assert [str(spot) for spot in uploads(Directory(project(found)))] == [
        "app/A.php:3:22", "app/B.php:3:22",
    ]  # fmt: skip
