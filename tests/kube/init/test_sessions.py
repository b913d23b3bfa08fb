"""Sessions: cookie and prefix as they are in effect, a store that all replicas share."""

from __future__ import annotations

import pytest

from tests.kube.init.made import spec, tasks, written

REDIS = "SESSION_DRIVER=redis\n"
REAL = "REDIS_HOST=redis.prod.example.org\n"


def test_the_effective_names_are_pinned(project):
    session = spec(
        project(env="APP_NAME='My App'\nSESSION_LIFETIME=15\nSESSION_SAME_SITE=strict\n")
    )
    assert session["session"] == {
        "driver": "database",
        "lifetime": 15,
        "cookie": "my-app-session",
        "sameSite": "strict",
        "encrypt": False,
        "prefix": "my-app-database-",
    }
    assert session["cache"] == {"store": "database", "prefix": "my-app-cache-"}


def test_each_value_says_where_it_is_from(project):
    found = written(project(env="SESSION_COOKIE=sid\n"))
    places = {read.path: read.where for read in found.read}
    assert places["spec.session.driver"] == ".env:8 SESSION_DRIVER"
    assert places["spec.session.cookie"] == ".env:22 SESSION_COOKIE"
    assert places["spec.session.sameSite"] == "config/session.php:23"
    assert places["spec.laravel"] == "composer.lock"
    assert "    cookie: sid  # .env:22 SESSION_COOKIE\n" in found.text


@pytest.mark.parametrize(
    ("env", "driver"),
    [
        ("redis", "redis"),
        ("database", "database"),
        ("cookie", "cookie"),
        ("file", "redis"),
        ("array", "redis"),
        ("apc", "redis"),
        ("null", "redis"),
        ("mongodb", "redis"),
    ],
)
def test_drivers_that_replicas_share(project, env, driver):
    found = written(project(env=f"SESSION_DRIVER={env}\n"))
    assert found.app["spec"]["session"]["driver"] == driver
    exchanged = "logs in once more" in found.text
    assert exchanged == (env not in ("database", "cookie"))
    store = {"store": {"single": {}}} if driver == "redis" else {}
    assert found.app["spec"]["session"].items() >= store.items()
    assert ("store" in found.app["spec"]["session"]) == bool(store)


def test_a_driver_that_cannot_be_told_is_a_gap(project):
    found = written(project(files={"config/session.php": "<?php return ['driver' => f()];"}))
    gap = next(gap for gap in found.gaps if gap.path == "spec.session.driver")
    assert gap.what == "the session driver; config/session.php:1: what this function gives"


def test_a_server_of_somebody_is_kept(project):
    env = REDIS + REAL + "REDIS_PORT=6380\nREDIS_PASSWORD=secret-word\n"
    found = written(project(env=env))
    assert found.app["spec"]["session"]["store"] == {
        "external": {"host": "redis.prod.example.org", "port": 6380}
    }
    assert "secret-word" not in found.text
    assert "log in once more" not in found.text


def test_without_a_password_and_over_tls(project):
    env = REDIS + "REDIS_HOST=tls://redis.prod.example.org\n"
    assert spec(project(env=env))["session"]["store"] == {
        "external": {"host": "redis.prod.example.org", "tls": True, "password": False}
    }


@pytest.mark.parametrize(
    "host", ["redis", "127.0.0.1", "localhost", "redis.test", "/var/run/r.sock"]
)
def test_a_developers_server_is_not(project, host):
    session = spec(project(env=f"{REDIS}REDIS_HOST={host}\n"))["session"]
    assert session["store"] == {"single": {}}
    assert session["prefix"] == "laravel-database-"


@pytest.mark.parametrize(
    ("env", "files", "also"),
    [
        ("QUEUE_CONNECTION=redis\n", {}, "jobs"),
        ("CACHE_STORE=redis\n", {}, "the cache"),
        ("CACHE_STORE=redis\nQUEUE_CONNECTION=redis\n", {}, "jobs and the cache"),
    ],
)
def test_sessions_stand_apart_from_what_fills_or_flushes(project, env, files, also):
    root = project(env=REDIS + env, files=files)
    found = written(root)
    session = found.app["spec"]["session"]
    assert session["store"] == {"single": {}, "variables": "SESSION_REDIS"}
    assert session["connection"] == "session"
    assert found.app["spec"]["redis"] == {"external": {"host": "redis.example.com"}}
    assert f"Apart from {also}, which are" in found.text
    (gap,) = (one.what for one in found.gaps if one.path == "spec.redis.external.host")
    evicts = "evicts nothing" if "jobs" in also else "may evict it"
    assert gap.startswith(f"a Redis for {also}, which {evicts}")
    assert "'session' => ['host' => env('SESSION_REDIS_HOST')" in tasks(root)


def test_jobs_keep_the_server_that_is_there(project):
    found = written(project(env=REDIS + REAL + "QUEUE_CONNECTION=redis\n"))
    assert found.app["spec"]["session"]["store"]["single"] == {}
    assert found.app["spec"]["redis"]["external"]["host"] == "redis.prod.example.org"
    assert "redis.prod.example.org (.env:23 REDIS_HOST) are not moved" in found.text


def test_a_connection_that_is_fixed(project):
    session = "<?php return ['driver' => 'redis', 'cookie' => 'c', 'connection' => null];"
    root = project(files={"config/session.php": session}, env="QUEUE_CONNECTION=redis\n")
    assert (
        "config/session.php:1: the value is fixed there: write env('SESSION_CONNECTION')"
        in tasks(root)
    )


def test_a_connection_of_its_own_is_taken(project):
    database = """<?php return ['default' => 'mysql', 'connections' => [], 'redis' => [
        'client' => 'phpredis',
        'options' => ['prefix' => 'p_'],
        'default' => ['host' => env('REDIS_HOST', 'redis')],
        'users' => ['host' => env('USERS_HOST', 'redis'), 'password' => env('USERS_PASSWORD')],
    ]];"""
    env = f"{REDIS}SESSION_CONNECTION=users\nCACHE_STORE=redis\nQUEUE_CONNECTION=sync\n"
    root = project(files={"config/database.php": database}, env=env)
    session = spec(root)["session"]
    assert session["store"] == {"single": {}, "variables": "USERS"}
    assert (session["connection"], session["prefix"]) == ("users", "p_")
    assert "connection of their own" not in tasks(root)


@pytest.mark.parametrize(
    ("env", "store", "gaps"),
    [
        (
            "SESSION_DRIVER=memcached\n",
            {"external": {"host": "memcached.example.com"}},
            ["spec.session.store.external.host"],
        ),
        (
            "SESSION_DRIVER=memcached\nMEMCACHED_HOST=cache.example.org\n",
            {"external": {"host": "cache.example.org"}},
            [],
        ),
        (
            "SESSION_DRIVER=dynamodb\n",
            {"dynamodb": {"table": "cache", "region": "us-east-1"}},
            ["spec.session.store.dynamodb.region"],
        ),
    ],
)
def test_other_stores(project, env, store, gaps):
    found = written(project(env=env))
    assert found.app["spec"]["session"]["store"] == store
    assert [gap.path for gap in found.gaps if gap.path.startswith("spec.session")] == gaps
    assert "It is part of a session's key" in found.text


def test_no_table_for_sessions(project):
    root = project(env="SESSION_TABLE=web_sessions\n")
    assert "no migration makes web_sessions: php artisan make:session-table" in tasks(root)
    assert spec(root)["config"]["SESSION_TABLE"] == "web_sessions"


def test_the_command_of_old_versions(project):
    env = "SESSION_DRIVER=database\nCACHE_DRIVER=database\nQUEUE_CONNECTION=database\n"
    said = tasks(project("9", env=env))
    for table in ("session", "cache", "queue"):
        assert f"php artisan {table}:table" in said


@pytest.mark.parametrize(
    ("domain", "host", "kept"),
    [
        (".example.org", "shop.example.org", "example.org"),
        ("example.org", "example.org", "example.org"),
        ("example.org", "shop.example.net", None),
        ("example.org", "badexample.org", None),
        ("localhost", "shop.example.org", None),
        ("null", "shop.example.org", None),
    ],
)
def test_domains(project, domain, host, kept):
    root = project(env=f"SESSION_DOMAIN={domain}\n")
    assert spec(root, host=host)["session"].get("domain") == kept


def test_a_cookie_that_has_no_domain(project):
    root = project(env="SESSION_DOMAIN=.example.org\nSESSION_COOKIE=__Host-sid\n")
    session = spec(root, host="shop.example.org")["session"]
    assert (session["cookie"], "domain" in session) == ("__Host-sid", False)


@pytest.mark.parametrize(
    ("said", "minutes", "most"), [("525600", 525_600, False), ("525601", 525_600, True)]
)
def test_no_session_lasts_more_than_a_year(project, said, minutes, most):
    found = written(project(env=f"SESSION_LIFETIME={said}\n"))
    assert found.app["spec"]["session"]["lifetime"] == minutes
    assert ("more than a year" in found.text) == most


def test_the_other_cookie_of_laravel_is_no_session(project):
    found = written(project(env="SESSION_COOKIE=XSRF-TOKEN\n"))
    assert "cookie" not in found.app["spec"]["session"]
    assert "spec.session.cookie" in {gap.path for gap in found.gaps}


def test_a_connection_with_an_odd_name(project):
    root = project(env="SESSION_CONNECTION='Odd Name'\n")
    assert "connection" not in spec(root)["session"]
    assert "the connection Odd Name needs a name of letters, digits, - and _" in tasks(root)


def test_a_host_that_is_not_known_is_in_the_domain(project):
    assert spec(project(env="SESSION_DOMAIN=.shop.org\nAPP_NAME=X\n"))["host"] == "x.shop.org"


@pytest.mark.parametrize(
    ("client", "files", "said"),
    [
        ("", {}, "it needs PHP's extension redis"),
        ("", {"composer.json": '{"require": {"ext-redis": "*"}}'}, ""),
        ("REDIS_CLIENT=predis\n", {}, "predis, which is not installed"),
        (
            "REDIS_CLIENT=predis\n",
            {"composer.lock": '{"packages": [{"name": "laravel/framework", "version": "v12.1.0"},'
             ' {"name": "predis/predis", "version": "v2.0.0"}]}'},
            "",
        ),
    ],
)  # fmt: skip
def test_what_php_needs(project, client, files, said):
    root = project(files=files, env=REDIS + client)
    found = tasks(root)
    assert said in found
    assert ("redis" in found or "predis" in found) == bool(said)
    if client:
        assert spec(root)["config"]["REDIS_CLIENT"] == "predis"


def test_a_driver_that_is_fixed(project):
    root = project("8", files={"config/session.php": "<?php\nreturn [\n'driver' => 'file'];"})
    assert "config/session.php:3: the value is fixed there: write env('SESSION_DRIVER')" in tasks(
        root
    )


@pytest.mark.parametrize(
    ("secure", "said"),
    [
        ("false", "the value is fixed there: write env('SESSION_SECURE_COOKIE')"),
        ("env('SECURE', false)", "it reads SECURE: write env('SESSION_SECURE_COOKIE')"),
        ("true", ""),
        ("null", ""),
        ("env('SESSION_SECURE_COOKIE', false)", ""),
    ],
)
def test_a_cookie_over_plain_http(project, secure, said):
    session = f"<?php return ['driver' => 'cookie', 'cookie' => 'c', 'secure' => {secure}];"
    found = tasks(project(files={"config/session.php": session}))
    assert said in found
    assert ("SECURE_COOKIE" in found) == bool(said)


def test_a_cookie_that_cannot_be_told_is_said(project):
    root = project(
        files={"config/session.php": "<?php return ['driver' => 'cookie', 'cookie' => f()];"}
    )
    found = written(root)
    assert "cookie" not in found.app["spec"]["session"]
    assert "# To be filled in: cookie, its name as it is now, or users log in once" in found.text
    gap = next(gap for gap in found.gaps if gap.path == "spec.session.cookie")
    assert "config/session.php:1: what this function gives" in gap.what


def test_a_prefix_that_cannot_be_told_is_said(project):
    cache = "<?php return ['default' => 'array', 'stores' => [], 'prefix' => f()];"
    found = written(project(files={"config/cache.php": cache}, env=REDIS))
    assert "prefix" not in found.app["spec"]["cache"]
    gap = next(gap for gap in found.gaps if gap.path == "spec.cache.prefix")
    assert gap.what.startswith("as it is now, or users log in once more; config/cache.php:1")
