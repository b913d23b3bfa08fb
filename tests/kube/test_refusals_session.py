"""What is refused of sessions and of configuration: refused as it is, accepted by the way out."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from holdfast.kube.app import App
from holdfast.kube.environment.gather import pinned
from holdfast.kube.expected import bare
from holdfast.kube.refusals import configuration, session
from holdfast.kube.shape import kind_of
from holdfast.kube.spec.laravel_app import Images, Spec

from .conftest import IMAGE, application
from .specs import valid_apps

FILE = {"driver": "file"}
VOLUME = {"uploads": {"volume": {}}}
ALONE = {"min": 1}
MYSQL = {"host": "db.example.com"}
SQLITE = {"driver": "sqlite"}
EXTERNAL = {"external": {"host": "10.1.2.3"}}
TABLE = {"dynamodb": {"table": "sessions", "region": "eu-west-1"}}
OWN_CONNECTION = {"store": {"variables": "SESSION_REDIS"}, "connection": "sessions"}
HOSTS = {"host": "shop.example.com", "aliases": ["www.example.com"]}


def refused(spec):
    """Where and why, of an application with this in its specification."""
    app = application(**spec)
    found = [*session.refusals(app), *configuration.refusals(app)]
    return [(".".join(map(str, one.path)), one.reason) for one in found]


REFUSED = [
    (
        "each replica has sessions of its own",
        "web.max",
        {"session": FILE, "storage": VOLUME},
        {"session": FILE, "storage": VOLUME, "web": ALONE},
        {"session": {"driver": "redis"}, "storage": VOLUME},
    ),
    (
        "each replica has sessions of its own",
        "web.max",
        {"session": FILE, "storage": VOLUME, "web": {"min": 1, "max": 2}},
        {"session": FILE, "storage": VOLUME, "web": {"min": 1, "max": 1}},
    ),
    (
        "each rollout logs everybody out",
        "session.driver",
        {"session": FILE, "web": ALONE},
        {"session": FILE, "web": ALONE, "storage": VOLUME},
        {"session": {"driver": "cookie"}, "web": ALONE},
    ),
    (
        "each rollout logs everybody out",
        "session.driver",
        {"session": FILE, "web": ALONE, "storage": {"uploads": {"s3": {"bucket": "shop"}}}},
    ),
    (
        "driver database needs a database",
        "session.driver",
        {"session": {"driver": "database"}},
        {"session": {"driver": "database"}, "database": MYSQL},
        {"session": {"driver": "redis"}},
    ),
    (
        "SQLite is a file in one pod",
        "database.driver",
        {"database": SQLITE, "storage": VOLUME},
        {"database": MYSQL, "storage": VOLUME},
        {"database": SQLITE, "storage": VOLUME, "web": ALONE},
    ),
    (
        "SQLite is a file in one pod",
        "database.driver",
        {"database": SQLITE, "storage": VOLUME, "web": ALONE, "workers": [{"name": "a"}]},
        {"database": SQLITE, "storage": VOLUME, "web": ALONE, "workers": []},
    ),
    (
        "SQLite is a file in one pod",
        "database.driver",
        {"database": SQLITE, "storage": VOLUME, "web": ALONE, "scheduler": {}},
        {"database": SQLITE, "storage": VOLUME, "web": ALONE, "scheduler": None},
    ),
    (
        "each rollout begins with an empty one",
        "database.driver",
        {"database": SQLITE, "web": ALONE},
        {"database": SQLITE, "web": ALONE, "storage": VOLUME},
        {"database": MYSQL, "web": ALONE},
    ),
    (
        "and two are named",
        "session.store",
        {"session": {"store": {"single": {}, "sentinel": {}}}},
        {"session": {"store": {"sentinel": {}}}},
    ),
    (
        "driver redis does not look",
        "session.store",
        {"session": {"store": TABLE}},
        {"session": {"store": {"single": {}}}},
        {"session": {"store": {"operator": {}}}},
        {"session": {"store": EXTERNAL}},
        {"session": {"driver": "dynamodb", "store": TABLE}},
    ),
    (
        "and two are named",
        "session.store",
        {"session": {"driver": "dynamodb", "store": TABLE | {"single": {}}}},
        {"session": {"driver": "dynamodb", "store": TABLE}},
    ),
    (
        "driver memcached needs to be told",
        "session.driver",
        {"session": {"driver": "memcached", "store": {"sentinel": {}}}},
        {"session": {"driver": "memcached", "store": EXTERNAL}},
    ),
    (
        "driver dynamodb needs to be told",
        "session.driver",
        {"session": {"driver": "dynamodb"}},
        {"session": {"driver": "dynamodb", "store": TABLE}},
    ),
    (
        "driver memcached needs to be told",
        "session.driver",
        {"session": {"driver": "memcached", "store": {}}},
        {"session": {"driver": "memcached", "store": EXTERNAL}},
    ),
    *(
        (
            f"driver {driver} does not look",
            "session.store",
            {"session": {"driver": driver, "store": store}, **more},
            {"session": {"driver": driver}, **more},
            {"session": {"driver": "redis", "store": store}, **more},
        )
        for driver, store, more in (
            ("database", {"single": {}}, {"database": MYSQL}),
            ("cookie", EXTERNAL, {}),
            ("file", {"sentinel": {}}, {"web": ALONE, "storage": VOLUME}),
        )
    ),
    (
        "Laravel keeps sessions on its connection default",
        "session.connection",
        {"session": {"store": {"variables": "SESSION_REDIS"}}},
        {"session": OWN_CONNECTION},
        {"session": {"store": {}}},
    ),
    (
        "the value of the session's cookie changes",
        "session.affinity.cookie",
        {"session": {"affinity": {"cookie": "shop_session"}}},
        {"session": {"affinity": {"cookie": "route"}}},
        {"session": {"affinity": {"cookie": "shop_session"}, "cookie": "other"}},
    ),
    (
        "the value of the session's cookie changes",
        "session.affinity.cookie",
        {"session": {"affinity": {}, "cookie": "route"}},
        {"session": {"affinity": {"cookie": "edge"}, "cookie": "route"}},
    ),
    (
        "the value of XSRF-TOKEN changes",
        "session.affinity.cookie",
        {"session": {"affinity": {"cookie": "XSRF-TOKEN"}}},
        {"session": {"affinity": {}}},
    ),
    (
        "XSRF-TOKEN is Laravel's other cookie",
        "session.cookie",
        {"session": {"cookie": "XSRF-TOKEN"}},
        {"session": {"cookie": "shop"}},
    ),
    (
        "DB_CONNECTION sqlite is a file in each pod",
        "config",
        {"config": {"DB_CONNECTION": "sqlite"}},
        {"database": SQLITE, "storage": VOLUME, "web": ALONE},
        {"config": {"DB_CONNECTION": "mysql"}},
    ),
    (
        "PHP gives a cookie whose name has a dot back",
        "session.cookie",
        {"session": {"cookie": "shop.session"}},
        {"session": {"cookie": "shop_session-1"}},
        {"session": {"affinity": {"cookie": "a.b"}}},
    ),
    *(
        (
            "for a domain that the host is not in",
            "session.domain",
            HOSTS | {"session": {"domain": domain}},
            HOSTS | {"session": {"domain": "example.com"}},
            HOSTS,
        )
        for domain in ("shop.example.com", "ample.com", "example.org", "a.shop.example.com")
    ),
    (
        "begins with __Host-",
        "session.domain",
        {"session": {"domain": "example.com", "cookie": "__host-shop"}},
        {"session": {"cookie": "__Host-shop"}},
        {"session": {"domain": "example.com", "cookie": "__Secure-shop"}},
    ),
    *(
        (
            "a tag that moves",
            "image",
            {"image": image},
            {"image": "registry.example.com:5000/shop:1.2.3"},
            {"image": IMAGE},
        )
        for image in ("shop", "shop:latest", "registry.example.com:5000/shop", "a/shop:")
    ),
    *(
        (
            "a tag that moves",
            f"images.{name}",
            {"images": {name: "docker.io/library/x:latest"}},
            {"images": {name: "docker.io/library/x:1"}},
        )
        for name in (field.encode_name for field in msgspec.structs.fields(Images))
    ),
    *(
        (
            "each pod would have a cache of its own",
            "cache.store",
            {"cache": {"store": store}} | more,
            {"cache": {"store": "database"}} | more,
            {"cache": {"store": store}, "web": ALONE},
        )
        for store, more in (
            ("file", {}),
            ("file", {"web": ALONE, "workers": [{"name": "a"}]}),
            ("array", {"web": {"min": 1, "max": 3}}),
        )
    ),
]


@pytest.mark.parametrize(
    ("reason", "path", "spec", "ways_out"), [(r, p, s, w) for r, p, s, *w in REFUSED]
)
def test_it_is_refused_and_the_way_out_is_not(reason, path, spec, ways_out):
    ((where, why),) = refused(spec)
    assert where == path
    assert reason in why
    assert [refused(way_out) for way_out in ways_out] == [[] for _ in ways_out]


CONFIG = [
    ("SESSION_DRIVER", "file", "SESSION_DRIVER is decided by a field", "session.driver"),
    ("SESSION_SAME_SITE", "lax", "is decided by a field", "session.sameSite"),
    ("SESSION_SECURE_COOKIE", "false", "is decided by a field", "nothing: it is always true"),
    ("SESSION_STORE", "memcached", "is decided by a field", "session.store"),
    ("SESSION_HTTP_ONLY", "false", "is decided by a field", "nothing: it stays true"),
    ("REDIS_PREFIX", "a", "is decided by a field", "session.prefix"),
    ("CACHE_DRIVER", "file", "is decided by a field", "cache.store"),
    ("QUEUE_CONNECTION", "sync", "is decided by a field", "queue.connection"),
    ("APP_URL", "https://a.b", "is decided by a field", "host"),
    ("REDIS_URL", "redis://elsewhere", "wins over the host and port", "session.store"),
    ("APP_KEY", "base64:abc", "APP_KEY is secret", "the Secret of secretName"),
    ("app_previous_keys", "x", "is secret", "the Secret of secretName"),
    ("DB_PASSWORD", "x", "is secret", "the Secret of secretName"),
    ("PASSWORD", "x", "is secret", "the Secret of secretName"),
    ("AWS_SECRET_ACCESS_KEY", "x", "is secret", "the Secret of secretName"),
    ("STRIPE_SECRET", "x", "is secret", "the Secret of secretName"),
    ("GITHUB_TOKEN", "x", "is secret", "the Secret of secretName"),
    ("SCOUT_URL", "http://u:p@search", "is secret", "the Secret of secretName"),
    *(
        ("FOO", value, "FOO is secret", "the Secret of secretName")
        for value in (
            "AKIA" + "IOSFODNN7EXAMPLE",
            "ASIA" + "IOSFODNN7EXAMPLE",
            "ghp_" + "a1" * 18,
            "github_pat_" + "a1" * 20,
            "glpat-" + "a1" * 10,
            "sk_live_" + "a1" * 12,
            "rk_live_" + "a1" * 12,
            "sk-" + "a1" * 12,
            "whsec_" + "a1" * 12,
            "xoxb-" + "1-a",
            "https://hooks.slack.com/services/T0/B0/x",
            "-----BEGIN RSA PRIVATE KEY-----\nMII",
            "-----BEGIN PRIVATE KEY-----",
            "base64:" + "A" * 43 + "=",
        )
    ),
    ("ASSET_URL", "${APP_URL}/assets", "these very characters", "the value itself"),
    ("ASSET_URL", "$(APP_URL)/assets", "these very characters", "the value itself"),
    *(
        (name, "/srv/other", "read before the application is", "ENV in the image's Dockerfile")
        for name in (
            "PATH",
            "LD_PRELOAD",
            "LD_LIBRARY_PATH",
            "BASH_ENV",
            "ENV",
            "HOME",
            "TMPDIR",
            "IFS",
            "PHP_INI_SCAN_DIR",
            "PHPRC",
            "CADDY_GLOBAL_OPTIONS",
            "FRANKENPHP_CONFIG",
            "XDG_DATA_HOME",
            "POD_NAME",
            "HOSTNAME",
            "APP_CONFIG_CACHE",
            "APP_ROUTES_CACHE",
            "APP_RUNNING_IN_CONSOLE",
            "LARAVEL_STORAGE_PATH",
        )
    ),
    ("APP_DEBUG", "true", "shows users the source", "leave it out"),
    ("APP_DEBUG", "(TRUE)", "shows users the source", "leave it out"),
    ("APP_DEBUG", "1", "shows users the source", "leave it out"),
]


@pytest.mark.parametrize(("name", "value", "reason", "way_out"), CONFIG)
def test_a_variable_that_config_may_not_hold(name, value, reason, way_out):
    (found,) = configuration.refusals(application(config={"A": "b", name: value}))
    assert found.path == ("config", name)
    assert reason in found.reason
    assert found.way_out.startswith(way_out)
    assert value not in found.reason + found.way_out or len(value) < 5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_ENV", "staging"),
        ("LOG_CHANNEL", "stack"),
        ("APP_DEBUG", "false"),
        ("APP_NAME", "Shop"),
        ("SESSION_PATH", "/"),
        ("MEDIA_PATH", "/srv/media"),
        ("SHOP_HOME", "/"),
        ("CADDY", "x"),
        ("PHP_CLI_SERVER_WORKERS", "4"),
        ("GOMEMLIMIT", "400MiB"),
        ("VIEW_COMPILED_PATH", "/tmp/views"),
        ("SESSION_TABLE", "web_sessions"),
        ("SESSION_PARTITIONED_COOKIE", "true"),
        ("SESSION_EXPIRE_ON_CLOSE", "true"),
        ("REDIS_CLUSTER", "redis"),
        ("REDIS_CLIENT", "predis"),
        ("REDIS_PERSISTENT", "false"),
        ("REDIS_CACHE_DB", "1"),
        ("REDIS_CACHE_CONNECTION", "cache"),
        ("REDIS_QUEUE_CONNECTION", "default"),
        ("STRIPE_PUBLISHABLE_KEY", "x"),
        ("TOKEN_LIFETIME", "60"),
        ("PASSWORD_TIMEOUT", "60"),
        ("MAIL_FROM", "a@b.c"),
        ("PRICE", "$5 (five)"),
        ("STRIPE_ID", "pk_live_a1a1"),
        ("REGION", "ASIA-PACIFIC"),
        ("CERTIFICATE", "-----BEGIN CERTIFICATE-----"),
        ("LOGO", "base64:AAAA"),
        ("SLACK", "https://slack.com/services"),
        ("DB_URL", "mysql://db/shop"),
        ("SCOUT_URL", "http://search:7700/a@b"),
    ],
)
def test_what_config_may_hold(name, value):
    assert refused({"config": {name: value}}) == []


def test_an_address_of_a_database_wins_over_its_host():
    spec = {"config": {"DB_URL": "mysql://db/shop"}, "database": MYSQL}
    assert refused(spec) == [
        ("config.DB_URL", "DB_URL wins over the host and port that are decided by database")
    ]


def test_the_address_that_counts_is_that_of_the_sessions_connection():
    config = {"REDIS_URL": "redis://queue"}
    assert refused({"config": config, "session": OWN_CONNECTION}) == []
    config = {"SESSION_REDIS_URL": "redis://elsewhere"}
    ((where, _),) = refused({"config": config, "session": OWN_CONNECTION})
    assert where == "config.SESSION_REDIS_URL"


EXTERNAL_3 = {"store": {"external": {"host": "10.1.2.3", "database": 3}}}


@pytest.mark.parametrize(
    ("name", "value", "session", "reason"),
    [
        ("REDIS_USERNAME", "shop", {}, "is decided by a field"),
        ("SESSION_REDIS_USERNAME", "shop", OWN_CONNECTION, "is decided by a field"),
        ("REDIS_CACHE_DB", "0", {}, "HF506"),
        ("REDIS_CACHE_DB", "3", EXTERNAL_3, "HF506"),
        ("REDIS_CACHE_CONNECTION", "default", {}, "HF506"),
        ("REDIS_CACHE_CONNECTION", "sessions", OWN_CONNECTION, "HF506"),
        ("REDIS_QUEUE_CONNECTION", "sessions", OWN_CONNECTION, "HF508"),
        ("REDIS_PERSISTENT", "true", {}, "HF516"),
        ("REDIS_PERSISTENT", "1", EXTERNAL_3, "HF516"),
    ],
)
def test_nothing_else_comes_to_where_sessions_are(name, value, session, reason):
    ((where, why),) = refused({"session": session, "config": {name: value}})
    assert where == f"config.{name}"
    assert reason in why


@pytest.mark.parametrize(
    ("name", "value", "session"),
    [
        ("REDIS_USERNAME", "shop", EXTERNAL_3),
        ("REDIS_USERNAME", "shop", OWN_CONNECTION),
        ("REDIS_CACHE_DB", "0", EXTERNAL_3),
        ("REDIS_CACHE_DB", "0", OWN_CONNECTION),
        ("REDIS_CACHE_DB", "0", {"driver": "cookie"}),
        ("REDIS_CACHE_CONNECTION", "default", OWN_CONNECTION),
        ("REDIS_QUEUE_CONNECTION", "default", OWN_CONNECTION),
        ("REDIS_PERSISTENT", "true", OWN_CONNECTION),
        ("REDIS_PERSISTENT", "true", {"driver": "cookie"}),
        ("REDIS_PERSISTENT", "(false)", {}),
        ("REDIS_PERSISTENT", "0", {}),
        ("DB_SOCKET", "/run/mysqld.sock", {}),
    ],
)
def test_what_does_not_come_to_where_sessions_are(name, value, session):
    assert refused({"session": session, "config": {name: value}}) == []


def test_a_socket_wins_over_the_databases_host():
    ((where, why),) = refused({"config": {"DB_SOCKET": "/run/m.sock"}, "database": MYSQL})
    assert where == "config.DB_SOCKET"
    assert "wins over the host" in why


def test_the_key_is_meant_and_not_its_value():
    (found,) = configuration.refusals(application(config={"SESSION_DRIVER": "file"}))
    assert found.of_key


def test_the_cookie_of_another_application_is_not_the_sessions():
    # Its name is made of the application's.
    spec = msgspec.convert(
        {
            "image": IMAGE,
            "host": "a.example.com",
            "secretName": "a",
            "session": {"affinity": {"cookie": "shop_session"}},
        },
        Spec,
    )
    assert list(session.refusals(App(name="blog", spec=spec))) == []
    assert len(list(session.refusals(App(name="shop", spec=spec)))) == 1


FEW = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60,
    suppress_health_check=list(HealthCheck),
)


@given(valid_apps())
@FEW
def test_whatever_is_decided_cannot_be_said_otherwise(app):
    # Of all but a few the way out is a field that there is.
    spec = msgspec.structs.replace(app.spec, config=dict.fromkeys(pinned(app), "x"))
    other = replace(app, spec=spec)
    ways_out = {one.path[1]: one.way_out for one in configuration.refusals(other)}
    free = {"APP_ENV", "LOG_CHANNEL", "APP_DEBUG"}
    assert ways_out.keys() == pinned(other).keys() - free
    for name, way_out in ways_out.items():
        field = way_out.partition(":")[0].rpartition(" ")[2]
        assert field == "nothing" or is_field(field), (name, way_out)


def is_field(path):
    kind = kind_of(Spec)
    for step in path.split("."):
        kind, _ = bare(kind)
        fields = {field.encode_name: field.type for field in kind.fields}
        if step not in fields:
            return False
        kind = fields[step]
    return True
