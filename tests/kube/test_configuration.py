"""What pods refer to: variables, secrets, their account, their namespace."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.kube import configuration
from holdfast.kube.app import App, Object
from holdfast.kube.environment import application as of_application
from holdfast.kube.environment import database as of_database
from holdfast.kube.environment.gather import environment_from
from holdfast.kube.web import deployment

from .conftest import application
from .schemas import all_problems

EXTERNAL = {"external": {"store": "vault", "key": "shop/production"}}
ISTIO: Object = {"istio": {}}


def objects(app: App) -> dict[str, Object]:
    return {one["kind"]: one for one in configuration.objects(app)}


@pytest.mark.parametrize(
    "app",
    [
        application(),
        replace(application(), namespace="shop"),
        replace(application(), secret={"APP_KEY": "base64:AAAA"}),
        application(secrets=EXTERNAL),
        application(mesh=ISTIO),
    ],
)
def test_it_is_valid_for_every_kubernetes(app: App) -> None:
    assert all_problems(configuration.objects(app), app) == []


def test_without_more_there_are_an_account_and_variables() -> None:
    assert list(objects(application())) == ["ServiceAccount", "ConfigMap"]
    account = objects(application())["ServiceAccount"]
    assert account["metadata"]["name"] == "shop"
    assert account["automountServiceAccountToken"] is False
    assert "annotations" not in account["metadata"]


def test_a_secret_that_is_rendered_is_the_one_that_pods_read() -> None:
    app = replace(application(secrets=EXTERNAL), secret={"APP_KEY": "base64:AAAA"})
    secret = objects(app)["Secret"]
    assert "ExternalSecret" not in objects(app)
    assert secret["stringData"] == {"APP_KEY": "base64:AAAA"}
    assert secret["immutable"] is True
    name = secret["metadata"]["name"]
    assert {"secretRef": {"name": name}} in environment_from(app)
    other = replace(app, secret={"APP_KEY": "base64:BBBB"})
    assert objects(other)["Secret"]["metadata"]["name"] != name
    assert name.startswith("shop-env-")


def test_an_external_secret_makes_the_one_that_pods_read() -> None:
    app = application(secrets=EXTERNAL)
    spec = objects(app)["ExternalSecret"]["spec"]
    assert {"secretRef": {"name": spec["target"]["name"]}} in environment_from(app)
    assert spec["secretStoreRef"] == {"kind": "ClusterSecretStore", "name": "vault"}
    assert spec["dataFrom"] == [{"extract": {"key": "shop/production"}}]
    assert spec["refreshInterval"] == "1h"
    assert spec["target"]["deletionPolicy"] == "Retain"


def test_no_value_of_a_secret_is_in_a_config_map() -> None:
    app = replace(application(), secret={"APP_KEY": "base64:AAAA", "DB_PASSWORD": "hush"})
    everything = [*configuration.objects(app), *deployment.objects(app)]
    assert not [
        one["kind"]
        for one in everything
        if one["kind"] != "Secret" and ("base64:AAAA" in str(one) or "hush" in str(one))
    ]


@pytest.mark.parametrize(
    ("mesh", "level"),
    [
        (None, "restricted"),
        ({"istio": {"mode": "ambient"}}, "restricted"),
        ({"istio": {"mode": "sidecar"}}, "privileged"),
        ({"linkerd": {}}, "privileged"),
    ],
)
def test_a_namespace_keeps_its_pods_to_the_standard(mesh: Object | None, level: str) -> None:
    app = replace(application(mesh=mesh, kubernetes=33), namespace="shops")
    namespace = objects(app)["Namespace"]["metadata"]
    assert namespace["name"] == "shops"
    assert "namespace" not in namespace
    labels = namespace["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == level
    assert labels["pod-security.kubernetes.io/warn"] == "restricted"
    assert labels["pod-security.kubernetes.io/enforce-version"] == "v1.33"
    first = next(iter(configuration.objects(app)))
    assert first["kind"] == "Namespace"


@pytest.mark.parametrize("namespace", [None, "default"])
def test_a_namespace_that_is_there_is_left_alone(namespace: str | None) -> None:
    assert "Namespace" not in objects(replace(application(), namespace=namespace))


@pytest.mark.parametrize(
    ("spec", "annotations"),
    [
        (
            {
                "storage": {
                    "uploads": {"s3": {"bucket": "shop", "role": "arn:aws:iam::1:role/shop"}}
                }
            },
            {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/shop"},
        ),
        (
            {
                "session": {
                    "driver": "dynamodb",
                    "store": {
                        "dynamodb": {
                            "table": "sessions",
                            "region": "eu-west-1",
                            "role": "arn:aws:iam::1:role/s",
                        }
                    },
                }
            },
            {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/s"},
        ),
    ],
)
def test_the_account_has_the_role_of_the_cloud(spec: Object, annotations: Object) -> None:
    account = objects(application(**spec))["ServiceAccount"]
    assert account["metadata"]["annotations"] == annotations


@pytest.mark.parametrize(
    ("spec", "store"),
    [
        ({}, "database"),
        ({"cache": {"store": "memcached"}}, "memcached"),
        ({"laravel": 11}, "database"),
        ({"laravel": 10}, None),
        ({"cache": {"store": "file"}}, None),
        ({"cache": {"store": "array"}}, None),
    ],
)
def test_maintenance_is_where_all_replicas_see_it(spec: Object, store: str | None) -> None:
    app = application(**spec)
    told = of_application.variables(app)
    assert told.get("APP_MAINTENANCE_DRIVER") == (store and "cache")
    assert told.get("APP_MAINTENANCE_STORE") == store
    said = [one for one in configuration.decisions(app) if one.subject == "maintenance mode"]
    assert bool(said) is (store is None)


def test_logs_go_to_the_container_and_errors_to_no_visitor() -> None:
    told = of_application.variables(application())
    assert told["LOG_CHANNEL"] == "stderr"
    assert told["LOG_STDERR_FORMATTER"] == r"Monolog\Formatter\JsonFormatter"
    assert told["APP_DEBUG"] == "false"
    assert told["APP_URL"] == "https://shop.example.com"


@pytest.mark.parametrize(
    ("laravel", "database", "variables"),
    [
        (12, None, {}),
        (
            12,
            {"host": "db.example.com"},
            {"DB_CONNECTION": "mysql", "DB_HOST": "db.example.com", "DB_PORT": "3306"},
        ),
        (
            11,
            {"driver": "mariadb", "host": "10.1.2.3", "port": 3307, "name": "shop", "user": "me"},
            {
                "DB_CONNECTION": "mariadb",
                "DB_DATABASE": "shop",
                "DB_HOST": "10.1.2.3",
                "DB_PORT": "3307",
                "DB_USERNAME": "me",
            },
        ),
        (
            10,
            {"driver": "mariadb", "host": "10.1.2.3"},
            {"DB_CONNECTION": "mysql", "DB_HOST": "10.1.2.3", "DB_PORT": "3306"},
        ),
        (
            10,
            {"driver": "pgsql", "host": "10.1.2.3"},
            {"DB_CONNECTION": "pgsql", "DB_HOST": "10.1.2.3", "DB_PORT": "5432"},
        ),
        (12, {"driver": "sqlite"}, {"DB_CONNECTION": "sqlite"}),
    ],
)
def test_the_database_is_named_as_the_release_names_it(
    laravel: int, database: Object | None, variables: dict[str, str]
) -> None:
    assert of_database.variables(application(laravel=laravel, database=database)) == variables


@pytest.mark.parametrize(
    ("app", "choice"),
    [
        (application(), "shop-env"),
        (application(secrets=EXTERNAL), "shop-env, from ClusterSecretStore vault"),
    ],
)
def test_it_says_where_secrets_come_from(app: App, choice: str) -> None:
    [said] = [one for one in configuration.decisions(app) if one.subject == "secrets"]
    assert said.choice == choice
