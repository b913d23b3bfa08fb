"""``render`` and ``check`` keep each other honest: each safe default, broken, is found.

An application is rendered, and nothing is found in it. Then one thing is changed as a hand would
change it, and the rule that stands for it fires. A rule that is silent, or a default that is not
there, fails here.
"""

from __future__ import annotations

import copy
import re

import msgspec
import pytest
import yaml

from holdfast.check.audit import Request, audit
from holdfast.kube.emit import emit
from holdfast.kube.read import read
from holdfast.kube.render import render

PROJECT = {
    "artisan": "",
    "composer.json": '{"name": "example/shop", "require": {"laravel/framework": "^12.0"}}',
    "composer.lock": '{"packages": [{"name": "laravel/framework", "version": "v12.30.1"}]}',
    "bootstrap/app.php": """<?php

use Illuminate\\Foundation\\Application;

return Application::configure(basePath: dirname(__DIR__))
    ->withRouting(
        web: __DIR__.'/../routes/web.php',
        commands: __DIR__.'/../routes/console.php',
        health: '/up',
    )
    ->withMiddleware(function ($middleware): void {
        $middleware->trustProxies(at: '10.0.0.0/8');
    })
    ->create();
""",
    "routes/web.php": """<?php

use Illuminate\\Support\\Facades\\Route;

Route::get('/', fn () => session('cart'));
Route::post('/login', fn () => auth()->attempt(request()->only('email', 'password')));
""",
    "routes/console.php": """<?php

use Illuminate\\Support\\Facades\\Schedule;

Schedule::command('orders:bill')->daily();
""",
    "config/database.php": """<?php

return [
    'default' => env('DB_CONNECTION', 'sqlite'),
    'connections' => [
        'pgsql' => [
            'driver' => 'pgsql',
            'host' => env('DB_HOST', '127.0.0.1'),
            'password' => env('DB_PASSWORD', ''),
        ],
    ],
    'redis' => [
        'client' => env('REDIS_CLIENT', 'phpredis'),
        'options' => ['prefix' => env('REDIS_PREFIX')],
        'default' => [
            'host' => env('REDIS_HOST', '127.0.0.1'),
            'password' => env('REDIS_PASSWORD'),
            'port' => env('REDIS_PORT', '6379'),
            'database' => env('REDIS_DB', '0'),
            'timeout' => 2,
            'read_timeout' => 3,
        ],
        'cache' => [
            'host' => env('REDIS_HOST', '127.0.0.1'),
            'password' => env('REDIS_PASSWORD'),
            'port' => env('REDIS_PORT', '6379'),
            'database' => env('REDIS_CACHE_DB', '1'),
            'timeout' => 2,
            'read_timeout' => 3,
        ],
        'session' => [
            'host' => env('SESSION_REDIS_HOST', '127.0.0.1'),
            'password' => env('SESSION_REDIS_PASSWORD'),
            'port' => env('SESSION_REDIS_PORT', '6379'),
            'database' => '0',
            'timeout' => 2,
            'read_timeout' => 3,
        ],
    ],
];
""",
}
"""An application whose deployment this could be."""


DATABASE = {"driver": "pgsql", "host": "db.example.com", "name": "shop", "user": "shop"}
BASIC = {
    "image": "registry.example.com/shop@sha256:" + "0123456789abcdef" * 4,
    "host": "shop.example.com",
    "secretName": "shop-env",
    "database": DATABASE,
    "web": {"min": 2, "max": 6},
    "workers": [{"name": "default", "longestJob": 120, "min": 1, "max": 3, "scaleOn": {"cpu": 70}}],
    "scheduler": {},
    "storage": {"uploads": {"s3": {"bucket": "shop-uploads"}}, "livewire": True},
}
KEDA = BASIC | {
    "redis": {"external": {"host": "queues.example.com"}},
    "session": {"store": {"single": {}, "variables": "SESSION_REDIS"}, "connection": "session"},
    "queue": {"connection": "redis"},
    "workers": [{"name": "default", "min": 1, "max": 9, "scaleOn": {"jobs": 20}}],
}
HORIZON = KEDA | {
    "workers": [{"name": "default", "horizon": True, "resources": {"memory": "1472Mi"}}]
}
SENTINEL = BASIC | {"session": {"store": {"sentinel": {}}}}
NGINX = BASIC | {
    "edge": {"ingress": {"controller": "nginx"}},
    "session": {"affinity": {"cookie": "route"}},
}
ISTIO = BASIC | {"mesh": {"istio": {}}}
OCTANE = BASIC | {"web": {"min": 2, "max": 6, "runtime": "octane", "server": "swoole"}}
SQL = BASIC | {"session": {"driver": "database"}}
SECRET = {
    "APP_KEY": "base64:bm90IGEga2V5IG9mIGFueW9uZSwgb25seSBhIHRlc3Q=",
    "DB_PASSWORD": "d",
    "REDIS_PASSWORD": "r",
    "SESSION_REDIS_PASSWORD": "s",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "s",
}
COOKIE = BASIC | {"session": {"driver": "cookie"}}
APPLICATIONS = {
    "basic": BASIC,
    "cookie": COOKIE,
    "keda": KEDA,
    "horizon": HORIZON,
    "sentinel": SENTINEL,
    "nginx": NGINX,
    "istio": ISTIO,
    "octane": OCTANE,
    "sql": SQL,
}


def rendered(spec):
    whole = {
        "apiVersion": "holdfast.dev/v1alpha1",
        "kind": "LaravelApp",
        "metadata": {"name": "shop", "namespace": "shop"},
        "spec": spec,
    }
    # With the Secret, or check leaves open what its values might change.
    app = read(msgspec.json.encode(whole), "app.yaml", secret=SECRET)
    return [copy.deepcopy(one) for some in render(app).objects.values() for one in some]


@pytest.fixture
def found(tmp_path):
    """The ids of the rules that find something in objects."""

    def check(objects):
        for name, text in PROJECT.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
        (tmp_path / "all.yaml").write_text(emit(objects))
        result = audit(Request([tmp_path], tmp_path))
        return {one.rule.id for one in result.found if not one.finding.unknown}

    return check


def of(objects, kind, ends=""):
    """The one object of a kind whose name ends so."""
    there = [o for o in objects if o["kind"] == kind and o["metadata"]["name"].endswith(ends)]
    assert len(there) == 1, [o["metadata"]["name"] for o in there]
    return there[0]


def setting(name, value):
    """A variable of the ConfigMap of all processes."""

    def change(objects):
        for one in objects:
            if one["kind"] == "ConfigMap" and "SESSION_DRIVER" in one.get("data", {}):
                assert value is not None or name in one["data"]
                one["data"][name] = value
                if value is None:
                    del one["data"][name]
                return
        pytest.fail("no ConfigMap of the application")

    return change


def text(pattern, by):
    """A line of a configuration file in a ConfigMap."""

    def change(objects):
        count = 0
        for one in objects:
            if one["kind"] == "ConfigMap":
                for key, value in one["data"].items():
                    one["data"][key], found = re.subn(pattern, by, value, flags=re.MULTILINE)
                    count += found
        assert count, pattern

    return change


def pod(kind, ends, edit):
    """The spec of a pod template."""

    def change(objects):
        spec = of(objects, kind, ends)["spec"]
        edit((spec.get("jobTemplate", {}).get("spec") or spec)["template"]["spec"])

    return change


def container(kind, ends, name, edit):
    def change_pod(spec):
        (one,) = [one for one in spec["containers"] if name in (None, one["name"])]
        edit(one)

    return pod(kind, ends, change_pod)


def each_container(kind, ends, edit):
    return pod(kind, ends, lambda spec: [edit(one) for one in spec["containers"]])


def without(kind, ends=""):
    def change(objects):
        before = len(objects)
        objects[:] = [
            o for o in objects if not (o["kind"] == kind and o["metadata"]["name"].endswith(ends))
        ]
        assert len(objects) < before

    return change


def put(kind, ends, *path, value):
    """A field of an object; None takes it out."""

    def change(objects):
        owner = of(objects, kind, ends)
        for step in path[:-1]:
            owner = owner[step] if isinstance(step, int) else owner.setdefault(step, {})
        if value is None:
            del owner[path[-1]]
        else:
            owner[path[-1]] = value

    return change


def add(**manifest):
    return lambda objects: objects.append(manifest)


def both(*changes):
    def change(objects):
        for one in changes:
            one(objects)

    return change


def drop(field):
    return lambda one: one.pop(field)


WEB = ("Deployment", "-web")
REDIS = ("StatefulSet", "-sessions")
WORKER = ("Deployment", "-worker-default")
NO_STOP = drop("lifecycle")


def ask(path):
    def edit(one):
        if "readinessProbe" in one:
            one["readinessProbe"] = {"httpGet": {"path": path, "port": "http"}}

    return edit


def live_by_a_page(one):
    if "readinessProbe" in one:
        one["livenessProbe"] = {"httpGet": {"path": "/", "port": "http"}}


def no_proof(one):
    for probe in ("readinessProbe", "startupProbe"):
        one.pop(probe, None)


def hook(script):
    def edit(one):
        one["lifecycle"]["preStop"]["exec"]["command"] = ["/bin/sh", "-c", script]

    return edit


def migrate_first(spec):
    spec.setdefault("initContainers", []).append(
        spec["containers"][0]
        | {"name": "migrate", "command": ["php", "artisan", "migrate", "--force"]}
    )


def schedule_too(spec):
    spec["containers"].append(
        spec["containers"][0] | {"name": "cron", "command": ["php", "artisan", "schedule:work"]}
    )


def on_an_empty_dir(objects):
    one = of(objects, *REDIS)["spec"]
    names = [claim["metadata"]["name"] for claim in one.pop("volumeClaimTemplates")]
    one["template"]["spec"].setdefault("volumes", []).extend(
        {"name": name, "emptyDir": {}} for name in names
    )


def unhashed(objects):
    for one in objects:
        if one["kind"] == "ConfigMap" and "SESSION_DRIVER" in one["data"]:
            old = one["metadata"]["name"]
            one.pop("immutable")
    dumped = emit(objects).replace(old, "shop-config")
    objects[:] = list(yaml.safe_load_all(dumped))


HASHED = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "DestinationRule",
    "metadata": {"name": "sticky", "namespace": "shop"},
}


def hashed_by(cookie):
    def change(objects):
        one = of(objects, "DestinationRule", "-web")
        one["spec"].setdefault("trafficPolicy", {})["loadBalancer"] = {
            "consistentHash": {"httpCookie": {"name": cookie, "ttl": "7200s"}}
        }

    return change


MUTATIONS = [
    ("HF101", "basic", setting("SESSION_DRIVER", "file")),
    ("HF107", "basic", setting("SESSION_DRIVER", "array")),
    ("HF211", "basic", setting("APP_KEY", SECRET["APP_KEY"])),
    ("HF305", "basic", both(
        add(
            apiVersion="v1",
            kind="Service",
            metadata={"name": "redis", "namespace": "shop"},
            spec={"ports": [{"port": 6379}], "selector": {"app": "redis"}},
        ),
        setting("REDIS_PORT", None),
        pod(*WEB, drop("enableServiceLinks")),
    )),
    ("HF309", "basic", unhashed),
    ("HF404", "basic", setting("SESSION_SECURE_COOKIE", "false")),
    ("HF405", "basic", setting("SESSION_DOMAIN", "other.example.org")),
    ("HF408", "basic", both(
        setting("SESSION_SAME_SITE", "none"), setting("SESSION_SECURE_COOKIE", "false")
    )),
    ("HF409", "basic", setting("SESSION_DRIVER", "cookie")),
    ("HF419", "cookie", text(r"^ *(fastcgi_buffer_size|fastcgi_buffers) .*\n", "")),
    ("HF501", "basic", text("noeviction", "allkeys-lru")),
    ("HF501", "sentinel", text("noeviction", "allkeys-lru")),
    ("HF502", "basic", text("noeviction", "volatile-lru")),
    ("HF502", "sentinel", text("noeviction", "volatile-ttl")),
    ("HF504", "basic", on_an_empty_dir),
    ("HF505", "basic", both(
        text("^appendonly yes", "appendonly no"), text('^save ""', "save 60 1")
    )),
    ("HF506", "basic", both(setting("CACHE_STORE", "redis"), setting("REDIS_CACHE_DB", "0"))),
    ("HF508", "basic", setting("QUEUE_CONNECTION", "redis")),
    ("HF513", "sentinel", put(
        "Service", "-sessions", "spec", "selector",
        value={"app.kubernetes.io/component": "sessions", "app.kubernetes.io/instance": "shop"},
    )),
    ("HF513", "sentinel", text("expect string role:master", "expect string +OK")),
    ("HF519", "basic", text("^ *maxmemory [0-9].*\n", "")),
    ("HF519", "sentinel", text("^maxmemory [0-9]*", "maxmemory 300mb")),
    ("HF527", "basic", text("^appendfsync everysec", "appendfsync no")),
    ("HF533", "basic", put(*REDIS, "spec", "replicas", value=3)),
    ("HF606", "basic", each_container(*WEB, ask("/"))),
    ("HF610", "basic", pod(*WEB, migrate_first)),
    ("HF713", "nginx", put(
        "Ingress", "", "metadata", "annotations",
        "nginx.ingress.kubernetes.io/session-cookie-name", value="shop_session",
    )),
    ("HF802", "basic", text("^ *process_control_timeout.*\n", "")),
    ("HF803", "basic", each_container(*WEB, NO_STOP)),
    ("HF804", "basic", container(*WEB, "php", hook("sleep 1"))),
    ("HF805", "basic", pod(*WEB, lambda spec: spec.update(terminationGracePeriodSeconds=12))),
    ("HF807", "basic", each_container(*WEB, no_proof)),
    ("HF808", "basic", each_container(*WEB, live_by_a_page)),
    ("HF810", "basic", put("PodDisruptionBudget", "-web", "spec", "maxUnavailable", value=0)),
    ("HF811", "basic", put(*WEB, "spec", "strategy", value={"type": "Recreate"})),
    ("HF821", "horizon", each_container(
        "Deployment", "-worker-default", hook("kill -QUIT 1; sleep 60")
    )),
    ("HF822", "octane", each_container(*WEB, NO_STOP)),
    ("HF823", "basic", put(
        "HorizontalPodAutoscaler", "-web", "spec", "behavior", "scaleDown",
        value={"stabilizationWindowSeconds": 0},
    )),
    ("HF921", "basic", pod(*WORKER, lambda spec: spec.update(terminationGracePeriodSeconds=30))),
    ("HF922", "keda", setting("REDIS_QUEUE_RETRY_AFTER", "30")),
    ("HF924", "basic", pod(*WEB, schedule_too)),
    ("HF928", "keda", setting("REDIS_PREFIX", "laravel_database_")),
    ("HF930", "basic", setting("FILESYSTEM_DISK", "public")),
    ("HF932", "basic", setting("CACHE_STORE", "file")),
    ("HF951", "basic", setting("SESSION_ENCRYPT", "false")),
    ("HF953", "basic", setting("MAIL_PASSWORD", "correct horse")),
    ("HF955", "basic", setting("SESSION_HTTP_ONLY", "false")),
    ("HF956", "basic", both(
        without("NetworkPolicy", "-sessions"), without("NetworkPolicy", "-default-deny")
    )),
    ("HF956", "sentinel", both(
        without("NetworkPolicy", "-sessions"), without("NetworkPolicy", "-default-deny")
    )),
]  # fmt: skip


@pytest.mark.parametrize("name", APPLICATIONS)
def test_nothing_is_found_in_what_is_rendered(found, name):
    assert found(rendered(APPLICATIONS[name])) == set()


@pytest.mark.parametrize(
    ("rule", "name", "change"),
    MUTATIONS,
    ids=[f"{rule}-{number}" for number, (rule, *_) in enumerate(MUTATIONS)],
)
def test_a_broken_default_is_found(found, rule, name, change):
    objects = rendered(APPLICATIONS[name])
    change(objects)
    assert rule in found(objects)
