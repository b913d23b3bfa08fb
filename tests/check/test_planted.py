"""A good project is silent; with one fault of the worst kind planted in it, that one is found."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import holdfast.rehearsal
from holdfast.check.audit import Request, audit
from holdfast.check.finding import Severity
from holdfast.check.rules import RULES

GOOD = Path(__file__).parent / "good"
FIXTURE = Path(holdfast.rehearsal.__file__).parent / "laravel_fixture"

Edit = tuple[str, str]
KEY = "base64:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="


@dataclass(frozen=True)
class Planted:
    """A fault.

    Args:
        entry: of the catalogue.
        file: that the finding must be in.
        files: what is done to each file: words replaced, or all of it.
    """

    entry: str
    file: str
    files: Mapping[str, tuple[Edit, ...] | str]


def canary(**variables: str) -> tuple[Edit, ...]:
    """Variables of one of the two Deployments behind the Service alone."""
    lines = "".join(f'            - {{name: {n}, value: "{v}"}}\n' for n, v in variables.items())
    return (("          env:\n", f"          env:\n{lines}"),)


ENVIRONMENT = "deploy/config.yaml"
REDIS = "deploy/redis-sessions.yaml"
CANARY_FILE = "deploy/canary.yaml"
IMAGE = "Dockerfile"
RUNNING = ("deploy/web.yaml", CANARY_FILE, "deploy/worker.yaml")
KEY_FROM_SECRET = "valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}"
OLD_KEY_FROM_SECRET = "valueFrom: {secretKeyRef: {name: old-key, key: APP_OLD_KEY}}"
NO_KEY = ((r"( +)- name: APP_KEY\n.*\n", ""),)
ONE_REPLICA = {
    "deploy/web.yaml": (("minReplicas: 2", "minReplicas: 1"), ("maxReplicas: 8", "maxReplicas: 1")),
    CANARY_FILE: (("replicas: 2", "replicas: 1"),),
}
CACHED_PAGES = """\
fastcgi_buffers 8 16k;
            fastcgi_cache pages;
            fastcgi_cache_key $request_uri;
            fastcgi_cache_valid 200 1m;
            fastcgi_ignore_headers Set-Cookie Cache-Control Expires;"""
MEMCACHED = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: memcached, namespace: shop}
spec:
  serviceName: memcached
  replicas: 3
  selector: {matchLabels: {app: memcached}}
  template:
    metadata: {labels: {app: memcached}}
    spec:
      containers:
        - name: memcached
          image: memcached:1.6.39
          ports: [{containerPort: 11211}]
---
apiVersion: v1
kind: Service
metadata: {name: memcached, namespace: shop}
spec:
  selector: {app: memcached}
  ports: [{port: 11211}]
"""

SERVERS = "['host' => 'one', 'port' => 11211], ['host' => 'two', 'port' => 11211],"
CLUSTERS = """\
'client' => 'phpredis',
        'clusters' => [
            'sessions' => [['host' => 'redis-cluster', 'port' => 6379]],
            'cache' => [['host' => 'redis-cluster', 'port' => 6379]],
        ],"""
POLICY_OF_THE_SHOP = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shop, namespace: shop}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: shop}}
  policyTypes: [Ingress]
  ingress: [{ports: [{port: 8080}]}]
"""
COLOUR = """\
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-COLOUR, namespace: shop}
spec:
  template:
    metadata: {labels: {colour: COLOUR}}
    spec:
      enableServiceLinks: false
      containers:
        - name: php
          image: registry.example.com/shop-web:2.4.0
          envFrom: [{configMapRef: {name: shop-7f4c9b}}]
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_COOKIE, value: shop_COLOUR}
"""

PLANTED = (
    Planted("STO-01", ENVIRONMENT, {ENVIRONMENT: (("DRIVER: redis", "DRIVER: file"),)}),
    Planted("STO-03", ENVIRONMENT, {
        ENVIRONMENT: (("DRIVER: redis", "DRIVER: file"),),
        **{file: (*edits, ("framework/views", "framework")) for file, edits in ONE_REPLICA.items()},
    }),
    Planted("STO-07", ENVIRONMENT, {ENVIRONMENT: (("DRIVER: redis", "DRIVER: array"),)}),
    Planted("STO-09", ENVIRONMENT, {ENVIRONMENT: (
        ("SESSION_DRIVER: redis", "SESSION_DRIVER: database"),
        ("SESSION_CONNECTION: sessions", "SESSION_CONNECTION: sqlite"),
        ("DB_DATABASE: shop", "DB_DATABASE: /var/www/html/database/database.sqlite"),
    )}),
    Planted("STO-11", ENVIRONMENT, {ENVIRONMENT: (("DRIVER: redis", "DRIVER: apc"),)}),
    Planted("KEY-01", "deploy/web.yaml", dict.fromkeys(RUNNING, NO_KEY)),
    Planted("KEY-02", "docker/entrypoint.sh", {
        "docker/entrypoint.sh": (("set -eu\n", "set -eu\nphp artisan key:generate --force\n"),),
        **dict.fromkeys(RUNNING, NO_KEY),
    }),
    Planted("KEY-03", "deploy/keys.yaml", {
        "deploy/keys.yaml": "".join(
            f"---\napiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: shop}}\n"
            f"stringData: {{APP_KEY: '{KEY.replace('MTIz', mark)}'}}\n"
            for name, mark in (("key-a", "MTIz"), ("key-b", "NTY3"))
        ),
        "deploy/web.yaml": ((KEY_FROM_SECRET, KEY_FROM_SECRET.replace("shop", "key-a")),),
        CANARY_FILE: ((KEY_FROM_SECRET, KEY_FROM_SECRET.replace("shop", "key-b")),),
    }),
    Planted("KEY-04", "deploy/keys.yaml", {
        "deploy/keys.yaml": (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: old-key, namespace: shop}\n"
            f"stringData: {{APP_OLD_KEY: '{KEY}'}}\n"
        ),
        **dict.fromkeys(("deploy/web.yaml", CANARY_FILE), ((
            "          env:\n",
            f"          env:\n            - {{name: APP_OLD_KEY, {OLD_KEY_FROM_SECRET}}}\n",
        ),)),
    }),
    Planted("KEY-10", CANARY_FILE, {CANARY_FILE: canary(SESSION_ENCRYPT="false")}),
    Planted("KEY-11", "deploy/web.yaml", dict.fromkeys(RUNNING, (
        (KEY_FROM_SECRET, f"value: {KEY}"),
    ))),
    Planted("CFG-01", IMAGE, {
        IMAGE: (("COPY . .\n", "COPY . .\nRUN php artisan config:cache\n"),),
        "docker/entrypoint.sh": (("php artisan config:cache\n", ""),),
        **dict.fromkeys(RUNNING, ((r" +- \{name: cached, mountPath: .*\n", ""),)),
    }),
    Planted("CFG-06", CANARY_FILE, {
        "config/session.php": (
            ("'cookie' => .*", "'cookie' => Str::slug(env('APP_NAME'), '_').'_session',"),
            ("<?php\n", "<?php\n\nuse Illuminate\\\\Support\\\\Str;\n"),
        ),
        ENVIRONMENT: (("  SESSION_COOKIE: shop_session\n", ""),),
        CANARY_FILE: canary(APP_NAME="Shop Canary"),
    }),
    Planted("CKY-12", "docker/nginx.conf", {"docker/nginx.conf": (
        ("server {", "fastcgi_cache_path /tmp/pages keys_zone=pages:10m;\n    server {"),
        ("fastcgi_buffers 8 16k;", CACHED_PAGES),
    )}),
    Planted("RED-01", REDIS, {REDIS: (("noeviction", "allkeys-lru"),)}),
    Planted("RED-04", REDIS, {REDIS: (("appendonly yes", 'appendonly no\n    save ""'),)}),
    Planted("RED-06", "config/database.php", {ENVIRONMENT: (
        ("REDIS_CACHE_HOST: redis-cache", "REDIS_CACHE_HOST: redis-sessions"),
    )}),
    Planted("RED-09", CANARY_FILE, {CANARY_FILE: canary(REDIS_PREFIX="canary:")}),
    Planted("RED-07", "config/database.php", {"config/database.php": (
        ("'sessions' => [", "'sessions-before' => ["),
        ("'cache' => [", "'cache-before' => ["),
        ("'client' => 'phpredis',", CLUSTERS),
    )}),
    Planted("RED-21", REDIS, {
        REDIS: ((", --requirepass, $(REDIS_PASSWORD)", ""),),
        "deploy/network.yaml": POLICY_OF_THE_SHOP,
    }),
    Planted("DB-01", ENVIRONMENT, {
        ENVIRONMENT: (
            ("SESSION_DRIVER: redis", "SESSION_DRIVER: database"),
            ("SESSION_CONNECTION: sessions", "SESSION_CONNECTION: pgsql"),
        ),
        "database/migrations/0001_01_01_000000_create_users_table.php": (
            (r"        Schema::create\('sessions'[\s\S]*?\}\);\n", ""),
        ),
    }),
    Planted("MEM-02", "config/cache.php", {
        ENVIRONMENT: (("DRIVER: redis", "DRIVER: memcached"),),
        "config/cache.php": (
            (r"\['host' => env\('MEMCACHED_HOST'.*", SERVERS),
        ),
    }),
    Planted("MEM-03", "deploy/memcached.yaml", {
        ENVIRONMENT: (("DRIVER: redis", "DRIVER: memcached\n  MEMCACHED_HOST: memcached"),),
        "deploy/memcached.yaml": MEMCACHED,
    }),
    Planted("MEM-06", ENVIRONMENT, {ENVIRONMENT: (
        ("DRIVER: redis", "DRIVER: memcached\n  MEMCACHED_HOST: memcached"),
        ("CACHE_STORE: redis", "CACHE_STORE: memcached"),
    )}),
    Planted("ROL-19", "deploy/colours.yaml", {
        "deploy/colours.yaml": "".join(COLOUR.replace("COLOUR", c) for c in ("blue", "green")),
    }),
    Planted("ROL-13", CANARY_FILE, {
        CANARY_FILE: canary(SESSION_SERIALIZATION="php"),
    }),
)  # fmt: skip

COMPOSER = {
    "artisan": "#!/usr/bin/env php\n",
    "composer.json": '{"require": {"laravel/framework": "^8.83"}}',
    "composer.lock": '{"packages": [{"name": "laravel/framework", "version": "v8.83.29"}]}',
}
SHOP = "deploy/shop.yaml"
SHOPS = """\
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
            - {name: REDIS_HOST, value: redis}
            - {name: DB_CONNECTION, value: mysql}
            - {name: DB_HOST, value: mariadb}
            - {name: CACHE_DRIVER, value: database}
"""
KEY_LINE = "            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}\n"
CANARY = SHOPS.partition("---\n")[2].replace("name: shop}\nspec", "name: canary}\nspec")


def shops(*edits: Edit) -> dict[str, str]:
    """The fixture's deployment, changed."""
    text = SHOPS
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return {SHOP: text}


def beside(**variables: str) -> dict[str, str]:
    """The fixture's deployment, and a canary with variables of its own."""
    lines = "".join(f"            - {{name: {n}, value: '{v}'}}\n" for n, v in variables.items())
    return {SHOP: SHOPS, CANARY_FILE: CANARY + lines}


REDIS_POD = """\
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: redis}
spec:
  template:
    metadata: {labels: {app: redis}}
    spec:
      containers:
        - name: redis
          image: redis:7.4
          args: [--requirepass, secret, ARGUMENTS]
          volumeMounts: [{name: data, mountPath: /data}]
      volumes: [{name: data, VOLUME}]
---
apiVersion: v1
kind: Service
metadata: {name: redis}
spec: {selector: {app: redis}, ports: [{port: 6379}]}
"""


def redis(arguments: str, volume: str = "persistentVolumeClaim: {claimName: redis}") -> str:
    """A Redis with a volume."""
    return REDIS_POD.replace("ARGUMENTS", arguments).replace("VOLUME", volume)


BUILT = {
    IMAGE: "FROM php:8.2-fpm\nWORKDIR /app\nCOPY . .\nRUN php artisan route:cache\n",
    ".dockerignore": ".env*\n",
}
"""What shows that the image brings no key."""

IN_FIXTURE = (
    Planted("STO-01", SHOP, shops(("DRIVER, value: redis", "DRIVER, value: file"))),
    Planted("STO-07", SHOP, {
        **shops(("DRIVER, value: redis", "DRIVER, value: array")),
        "routes/web.php": "<?php\nIlluminate\\Support\\Facades\\Route::view('/', 'shop');\n",
    }),
    Planted("STO-09", SHOP, shops(
        ("SESSION_DRIVER, value: redis", "SESSION_DRIVER, value: database"),
        ("value: mysql", "value: sqlite"),
    )),
    Planted("STO-11", SHOP, shops(("DRIVER, value: redis", "DRIVER, value: apc"))),
    Planted("KEY-01", SHOP, {**shops((KEY_LINE, "")), **BUILT}),
    Planted("KEY-10", CANARY_FILE, beside(SESSION_ENCRYPT="1")),
    Planted("KEY-11", SHOP, shops(
        ("valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}", f"value: {KEY}"),
    )),
    Planted("CFG-06", CANARY_FILE, beside(APP_NAME="Canary")),
    Planted("RED-01", SHOP, {SHOP: SHOPS + redis(
        "--appendonly, 'yes', --maxmemory, 64mb, --maxmemory-policy, allkeys-lru")}),
    Planted("RED-04", SHOP, {SHOP: SHOPS + redis("--appendonly, 'yes'", "emptyDir: {}")}),
    Planted("RED-06", SHOP, shops(
        ("CACHE_DRIVER, value: database", "CACHE_DRIVER, value: redis"),
        ("env:\n", "env:\n            - {name: REDIS_CACHE_DB, value: '0'}\n"),
    )),
    Planted("RED-09", CANARY_FILE, beside(REDIS_PREFIX="canary:")),
)  # fmt: skip


def critical(result):
    return [
        found
        for found in result.found
        if found.rule.severity is Severity.CRITICAL and not found.finding.unknown
    ]


def edit(root, files):
    for name, edits in files.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        if isinstance(edits, str):
            path.write_text(edits)
            continue
        text = path.read_text()
        for old, new in edits:
            text, count = re.subn(re.escape(old) if old in text else old, new, text)
            assert count, (name, old)
        path.write_text(text)


@pytest.fixture
def plant(tmp_path):
    """Checks the good project with some of its files changed."""

    def planted(files):
        shutil.copytree(GOOD, tmp_path, dirs_exist_ok=True)
        edit(tmp_path, files)
        return audit(Request([tmp_path], tmp_path))

    return planted


@pytest.fixture
def fixture(tmp_path):
    """Checks the rehearsal's Laravel application with files beside it and changes in it."""

    def planted(files):
        shutil.copytree(FIXTURE, tmp_path, dirs_exist_ok=True)
        edit(tmp_path, COMPOSER)
        edit(tmp_path, files)
        return audit(Request([tmp_path], tmp_path))

    return planted


def test_the_good_project_is_silent(plant):
    result = plant({})
    assert [(found.rule.id, found.finding) for found in result.found] == []
    assert result.judged.not_judged == ()
    assert (result.judged.projects, result.judged.workloads) == (1, 7)


def assert_found(result, fault):
    rules = {rule.id for rule in RULES if fault.entry in rule.gotchas}
    found = critical(result)
    assert {one.rule.id for one in found} - rules == set()
    named = {place.file for one in found for place in places(one.finding)}
    assert fault.file in named


def places(finding):
    return [finding.place, *(related.place for related in finding.related)]


@pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: fault.entry)
def test_a_planted_fault_is_found_and_nothing_else_of_its_kind(plant, fault):
    rules = [rule for rule in RULES if fault.entry in rule.gotchas]
    if not rules:
        pytest.skip("no rule yet")
    assert_found(plant(fault.files), fault)


def test_the_fixture_is_silent(fixture):
    assert [(found.rule.id, found.finding) for found in fixture({}).found] == []


def test_the_fixture_where_it_is_deployed_well_has_no_fault_of_the_worst_kind(fixture):
    assert critical(fixture(beside())) == []


@pytest.mark.parametrize("fault", IN_FIXTURE, ids=lambda fault: fault.entry)
def test_a_fault_planted_in_the_fixture_is_found(fixture, fault):
    rules = [rule for rule in RULES if fault.entry in rule.gotchas]
    if not rules:
        pytest.skip("no rule yet")
    assert_found(fixture(fault.files), fault)
