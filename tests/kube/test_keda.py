"""KEDA looks at the keys, rows and messages of a group, and adds them up."""

from __future__ import annotations

import re

import pytest

from holdfast.kube.app import App
from holdfast.kube.workers import groups
from tests.kube import schemas

from .conftest import application

OWN = {"session": {"driver": "database"}}
REDIS = {"redis": {"external": {"host": "jobs.example.com"}}, **OWN}
URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/shop-jobs"


def rendered(namespace=None, worker=None, **spec):
    made = {"name": "mails", "max": 9, "scaleOn": {"jobs": 20}, **(worker or {})}
    app = application(workers=[made], **spec)
    app = App(name=app.name, spec=app.spec, namespace=namespace)
    found = list(groups.objects(app))
    assert schemas.all_problems(found, app) == []
    return {one["kind"]: one for one in found}


def scaled(**spec):
    return rendered(**spec)["ScaledObject"]["spec"]


def modifiers(spec):
    return spec["advanced"].get("scalingModifiers")


def by_name(spec):
    return {one["name"]: one["metadata"]["listName"] for one in spec["triggers"]}


def test_ready_and_reserved_jobs_of_all_queues_are_added_up():
    spec = scaled(**REDIS, worker={"queues": ["mails", "default"], "min": 1})
    assert by_name(spec) == {
        "ready_1": "shop_queues:mails",
        "reserved_1": "shop_queues:mails:reserved",
        "ready_2": "shop_queues:default",
        "reserved_2": "shop_queues:default:reserved",
    }
    assert modifiers(spec) == {
        "formula": "ready_1 + reserved_1 + ready_2 + reserved_2",
        "metricType": "AverageValue",
        "target": "20",
    }
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (1, 9)
    assert "fallback" not in spec


def value(formula, **counted):
    """What KEDA's expression language makes of a formula like ours."""
    sums = re.sub(r"\((.+?) > 0 \? (\S+) : (\S+)\)", r"(\2 if \1 > 0 else \3)", formula)
    return eval(sums, {}, {name: float(number) for name, number in counted.items()})


@pytest.mark.parametrize(
    ("ready", "reserved", "delayed", "expected"),
    [(0, 0, 0, 0), (0, 0, 7, 0.001), (3, 2, 0, 5), (3, 2, 9, 5.001)],
)
def test_delayed_jobs_keep_one_worker_and_add_none(ready, reserved, delayed, expected):
    spec = scaled(**REDIS, worker={"min": 0, "queues": ["default"]})
    assert by_name(spec)["delayed_1"] == "shop_queues:default:delayed"
    made = value(modifiers(spec)["formula"], ready_1=ready, reserved_1=reserved, delayed_1=delayed)
    assert made == pytest.approx(expected)
    assert isinstance(made, float)  # Anything else is an error to KEDA.
    assert spec["minReplicaCount"] == 0
    assert spec["fallback"] == {"failureThreshold": 3, "replicas": 1}


def test_each_name_in_the_formula_is_that_of_a_trigger():
    spec = scaled(**REDIS, worker={"min": 0, "queues": ["a", "b", "c"]})
    names = re.findall(r"[a-z]+_[0-9]+", modifiers(spec)["formula"])
    assert sorted(names) == sorted(one["name"] for one in spec["triggers"])
    assert len(set(names)) == 9


@pytest.mark.parametrize(
    ("spec", "key"),
    [
        ({"session": {"driver": "database", "prefix": "laravel_database_"}}, "laravel_database_"),
        ({"session": {"driver": "database", "prefix": ""}}, ""),
    ],
)
def test_the_keys_have_the_prefix_that_laravel_puts_before_them(spec, key):
    found = scaled(**REDIS | spec, worker={"queues": ["default"]})
    assert by_name(found)["ready_1"] == f"{key}queues:default"


@pytest.mark.parametrize(
    ("external", "address"),
    [
        ({"host": "jobs.example.com"}, "jobs.example.com:6379"),
        ({"host": "jobs", "port": 6380}, "jobs.shop.svc:6380"),
        ({"host": "2001:db8::1"}, "[2001:db8::1]:6379"),
    ],
)
def test_keda_finds_the_redis_from_its_own_namespace(external, address):
    spec = scaled(namespace="shop", redis={"external": external}, **OWN)
    assert {one["metadata"]["address"] for one in spec["triggers"]} == {address}


@pytest.mark.parametrize("tls", [True, False])
def test_keda_speaks_tls_where_the_application_does(tls):
    spec = scaled(redis={"external": {"host": "jobs.example.com", "tls": tls}}, **OWN)
    assert {one["metadata"].get("enableTLS") for one in spec["triggers"]} == {
        "true" if tls else None
    }


def test_the_database_of_the_keys_is_the_connections():
    assert {one["metadata"]["databaseIndex"] for one in scaled(**REDIS)["triggers"]} == {"0"}
    other = scaled(**REDIS, config={"REDIS_DB": "3"})
    assert {one["metadata"]["databaseIndex"] for one in other["triggers"]} == {"3"}


@pytest.mark.parametrize("password", [True, False])
def test_keda_is_let_in_where_a_password_is_asked_for(password):
    found = rendered(redis={"external": {"host": "jobs.example.com", "password": password}}, **OWN)
    references = [one.get("authenticationRef") for one in found["ScaledObject"]["spec"]["triggers"]]
    if not password:
        assert "TriggerAuthentication" not in found
        assert set(references) == {None}
        return
    authentication = found["TriggerAuthentication"]
    assert authentication["spec"]["secretTargetRef"] == [
        {"key": "REDIS_PASSWORD", "name": "shop-env", "parameter": "password"}
    ]
    assert {one["name"] for one in references} == {authentication["metadata"]["name"]}


def test_jobs_in_an_external_redis_of_the_sessions_are_found_there():
    spec = scaled(
        queue={"connection": "redis"},
        session={"store": {"external": {"host": "redis.example.com"}}},
    )
    assert {one["metadata"]["address"] for one in spec["triggers"]} == {"redis.example.com:6379"}


@pytest.mark.parametrize(
    ("driver", "kind", "told"),
    [
        (
            "mysql",
            "mysql",
            {
                "dbName": "shop_db",
                "host": "db.example.com",
                "port": "3306",
                "query": "SELECT count(*) FROM jobs WHERE queue IN ('a', 'b') AND (reserved_at IS"
                " NOT NULL OR available_at <= UNIX_TIMESTAMP())",
                "queryValue": "20",
                "username": "me",
            },
        ),
        (
            "pgsql",
            "postgresql",
            {
                "dbName": "shop_db",
                "host": "db.example.com",
                "port": "5432",
                "query": "SELECT count(*) FROM jobs WHERE queue IN ('a', 'b') AND (reserved_at IS"
                " NOT NULL OR available_at <= extract(epoch FROM now()))",
                "sslmode": "prefer",
                "targetQueryValue": "20",
                "userName": "me",
            },
        ),
    ],
)
def test_rows_that_are_due_or_at_work_are_counted_in_one_query(driver, kind, told):
    database = {"driver": driver, "host": "db.example.com", "name": "shop_db", "user": "me"}
    found = rendered(database=database, worker={"queues": ["a", "b"]})
    (trigger,) = found["ScaledObject"]["spec"]["triggers"]
    assert (trigger["type"], trigger["metadata"]) == (kind, told)
    assert modifiers(found["ScaledObject"]["spec"]) is None
    assert "annotations" not in found["ScaledObject"]["metadata"]
    assert found["TriggerAuthentication"]["spec"]["secretTargetRef"] == [
        {"key": "DB_PASSWORD", "name": "shop-env", "parameter": "password"}
    ]


def test_messages_of_several_queues_of_sqs_are_added_up():
    queue = {"connection": "sqs", "sqsQueueUrl": URL}
    spec = scaled(queue=queue, worker={"queues": ["default", "mails"]})
    assert [one["metadata"] for one in spec["triggers"]] == [
        {"awsRegion": "eu-central-1", "queueLength": "20", "queueURL": URL},
        {
            "awsRegion": "eu-central-1",
            "queueLength": "20",
            "queueURL": URL.replace("shop-jobs", "mails"),
        },
    ]
    assert modifiers(spec)["formula"] == "messages_1 + messages_2"
    assert [one["name"] for one in spec["triggers"]] == ["messages_1", "messages_2"]
    assert modifiers(scaled(queue=queue)) is None


def test_the_worker_of_sqs_asks_for_the_queue_whose_address_is_given():
    queue = {"connection": "sqs", "sqsQueueUrl": URL}
    found = rendered(queue=queue, worker={"queues": ["default", "mails"]})
    (container,) = found["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert "--queue=shop-jobs,mails" in container["command"]


ROLE = "arn:aws:iam::123456789012:role/shop"


@pytest.mark.parametrize(
    ("spec", "authentication"),
    [
        (
            {},
            {
                "secretTargetRef": [
                    {"key": "AWS_ACCESS_KEY_ID", "name": "shop-env", "parameter": "awsAccessKeyID"},
                    {
                        "key": "AWS_SECRET_ACCESS_KEY",
                        "name": "shop-env",
                        "parameter": "awsSecretAccessKey",
                    },
                ]
            },
        ),
        (
            {"storage": {"uploads": {"s3": {"bucket": "files", "role": ROLE}}}},
            {"podIdentity": {"identityOwner": "workload", "provider": "aws"}},
        ),
        (
            {
                "session": {
                    "driver": "dynamodb",
                    "store": {
                        "dynamodb": {"table": "sessions", "region": "eu-central-1", "role": ROLE}
                    },
                }
            },
            {"podIdentity": {"identityOwner": "workload", "provider": "aws"}},
        ),
    ],
)
def test_keda_is_let_in_to_sqs_as_the_application_is(spec, authentication):
    found = rendered(queue={"connection": "sqs", "sqsQueueUrl": URL}, **spec)
    assert found["TriggerAuthentication"]["spec"] == authentication
    needs = found["ScaledObject"]["metadata"].get("annotations", {}).get("holdfast.dev/needs")
    assert (needs is not None) == ("podIdentity" in authentication)


def test_what_kedas_version_must_be_stands_in_the_output():
    found = rendered(**REDIS)["ScaledObject"]["metadata"]["annotations"]
    assert found["holdfast.dev/needs"].startswith("KEDA 2.12")


def test_nothing_else_says_how_many_there_are():
    found = rendered(**REDIS)
    assert "replicas" not in found["Deployment"]["spec"]
    assert "HorizontalPodAutoscaler" not in found
    assert (
        found["ScaledObject"]["spec"]["scaleTargetRef"]["name"]
        == found["Deployment"]["metadata"]["name"]
    )
    down = found["ScaledObject"]["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert down["scaleDown"]["stabilizationWindowSeconds"] == 300


def test_one_authentication_for_all_groups():
    app = application(
        workers=[{"name": name, "max": 3, "scaleOn": {"jobs": 1}} for name in ("a", "b")], **REDIS
    )
    kinds = [one["kind"] for one in groups.objects(app)]
    assert kinds == [
        "TriggerAuthentication",
        "Deployment",
        "ScaledObject",
        "Deployment",
        "ScaledObject",
    ]
