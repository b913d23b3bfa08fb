"""The rehearsal's Laravel application: silent, and each fault of the worst kind that can be planted
in it is found.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import holdfast.rehearsal

FIXTURE = Path(holdfast.rehearsal.__file__).parent / "laravel_fixture"
KEY = "base64:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="

COMPOSER = {
    "artisan": "#!/usr/bin/env php\n",
    "composer.json": '{"require": {"laravel/framework": "^8.83"}}',
    "composer.lock": '{"packages": [{"name": "laravel/framework", "version": "v8.83.29"}]}',
}
SHOP = "deploy/shop.yaml"
CANARY = "deploy/canary.yaml"
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
CANARIES = SHOPS.partition("---\n")[2].replace("name: shop}\nspec", "name: canary}\nspec")


def shops(*edits: tuple[str, str]) -> dict[str, str]:
    """The fixture's deployment, changed."""
    text = SHOPS
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return {SHOP: text}


def beside(**variables: str) -> dict[str, str]:
    """The fixture's deployment, and a canary with variables of its own."""
    lines = "".join(f"            - {{name: {n}, value: '{v}'}}\n" for n, v in variables.items())
    return {SHOP: SHOPS, CANARY: CANARIES + lines}


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
    "Dockerfile": "FROM php:8.2-fpm\nWORKDIR /app\nCOPY . .\nRUN php artisan route:cache\n",
    ".dockerignore": ".env*\n",
}
"""What shows that the image brings no key."""

PLANTED = (
    ("STO-01", SHOP, shops(("DRIVER, value: redis", "DRIVER, value: file"))),
    ("STO-07", SHOP, {
        **shops(("DRIVER, value: redis", "DRIVER, value: array")),
        "routes/web.php": "<?php\nIlluminate\\Support\\Facades\\Route::view('/', 'shop');\n",
    }),
    ("STO-09", SHOP, shops(
        ("SESSION_DRIVER, value: redis", "SESSION_DRIVER, value: database"),
        ("value: mysql", "value: sqlite"),
    )),
    ("STO-11", SHOP, shops(("DRIVER, value: redis", "DRIVER, value: apc"))),
    ("KEY-01", SHOP, {**shops((KEY_LINE, "")), **BUILT}),
    ("KEY-10", CANARY, beside(SESSION_ENCRYPT="1")),
    ("KEY-11", SHOP, shops(
        ("valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}", f"value: {KEY}"),
    )),
    ("CFG-06", CANARY, beside(APP_NAME="Canary")),
    ("RED-01", SHOP, {SHOP: SHOPS + redis(
        "--appendonly, 'yes', --maxmemory, 64mb, --maxmemory-policy, allkeys-lru")}),
    ("RED-04", SHOP, {SHOP: SHOPS + redis("--appendonly, 'yes'", "emptyDir: {}")}),
    ("RED-06", SHOP, shops(
        ("CACHE_DRIVER, value: database", "CACHE_DRIVER, value: redis"),
        ("env:\n", "env:\n            - {name: REDIS_CACHE_DB, value: '0'}\n"),
    )),
    ("RED-09", CANARY, beside(REDIS_PREFIX="canary:")),
)  # fmt: skip


def test_it_is_silent(changed):
    assert [(found.rule.id, found.finding) for found in changed(FIXTURE, COMPOSER).found] == []


def test_where_it_is_deployed_well_it_has_no_fault_of_the_worst_kind(changed, of_entry):
    _, others = of_entry(changed(FIXTURE, COMPOSER, beside()), "")
    assert others == []


@pytest.mark.parametrize(("entry", "file", "files"), PLANTED, ids=[one[0] for one in PLANTED])
def test_a_planted_fault_is_found(changed, of_entry, entry, file, files):
    found, others = of_entry(changed(FIXTURE, COMPOSER, files), entry)
    assert file in found
    assert others == []
