"""A good project is silent; with one fault of the worst kind planted in it, that one is found."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from holdfast.check.audit import Request, audit
from holdfast.check.finding import Severity
from holdfast.check.rules import RULES

GOOD = Path(__file__).parent / "good"

Edit = tuple[str, str]
KEY = "base64:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="


@dataclass(frozen=True)
class Planted:
    """A fault.

    Args:
        entry: of the catalogue.
        file: that the finding must be in.
        files: what is done to each file: words replaced, all of it, or away with it.
    """

    entry: str
    file: str
    files: Mapping[str, tuple[Edit, ...] | str | None]


def canary(**variables: str) -> tuple[Edit, ...]:
    """Variables of one of the two Deployments behind the Service alone."""
    lines = "".join(f'            - {{name: {n}, value: "{v}"}}\n' for n, v in variables.items())
    return (("          env:\n", f"          env:\n{lines}"),)


ENVIRONMENT = "deploy/config.yaml"
REDIS = "deploy/redis-sessions.yaml"
IMAGE = "Dockerfile"
RUNNING = ("deploy/web.yaml", "deploy/canary.yaml", "deploy/worker.yaml")
KEY_FROM_SECRET = "valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}"
ONE_REPLICA = {
    "deploy/web.yaml": (("minReplicas: 2", "minReplicas: 1"), ("maxReplicas: 8", "maxReplicas: 1")),
    "deploy/canary.yaml": (("replicas: 2", "replicas: 1"),),
}
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
    Planted("KEY-01", "deploy/web.yaml", dict.fromkeys(RUNNING, (
        (r"( +)- name: APP_KEY\n.*\n", ""),
    ))),
    Planted("KEY-02", "docker/entrypoint.sh", {"docker/entrypoint.sh": (
        ("php artisan config:cache", "php artisan key:generate --force\nphp artisan config:cache"),
    )}),
    Planted("KEY-03", "deploy/canary.yaml", {"deploy/canary.yaml": (
        (KEY_FROM_SECRET, KEY_FROM_SECRET.replace("name: shop", "name: shop-canary")),
    )}),
    Planted("KEY-10", "deploy/canary.yaml", {"deploy/canary.yaml": canary(SESSION_ENCRYPT="false")}),
    Planted("KEY-11", "deploy/web.yaml", dict.fromkeys(RUNNING, (
        (KEY_FROM_SECRET, f"value: {KEY}"),
    ))),
    Planted("CFG-01", IMAGE, {
        IMAGE: (("COPY . .\n", "COPY . .\nRUN php artisan config:cache\n"),),
        "docker/entrypoint.sh": (("php artisan config:cache\n", ""),),
        **dict.fromkeys(RUNNING, ((r" +- \{name: cached, mountPath: .*\n", ""),)),
    }),
    Planted("CFG-06", "deploy/canary.yaml", {
        "config/session.php": (
            ("'cookie' => .*", "'cookie' => Str::slug(env('APP_NAME'), '_').'_session',"),
            ("<?php\n", "<?php\n\nuse Illuminate\\\\Support\\\\Str;\n"),
        ),
        ENVIRONMENT: (("  SESSION_COOKIE: shop_session\n", ""),),
        "deploy/canary.yaml": canary(APP_NAME="Shop Canary"),
    }),
    Planted("CKY-12", "docker/nginx.conf", {"docker/nginx.conf": (
        ("    server {\n", "    fastcgi_cache_path /tmp/pages keys_zone=pages:10m;\n    server {\n"),
        ("fastcgi_buffers 8 16k;", "fastcgi_buffers 8 16k;\n            fastcgi_cache pages;\n"
         "            fastcgi_cache_key $request_uri;\n            fastcgi_cache_valid 200 1m;\n"
         "            fastcgi_ignore_headers Set-Cookie Cache-Control Expires;"),
    )}),
    Planted("RED-01", REDIS, {REDIS: (("noeviction", "allkeys-lru"),)}),
    Planted("RED-04", REDIS, {REDIS: (("appendonly yes", 'appendonly no\n    save ""'),)}),
    Planted("RED-06", ENVIRONMENT, {ENVIRONMENT: (
        ("REDIS_CACHE_HOST: redis-cache", "REDIS_CACHE_HOST: redis-sessions"),
    )}),
    Planted("RED-09", "deploy/canary.yaml", {"deploy/canary.yaml": canary(REDIS_PREFIX="canary:")}),
    Planted("DB-01", ENVIRONMENT, {
        ENVIRONMENT: (
            ("SESSION_DRIVER: redis", "SESSION_DRIVER: database"),
            ("SESSION_CONNECTION: sessions", "SESSION_CONNECTION: pgsql"),
        ),
        "database/migrations/0001_01_01_000000_create_users_table.php": (
            (r"        Schema::create\('sessions'[\s\S]*?\}\);\n", ""),
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
    Planted("ROL-13", "deploy/canary.yaml", {
        "deploy/canary.yaml": canary(SESSION_SERIALIZATION="php"),
    }),
)  # fmt: skip

WITHOUT_A_RULE: Mapping[str, str] = {
    "KEY-04": "two states in time; files show one",
}
"""Entries of severity C that no rule answers, and why."""


def critical(result):
    return [
        found
        for found in result.found
        if found.rule.severity is Severity.CRITICAL and not found.finding.unknown
    ]


@pytest.fixture
def plant(tmp_path):
    def planted(files):
        shutil.copytree(GOOD, tmp_path, dirs_exist_ok=True)
        for name, edits in files.items():
            path = tmp_path / name
            if edits is None:
                path.unlink()
            elif isinstance(edits, str):
                path.write_text(edits)
            else:
                text = path.read_text()
                for old, new in edits:
                    literal = old in text
                    text, count = re.subn(re.escape(old) if literal else old, new, text)
                    assert count, (name, old)
                path.write_text(text)
        return audit(Request([tmp_path], tmp_path))

    return planted


def test_the_good_project_is_silent(plant):
    result = plant({})
    assert [(found.rule.id, found.finding) for found in result.found] == []
    assert result.judged.not_judged == ()
    assert (result.judged.projects, result.judged.workloads) == (1, 7)


@pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: fault.entry)
def test_a_planted_fault_is_found_and_nothing_else_of_its_kind(plant, fault):
    rules = [rule for rule in RULES if fault.entry in rule.gotchas]
    if not rules:
        pytest.skip("no rule yet")
    found = critical(plant(fault.files))
    assert {one.rule.id for one in found} <= {rule.id for rule in rules}
    assert fault.file in {one.finding.place.file for one in found}
