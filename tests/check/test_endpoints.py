"""Where the connections of a process go."""

from __future__ import annotations

import pytest

from holdfast.check.audit import Request, collect
from holdfast.check.facts import endpoints
from holdfast.check.sources.files import Files

from .conftest import write

SESSION = (
    "<?php\nreturn ['driver' => env('SESSION_DRIVER', 'redis'), 'connection' => CONNECTION];\n"
)


def deployment(more="", source=""):
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: shop}}
spec:
  template:
    spec:
      containers:
        - name: php
          image: shop
          {source}
          env:
            - {{name: APP_KEY, value: x}}
            - {{name: APP_ENV, value: production}}
            {more}
"""


@pytest.fixture
def process(tmp_path):
    def read(files):
        write(tmp_path, files)
        [target] = collect(Request([tmp_path], tmp_path), Files(tmp_path))
        [process] = target.processes()
        return process

    return read


def database(body):
    return f"<?php\nreturn ['redis' => [{body}]];\n"


TWO = (
    "'default' => ['host' => 'a', 'port' => '6379'], 'sessions' => ['host' => 'b', 'database' => 3]"
)


def project(connection, body, more="", source=""):
    return {
        "config/session.php": SESSION.replace("CONNECTION", connection),
        "config/database.php": database(body),
        "deploy.yaml": deployment(more, source),
    }


@pytest.mark.parametrize(
    ("connection", "body", "host", "port", "number"),
    [
        ("null", TWO, "a", 6379, 0),
        ("''", TWO, "a", 6379, 0),
        ("'sessions'", TWO, "b", None, 3),
        ("null", "'default' => ['url' => 'rediss://u:p@c:7000/5']", "c", 7000, 5),
        ("null", "'clusters' => ['default' => [['host' => 'n1', 'port' => 7000]]]", "n1", 7000, 0),
        ("null", "'default' => ['host' => 'C', 'database' => '2']", "c", None, 2),
    ],
)
def test_the_connection_of_the_sessions(process, connection, body, host, port, number):
    found = endpoints.session_redis(process(project(connection, body)))
    assert (found.host, found.port, found.database) == (host, port, number)
    assert found.cluster == (host == "n1")


@pytest.mark.parametrize(
    ("connection", "body"),
    [
        ("'other'", TWO),
        ("null", "'default' => ['host' => '']"),
        ("null", "'default' => ['host' => host()]"),
        ("null", "'default' => connection()"),
        ("null", "'clusters' => ['default' => nodes()]"),
        ("which()", TWO),
    ],
)
def test_a_host_that_is_not_known(process, connection, body):
    assert endpoints.session_redis(process(project(connection, body))) is None


def test_whichever_connection_it_is_they_go_to_one_server(process):
    same = (
        "'default' => ['host' => 'a', 'database' => 0], 'cache' => ['host' => 'a', 'database' => 1]"
    )
    found = endpoints.session_redis(process(project("which()", same)))
    assert (found.host, found.database) == ("a", None)
    assert found.connections == ("default", "cache")


def test_another_driver(process):
    files = project("null", TWO, "- {name: SESSION_DRIVER, value: cookie}")
    assert endpoints.session_redis(process(files)) is None


def test_without_the_project_by_laravels_own_variables(process):
    more = "- {name: SESSION_DRIVER, value: redis}\n            - {name: REDIS_HOST, value: r}"
    found = endpoints.session_redis(process({"deploy.yaml": deployment(more)}))
    assert (found.host, found.port, found.database) == ("r", None, None)
    assert str(found.place).startswith("deploy.yaml:16:")


def test_what_is_told(process):
    found = process({"deploy.yaml": deployment()})
    assert endpoints.told(found, "session.store") == ""
    assert endpoints.told(found, "app.env") == "production"
    assert endpoints.told(found, "no.variable.asks.for.this") is None
    closed = process({"deploy.yaml": deployment(source="envFrom: [{secretRef: {name: more}}]")})
    assert endpoints.told(closed, "session.store") is None


CACHE = """<?php
return [
    'default' => env('CACHE_STORE', 'redis'),
    'stores' => [
        'redis' => ['driver' => 'redis', 'connection' => 'cache'],
        'plain' => ['driver' => 'redis'],
        'file' => ['driver' => 'file'],
    ],
];
"""


@pytest.mark.parametrize(
    ("store", "host"), [("redis", "b"), ("plain", "a"), ("file", None), ("none", None)]
)
def test_the_redis_of_the_cache(process, store, host):
    body = "'default' => ['host' => 'a'], 'cache' => ['host' => 'b', 'database' => 1]"
    files = project("null", body, f"- {{name: CACHE_STORE, value: {store}}}")
    found = endpoints.cache_redis(process(files | {"config/cache.php": CACHE}))
    assert (found.host if found else None) == host


QUEUE = """<?php
return [
    'default' => env('QUEUE_CONNECTION', 'redis'),
    'connections' => [
        'redis' => ['driver' => 'redis', 'connection' => 'jobs'],
        'sync' => ['driver' => 'sync'],
    ],
];
"""


@pytest.mark.parametrize(("name", "host"), [("redis", "b"), ("sync", None), ("none", None)])
def test_the_redis_of_the_queue(process, name, host):
    body = "'default' => ['host' => 'a'], 'jobs' => ['host' => 'b']"
    files = project("null", body, f"- {{name: QUEUE_CONNECTION, value: {name}}}")
    found = endpoints.queue_redis(process(files | {"config/queue.php": QUEUE}))
    assert (found.host if found else None) == host


SQL = """<?php
return ['default' => 'pg', 'connections' => ['pg' => ['driver' => 'pgsql', 'host' => 'db']]];
"""


def test_the_database_of_the_sessions(process):
    files = project("null", TWO, "- {name: SESSION_DRIVER, value: database}")
    found = endpoints.session_database(process(files | {"config/database.php": SQL}))
    assert found.host == "db"
    assert endpoints.session_database(process(project("null", TWO))) is None


@pytest.mark.parametrize(("more", "host"), [("", "db"), ("DB_URL", None), ("DATABASE_URL", None)])
def test_the_database_by_variables(process, more, host):
    lines = "- {name: SESSION_DRIVER, value: database}\n            - {name: DB_HOST, value: db}"
    if more:
        lines += f"\n            - {{name: {more}, value: x}}"
    found = endpoints.session_database(process({"deploy.yaml": deployment(lines)}))
    assert (found.host if found else None) == host
