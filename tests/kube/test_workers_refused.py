"""What is refused of queues, workers and the cache, where, and with which way out."""

from __future__ import annotations

import pytest

from holdfast.kube.app import App
from holdfast.kube.refusals import queue, workers

from .conftest import application

DATABASE = {"session": {"driver": "database"}}
REDIS = {"redis": {"external": {"host": "jobs.example.com"}}, **DATABASE}
OWN = {"session": {"connection": "sessions", "store": {"variables": "SESSION_REDIS"}}}
URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/shop-jobs"


def refused(section, namespace=None, **spec):
    app = application(**spec)
    app = App(name=app.name, spec=app.spec, namespace=namespace)
    return list(section.refusals(app))


def places(found):
    return [".".join(map(str, one.path)) for one in found]


def of_worker(worker, **spec):
    """Paths below the one worker."""
    found = refused(workers, workers=[{"name": "mails", **worker}], **(spec or REDIS))
    return [place.removeprefix("workers.0.") for place in places(found)]


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"workers": [{"name": "a"}, {"name": "b", "queues": ["default"]}]},
        {**REDIS, "workers": [{"name": "h", "horizon": True}, {"name": "m", "longestJob": 3600}]},
        {**OWN, "redis": REDIS["redis"], "cache": {"store": "redis"}, "scheduler": {}},
        {**OWN, "config": {"REDIS_HOST": "r"}, "queue": {"connection": "redis"}},
        {**DATABASE, "config": {"MEMCACHED_HOST": "m"}, "cache": {"store": "memcached"}},
        {"queue": {"connection": "sqs", "sqsQueueUrl": URL}, "workers": [{"name": "m"}]},
        {
            "queue": {"connection": "redis"},
            "session": {"store": {"external": {"host": "redis.example.com"}}},
        },
        {"cache": {"store": "array"}},
        {"queue": {"connection": "database", "retryAfter": 90}},
        {"queue": {"retryAfter": 90}, "laravel": 10, "workers": [{"name": "m"}]},
        {"workers": [{"name": "m", "tries": 4}]},
        {
            "queue": {"connection": "sqs", "sqsQueueUrl": URL},
            "storage": {"uploads": {"s3": {"bucket": "files", "region": "eu-central-1"}}},
        },
    ],
)
def test_what_is_right_is_let_through(spec):
    assert refused(workers, **spec) == []
    assert refused(queue, **spec) == []


GROUPS = [
    ({"longestJob": 60, "grace": 74}, "grace"),
    ({"min": 3, "max": 2}, "max"),
    ({"max": 2}, "max"),
    ({"scaleOn": {"cpu": 70}}, "scaleOn"),
    ({"max": 1, "scaleOn": {"cpu": 70}}, "scaleOn"),
    ({"max": 2, "scaleOn": {"cpu": 70, "jobs": 5}}, "scaleOn"),
    ({"min": 0}, "min"),
    ({"min": 0, "max": 2, "scaleOn": {"cpu": 70}}, "min"),
    ({"horizon": True, "queues": ["mails"]}, "queues"),
    ({"horizon": True, "tries": 4}, "tries"),
    ({"horizon": True, "max": 2, "scaleOn": {"jobs": 5}}, "scaleOn.jobs"),
    ({"name": "m" * 40, "max": 2, "scaleOn": {"jobs": 5}}, None),
]


@pytest.mark.parametrize(("worker", "place"), GROUPS)
def test_a_group_that_would_lose_jobs_or_never_do_them(worker, place):
    assert of_worker(worker) == ([place] if place else [])


@pytest.mark.parametrize("grace", [75, 76])
def test_a_grace_that_is_long_enough(grace):
    assert of_worker({"longestJob": 60, "grace": grace}) == []


@pytest.mark.parametrize("limits", [(2, 2), (0, 1), (1, 2)])
def test_room_to_grow(limits):
    least, most = limits
    scale = {"scaleOn": {"jobs": 5}} if most > least else {}
    assert of_worker({"min": least, "max": most, **scale}) == []


@pytest.mark.parametrize(
    ("spec", "longest", "refuses"),
    [
        ({"laravel": 10}, 89, False),
        ({"laravel": 10}, 90, True),
        ({"laravel": 10, "queue": {"retryAfter": 300}}, 299, False),
        ({"laravel": 11, "queue": {"retryAfter": 300}}, 300, True),
        ({"laravel": 11}, 7200, False),
        ({"laravel": 10, "queue": {"connection": "sqs"}}, 7200, False),
        ({"laravel": 10, **REDIS}, 90, True),
    ],
)
def test_a_job_is_not_given_to_a_second_worker(spec, longest, refuses):
    assert of_worker({"longestJob": longest}, **spec) == (["longestJob"] if refuses else [])


def test_two_groups_of_one_name():
    found = refused(workers, workers=[{"name": "a"}, {"name": "b"}, {"name": "a"}])
    assert places(found) == ["workers.2.name"]


@pytest.mark.parametrize(("length", "refuses"), [(23, False), (24, True)])
def test_a_name_that_kubernetes_would_not_take(length, refuses):
    app = application(name="s" * 32, workers=[{"name": "w" * length}])
    found = list(workers.refusals(app))
    assert places(found) == (["workers.0.name"] if refuses else [])
    assert not found or "shorter by 1" in found[0].way_out


@pytest.mark.parametrize("spec", [DATABASE, {"queue": {"connection": "sqs", "sqsQueueUrl": URL}}])
def test_horizon_works_on_redis_alone(spec):
    assert of_worker({"horizon": True}, **spec) == ["horizon"]


SCALED = {"name": "m", "max": 2, "scaleOn": {"jobs": 5}}


@pytest.mark.parametrize(
    ("spec", "namespace", "refuses"),
    [
        (REDIS, None, False),
        ({**DATABASE, "redis": {"external": {"host": "jobs"}}}, None, True),
        ({**DATABASE, "redis": {"external": {"host": "jobs"}}}, "shop", False),
        ({**DATABASE, "redis": {"external": {"host": "2001:db8::1"}}}, None, False),
        ({**OWN, "config": {"REDIS_HOST": "r"}, "queue": {"connection": "redis"}}, "shop", True),
        ({}, "shop", True),
        ({"database": {"driver": "mysql"}}, "shop", True),
        ({"database": {"driver": "mysql", "host": "db"}}, None, True),
        ({"database": {"driver": "mysql", "host": "db"}}, "shop", False),
        ({"queue": {"connection": "sqs", "sqsQueueUrl": URL}}, None, False),
    ],
)
def test_keda_has_to_find_the_jobs(spec, namespace, refuses):
    found = refused(workers, namespace, workers=[SCALED], **spec)
    assert places(found) == (["workers.0.scaleOn.jobs"] if refuses else [])


@pytest.mark.parametrize(
    ("table", "refuses"),
    [
        ("jobs", False),
        ("shop.Jobs_2", False),
        ("jobs; DROP TABLE users --", True),
        ("jobs'", True),
        ('"jobs"', True),
        ("jobs\n", True),
        ("", True),
    ],
)
def test_a_table_is_a_name_and_no_query(table, refuses):
    found = refused(queue, config={"DB_QUEUE_TABLE": table})
    assert places(found) == (["config.DB_QUEUE_TABLE"] if refuses else [])


SQS = {"connection": "sqs", "sqsQueueUrl": URL}
QUEUES = [
    (
        {"queue": SQS, "storage": {"uploads": {"s3": {"bucket": "files", "region": "eu-west-1"}}}},
        "queue.sqsQueueUrl",
    ),
    (
        {
            "queue": SQS,
            "session": {
                "driver": "dynamodb",
                "store": {"dynamodb": {"table": "sessions", "region": "eu-west-1"}},
            },
        },
        "queue.sqsQueueUrl",
    ),
    ({"redis": {}, **DATABASE}, "redis"),
    (REDIS | {"session": {"driver": "redis"}}, "redis"),
    (REDIS | {"session": {"store": {"single": {}}}}, "redis"),
    ({"queue": {"connection": "redis"}}, "queue.connection"),
    ({"queue": {"connection": "redis"}, **DATABASE}, "queue.connection"),
    ({"queue": {"connection": "redis"}, **OWN}, "queue.connection"),
    ({"queue": {"connection": "sqs"}}, "queue.connection"),
    (
        {"queue": {"connection": "sqs", "sqsQueueUrl": "https://example.com/a/b"}},
        "queue.sqsQueueUrl",
    ),
    ({"queue": {"sqsQueueUrl": URL}}, "queue.sqsQueueUrl"),
    ({"queue": {"connection": "database", "sqsQueueUrl": URL}}, "queue.sqsQueueUrl"),
    ({"queue": {"retryAfter": 90}}, "queue.retryAfter"),
    ({"queue": {**SQS, "retryAfter": 90}, "workers": [{"name": "m"}]}, "queue.retryAfter"),
    ({"queue": {"connection": "database", "retryAfter": 90}, "laravel": 10}, "queue.retryAfter"),
    ({"cache": {"store": "redis"}}, "cache.store"),
    ({"cache": {"store": "redis"}, **OWN}, "cache.store"),
    ({"cache": {"store": "redis"}, **DATABASE}, "cache.store"),
    ({"cache": {"store": "memcached"}}, "cache.store"),
    (
        {
            "cache": {"store": "memcached"},
            "config": {"MEMCACHED_HOST": "m"},
            "session": {"driver": "memcached"},
        },
        "cache.store",
    ),
    ({"cache": {"store": "file"}, "scheduler": {}}, "cache.store"),
    ({"cache": {"store": "array"}, "scheduler": {}}, "cache.store"),
]


@pytest.mark.parametrize(("spec", "place"), QUEUES)
def test_queues_and_caches_that_fill_the_sessions_store_or_are_found_by_nobody(spec, place):
    assert places(refused(queue, **spec)) == [place]


def test_jobs_beside_sessions_are_refused_with_the_reason_and_ways_out():
    (one,) = refused(queue, queue={"connection": "redis"}, session={"store": {"sentinel": {}}})
    assert "HF508" in one.reason
    assert "connection: database" in one.way_out
    assert "variables: SESSION_REDIS" in one.way_out


BREAKING = [
    *(spec for spec, _ in QUEUES),
    *(REDIS | {"workers": [{"name": "mails", **worker}]} for worker, place in GROUPS if place),
    {"workers": [{"name": "a"}, {"name": "a"}]},
    {"name": "s" * 32, "workers": [{"name": "w" * 24}]},
    {"workers": [{"name": "h", "horizon": True}]},
    {"workers": [SCALED]},
    {"config": {"DB_QUEUE_TABLE": "jobs; DROP TABLE users --"}},
    {"laravel": 10, "workers": [{"name": "m", "longestJob": 90}]},
]
"""At least one application for each rule, for the rules in CEL."""
