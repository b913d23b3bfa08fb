"""What is said at the end of a rendering is what was rendered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.kube.files import files
from holdfast.kube.needed import needed
from holdfast.kube.render import render
from holdfast.kube.session_path import session_path
from tests.kube.conftest import application

DATABASE = {"host": "mysql.internal", "name": "shop", "user": "shop"}
DYNAMODB = {"table": "sessions", "region": "eu-central-1"}
EXTERNAL = {"external": {"host": "redis.internal", "password": False, "tls": True}}


def every(app):
    return [one for some in render(app).objects.values() for one in some]


def way(**spec):
    app = application(database=DATABASE, **spec)
    return {step.station: step.value for step in session_path(app, every(app))}


@pytest.mark.parametrize(
    ("session", "station", "said"),
    [
        ({}, "cookie", "shop_session, 120 min, of shop.example.com alone"),
        ({"cookie": "sid", "lifetime": 60}, "cookie", "sid, 60 min,"),
        ({"domain": "example.com"}, "cookie", "of example.com, secure"),
        ({"sameSite": "none"}, "cookie", "same-site none"),
        ({"encrypt": True}, "cookie", "payload encrypted"),
        ({"prefix": "old_"}, "key", "old_shop_cache_<session id>"),
        ({}, "store", "shop-sessions:6379, one Redis of its own"),
        ({"store": {"sentinel": {}}}, "store", "3 Redis and 3 Sentinels"),
        ({"store": {"operator": {}}}, "store", "3 Redis of the redis-operator"),
        ({"store": EXTERNAL}, "store", "redis.internal:6379, somebody else's Redis over TLS"),
        ({}, "eviction", "none: new sessions are refused at 179 MiB"),
        ({"store": EXTERNAL}, "eviction", "has to be noeviction there"),
        ({}, "persistence", "append-only file on disk every second, volume of 2Gi"),
        ({"store": {"single": {"storage": "5Gi"}}}, "persistence", "volume of 5Gi"),
        ({"driver": "database"}, "store", "mysql at mysql.internal"),
        ({"driver": "memcached", "store": {"external": {"host": "mc", "password": False}}},
         "persistence", "a restart ends every session"),
        ({"driver": "dynamodb", "store": {"dynamodb": DYNAMODB}}, "store", "in eu-central-1"),
        ({"driver": "cookie"}, "store", "the browser"),
        ({}, "affinity", "none: any replica answers"),
        ({"affinity": {"cookie": "lb"}}, "affinity", "by the edge's cookie lb"),
    ],
)  # fmt: skip
def test_a_sessions_way(session, station, said):
    assert said in way(session=session)[station]


def test_the_key_has_a_colon_up_to_laravel_10():
    assert way(laravel=10)["key"] == "shop_shop_cache_:<session id>"
    assert way(laravel=11)["key"] == "shop_shop_cache_<session id>"


def test_the_order_of_stations():
    assert list(way()) == ["cookie", "key", "store", "eviction", "persistence", "affinity"]


@pytest.mark.parametrize(
    ("spec", "keys"),
    [
        ({"session": {"driver": "database"}}, {"APP_KEY", "DB_PASSWORD"}),
        ({}, {"APP_KEY", "DB_PASSWORD", "REDIS_PASSWORD"}),
        ({"session": {"store": EXTERNAL}}, {"APP_KEY", "DB_PASSWORD"}),
        ({"session": {"driver": "database"}, "secrets": {"keys": ["STRIPE"]}},
         {"APP_KEY", "DB_PASSWORD", "STRIPE"}),
        ({"session": {"driver": "dynamodb", "store": {"dynamodb": DYNAMODB}}},
         {"APP_KEY", "DB_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}),
        ({"session": {"driver": "database"}, "storage": {"uploads": {"s3": {"bucket": "abc"}}}},
         {"APP_KEY", "DB_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}),
        ({"session": {"driver": "dynamodb", "store": {"dynamodb": DYNAMODB | {
            "role": "arn:aws:iam::123456789012:role/shop"}}}},
         {"APP_KEY", "DB_PASSWORD"}),
        ({"session": {"driver": "memcached", "store": {"external": {"host": "mc"}}}},
         {"APP_KEY", "DB_PASSWORD", "MEMCACHED_USERNAME", "MEMCACHED_PASSWORD"}),
        ({"session": {"driver": "database"}, "redis": {"external": {"host": "jobs"}}},
         {"APP_KEY", "DB_PASSWORD", "REDIS_PASSWORD"}),
        ({"session": {"driver": "database"}, "storage": {"uploads": {"azure": {
            "account": "abc", "container": "abc"}}}},
         {"APP_KEY", "DB_PASSWORD", "AZURE_STORAGE_CONNECTION_STRING"}),
        ({"session": {"driver": "database"}, "queue": {"connection": "sqs", "sqsQueueUrl":
            "https://sqs.eu-central-1.amazonaws.com/1/default"}, "workers": [{"name": "a"}]},
         {"APP_KEY", "DB_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}),
    ],
)  # fmt: skip
def test_what_the_secret_holds(spec, keys):
    app = application(database=DATABASE, **spec)
    found = needed(app, every(app))
    assert found.keys_are_in == "the Secret shop-env"
    assert set(found.keys) == keys


WHICH = {"DB_CONNECTION", "DB_DATABASE", "DB_HOST", "DB_USERNAME", "DB_PASSWORD"}
ELSEWHERE = {"external": {"host": "redis.internal"}}
NO_DATABASE = {"session": {"store": EXTERNAL}, "cache": {"store": "memcached"}, "migrations": None}


@pytest.mark.parametrize(
    ("spec", "keys"),
    [
        ({}, WHICH),
        ({"cache": {"store": "memcached"}}, WHICH),
        (NO_DATABASE, set()),
        (NO_DATABASE | {"cache": {}}, WHICH),
        (NO_DATABASE | {"migrations": {}}, WHICH),
        (NO_DATABASE | {"workers": [{"name": "a"}]}, WHICH),
        (NO_DATABASE | {"session": {"driver": "database"}}, WHICH),
        (NO_DATABASE | {"database": {"host": "db.internal"}},
         {"DB_DATABASE", "DB_USERNAME", "DB_PASSWORD"}),
        ({"config": {"DB_HOST": "db.internal"}}, WHICH - {"DB_HOST"}),
        ({"database": {"driver": "sqlite"}, "web": {"min": 1}, "session": {"driver": "file"}},
         set()),
    ],
)  # fmt: skip
def test_the_secret_says_which_database(spec, keys):
    app = application(**spec)
    assert {key for key in needed(app, every(app)).keys if key.startswith("DB_")} == keys
    said = [one for one in render(app).decisions if one.subject == "database"]
    assert len(said) == bool(keys)
    for name in keys - {"DB_PASSWORD"}:
        assert name in said[0].choice


def test_keys_of_an_external_secret():
    vault = {"external": {"store": "vault", "key": "apps/shop"}}
    app = application(database=DATABASE, secrets=vault)
    found = needed(app, every(app))
    assert found.keys_are_in == "apps/shop of the ClusterSecretStore vault"
    assert found.keys == ("APP_KEY", "DB_PASSWORD", "REDIS_PASSWORD")
    assert any(one.startswith("External Secrets Operator") for one in found.installed)


def test_keys_that_a_rendered_secret_lacks():
    app = replace(application(database=DATABASE), secret={"APP_KEY": "x", "REDIS_PASSWORD": "y"})
    found = needed(app, every(app))
    assert found.keys == ("DB_PASSWORD",)
    assert "lacks" in found.keys_are_in


@pytest.mark.parametrize(
    ("spec", "installed"),
    [
        ({}, []),
        ({"monitoring": {}}, ["Prometheus Operator"]),
        ({"edge": {"tls": {"issuer": "x"}}}, ["cert-manager"]),
        ({"edge": {"gateway": {"className": "x", "version": "1.5", "channel": "experimental"}}},
         ["Gateway API 1.5 or newer, experimental channel"]),
        ({"workers": [{"name": "a", "max": 3, "scaleOn": {"jobs": 5}}]},
         ["KEDA 2.12 or newer (2.13 for SQS with an IAM role)"]),
        ({"session": {"store": {"operator": {}}}}, ["redis-operator of OT-CONTAINER-KIT"]),
    ],
)  # fmt: skip
def test_what_is_installed(spec, installed):
    app = application(database=DATABASE, **spec)
    assert list(needed(app, every(app)).installed) == installed


def test_files_are_numbered_as_they_are_applied():
    made = render(application(database=DATABASE, monitoring={}))
    names = list(files(made))
    assert names == sorted(names)
    assert names[0] == "10-config.yaml"
    assert names[-1] == "20-monitoring.yaml"


@pytest.mark.parametrize(
    ("edge", "certificates"),
    [
        ({}, ("shop-tls",)),
        ({"tls": {"secretName": "wildcard"}}, ("wildcard",)),
        ({"tls": {"issuer": "letsencrypt"}}, ()),
        ({"gateway": {"className": "envoy"}}, ("shop-tls",)),
        ({"gateway": {"className": "envoy"}, "tls": {"issuer": "letsencrypt"}}, ()),
        ({"ingress": {"controller": "alb"}}, ()),
    ],
)
def test_certificates_that_somebody_makes(edge, certificates):
    app = application(database=DATABASE, edge=edge)
    assert needed(app, every(app)).certificates == certificates


def test_keys_that_only_manifests_name():
    app = application(database=DATABASE)
    reference = {"name": "shop-env", "key": "LICENSE"}
    env = [
        {"name": "A", "valueFrom": {"secretKeyRef": reference}},
        {"name": "B", "valueFrom": {"secretKeyRef": reference | {"key": "MAY", "optional": True}}},
        {"name": "C", "valueFrom": {"secretKeyRef": {"name": "other", "key": "OTHER"}}},
    ]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {},
        "spec": {"containers": [{"env": env}]},
    }
    assert needed(app, [pod]).keys == ("APP_KEY", "DB_PASSWORD", "LICENSE", "REDIS_PASSWORD")
