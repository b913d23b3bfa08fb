"""A good project is silent; with one fault of the worst kind planted in it, that one is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

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
        files: what is done to each file: words replaced, or all of it.
        beside: another entry, without which it does no harm.
    """

    entry: str
    file: str
    files: Mapping[str, tuple[Edit, ...] | str]
    beside: str = ""


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

OCTANE = '\n        "laravel/octane": "^2.12"'
LOCKED_OCTANE = '\n        {"name": "laravel/octane", "version": "v2.12.0"}'
VISITOR = """\
<?php

namespace App;

use Illuminate\\Http\\Request;

class Visitor
{
    public function __construct(private Request $request)
    {
    }
}
"""
KEPT_VISITOR = """\
<?php

namespace App\\Providers;

use App\\Visitor;
use Illuminate\\Support\\ServiceProvider;

class AppServiceProvider extends ServiceProvider
{
    public function register(): void
    {
        $this->app->singleton(Visitor::class);
    }

    public function boot(Visitor $visitor): void
    {
    }
}
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
            ("<?php\n", "<?php\n\nuse Illuminate\\Support\\Str;\n"),
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
    Planted("RED-10", CANARY_FILE, {
        "config/database.php": (
            ("'persistent' => false,", "'serializer' => (int) env('REDIS_SERIALIZER', 0),"),
        ),
        CANARY_FILE: canary(REDIS_SERIALIZER="2"),
    }),
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
    Planted("ROL-20", "docker/entrypoint.sh", {
        "docker/entrypoint.sh": (("set -eu\n", "set -eu\nphp artisan cache:clear\n"),),
        ENVIRONMENT: (("REDIS_CACHE_HOST: redis-cache", "REDIS_CACHE_HOST: redis-sessions"),),
    }, beside="RED-06"),
    Planted("OCT-01", "app/Providers/AppServiceProvider.php", {
        "composer.json": (('"^12.61"', f'"^12.61",{OCTANE}'),),
        "composer.lock": (('"v12.61.0"}', f'"v12.61.0"}},{LOCKED_OCTANE}'),),
        "app/Visitor.php": VISITOR,
        "app/Providers/AppServiceProvider.php": KEPT_VISITOR,
    }),
    Planted("OCT-03", IMAGE, {
        IMAGE: "FROM dunglas/frankenphp:1.10.1-php8.3\nCOPY . /app\n"
        'ENTRYPOINT ["php", "artisan", "octane:start", "--server=frankenphp"]\n',
        "app/Http/Controllers/CartController.php": (
            ("$cart = $request->session()->get('cart', []);", "$cart = $_SESSION['cart'] ?? [];"),
        ),
    }),
)  # fmt: skip

WITHOUT_A_RULE: Mapping[str, str] = {
    "OCT-05": "which settings a package changes in a request is not written in the project",
}
"""Entries of severity C that no rule answers, and why."""
CATALOGUE = {
    *("STO-01", "STO-03", "STO-07", "STO-09", "STO-11", "KEY-01", "KEY-02", "KEY-03", "KEY-04"),
    *("KEY-10", "KEY-11", "CFG-01", "CFG-06", "CKY-12", "RED-01", "RED-04", "RED-06", "RED-07"),
    *("RED-09", "RED-10", "RED-21", "DB-01", "MEM-02", "MEM-03", "MEM-06", "ROL-13", "ROL-19"),
    *("ROL-20", "OCT-01", "OCT-03", "OCT-05"),
}
"""The entries of severity C."""


def test_each_entry_of_the_worst_kind_is_planted_or_has_no_rule():
    assert {fault.entry for fault in PLANTED} == CATALOGUE - WITHOUT_A_RULE.keys()
    assert [rule.id for rule in RULES if WITHOUT_A_RULE.keys() & set(rule.gotchas)] == []


def test_the_good_project_is_silent(changed):
    result = changed(GOOD)
    assert [(found.rule.id, found.finding) for found in result.found] == []
    assert result.judged.not_judged == ()
    assert (result.judged.projects, result.judged.workloads) == (1, 7)


@pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: fault.entry)
def test_a_planted_fault_is_found_and_nothing_else_of_its_kind(changed, of_entry, fault):
    found, others = of_entry(changed(GOOD, fault.files), fault.entry, fault.beside)
    assert fault.file in found
    assert others == []
