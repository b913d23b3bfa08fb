"""What processes are told of queues, the cache and the Redis that is not the sessions'."""

from __future__ import annotations

import pytest

from holdfast.kube.environment.gather import variables
from holdfast.kube.needed import needed

from .conftest import application

SHARED = {"redis": {"external": {"host": "jobs.example.com"}}}
WORKER = {"workers": [{"name": "jobs", "longestJob": 300}]}
OWN = {"session": {"connection": "sessions", "store": {"variables": "SESSION_REDIS", "single": {}}}}


@pytest.mark.parametrize(
    ("spec", "connection"),
    [
        ({}, "sync"),
        (WORKER, "database"),
        (WORKER | SHARED, "redis"),
        (WORKER | SHARED | {"queue": {"connection": "database"}}, "database"),
        ({"queue": {"connection": "sqs"}}, "sqs"),
    ],
)
def test_jobs_wait_where_somebody_works_them_off_and_never_with_sessions(spec, connection):
    assert variables(application(**spec))["QUEUE_CONNECTION"] == connection


@pytest.mark.parametrize(
    ("spec", "name", "seconds"),
    [
        (WORKER, "DB_QUEUE_RETRY_AFTER", "330"),
        (WORKER | SHARED | OWN, "REDIS_QUEUE_RETRY_AFTER", "330"),
        ({"workers": [{"name": "jobs", "longestJob": 60}]}, "DB_QUEUE_RETRY_AFTER", "90"),
        ({"workers": [{"name": "jobs", "longestJob": 61}]}, "DB_QUEUE_RETRY_AFTER", "91"),
        (WORKER | {"queue": {"retryAfter": 400}}, "DB_QUEUE_RETRY_AFTER", "400"),
    ],
)
def test_a_job_is_given_to_nobody_else_while_it_may_still_run(spec, name, seconds):
    told = variables(application(**spec))
    assert told[name] == seconds
    assert [key for key in told if key.endswith("RETRY_AFTER")] == [name]


def test_before_laravel_11_no_variable_says_when_a_job_is_given_to_somebody_else():
    told = variables(application(laravel=10, **WORKER))
    assert not [name for name in told if name.endswith("RETRY_AFTER")]


def test_sqs_is_told_where_its_queues_are():
    url = "https://sqs.eu-central-1.amazonaws.com/123456789012/shop-jobs"
    told = variables(application(queue={"connection": "sqs", "sqsQueueUrl": url}))
    assert told["SQS_PREFIX"] == "https://sqs.eu-central-1.amazonaws.com/123456789012"
    assert told["SQS_QUEUE"] == "shop-jobs"
    assert told["AWS_DEFAULT_REGION"] == "eu-central-1"


@pytest.mark.parametrize(
    ("laravel", "name"),
    [(8, "CACHE_DRIVER"), (10, "CACHE_DRIVER"), (11, "CACHE_STORE"), (13, "CACHE_STORE")],
)
def test_the_cache_is_named_as_the_version_of_laravel_reads_it(laravel, name):
    told = variables(application(laravel=laravel))
    assert told[name] == "database"
    assert len({"CACHE_DRIVER", "CACHE_STORE"} & set(told)) == 1


@pytest.mark.parametrize(
    ("cache", "prefix"),
    [({}, "shop_cache_"), ({"prefix": ""}, ""), ({"prefix": "laravel_cache:"}, "laravel_cache:")],
)
def test_the_prefix_of_the_cache_is_pinned(cache, prefix):
    assert variables(application(cache=cache))["CACHE_PREFIX"] == prefix


@pytest.mark.parametrize(
    ("external", "host", "port"),
    [
        ({"host": "jobs.example.com"}, "jobs.example.com", "6379"),
        ({"host": "jobs.example.com", "port": 6380, "tls": True}, "tls://jobs.example.com", "6380"),
    ],
)
def test_the_other_redis_is_that_of_the_stock_connections(external, host, port):
    told = variables(application(redis={"external": external}, **OWN))
    assert (told["REDIS_HOST"], told["REDIS_PORT"]) == (host, port)


@pytest.mark.parametrize("password", [True, False])
def test_the_password_of_the_other_redis_is_asked_for(password):
    redis = {"external": {"host": "r.example.com", "password": password}}
    app = application(redis=redis, database={"driver": "sqlite"}, **OWN)
    asked = {"APP_KEY", "SESSION_REDIS_PASSWORD", *(["REDIS_PASSWORD"] if password else [])}
    assert set(needed(app, []).keys) == asked
