"""The session store as objects, variables and decisions; what is refused of it."""

from __future__ import annotations

import re

import pytest

from holdfast.kube.app import NEWEST, OLDEST
from holdfast.kube.environment import gather
from holdfast.kube.environment import session_store as environment
from holdfast.kube.init.part import fits
from holdfast.kube.objects import selector
from holdfast.kube.quantity import MEBI
from holdfast.kube.refusals.session_store import refusals
from holdfast.kube.session_store import capacity, exporter, store
from holdfast.kube.session_store.choice import components, rendered_redis
from holdfast.kube.session_store.redis_conf import SHUTDOWN_SECONDS
from holdfast.kube.session_store.sentinel_scripts import DOWN_SECONDS
from holdfast.kube.spec.session import Session
from holdfast.kube.spec.words import LONGEST
from tests.kube import schemas
from tests.kube.conftest import application

SINGLE = {"store": {"single": {}}}
SENTINEL = {"store": {"sentinel": {}}}
OPERATOR = {"store": {"operator": {}}}
OURS = {"single": SINGLE, "sentinel": SENTINEL, "operator": OPERATOR}
REDIS = {"store": {"external": {"host": "redis.example.com"}}}
REDIS_TLS = {"store": {"external": {"host": "r.example.com", "port": 6380, "tls": True}}}
MEMCACHED = {"driver": "memcached", "store": {"external": {"host": "m.example.com"}}}
DYNAMODB = {
    "driver": "dynamodb",
    "store": {"dynamodb": {"table": "sessions", "region": "eu-west-1"}},
}


def by_kind(app, kind):
    return {one["metadata"]["name"]: one for one in store.objects(app) if one["kind"] == kind}


def pods(app):
    return {
        name: workload["spec"]["template"]["spec"]
        for kind in ("StatefulSet", "Deployment")
        for name, workload in by_kind(app, kind).items()
    }


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        ({}, {"REDIS_HOST": "shop-sessions", "REDIS_PORT": "6379", "REDIS_DB": "0"}),
        (SENTINEL, {"REDIS_HOST": "shop-sessions", "REDIS_PORT": "6379", "REDIS_DB": "0"}),
        (OPERATOR, {"REDIS_HOST": "shop-sessions-master", "REDIS_PORT": "6379", "REDIS_DB": "0"}),
        (REDIS, {"REDIS_HOST": "redis.example.com", "REDIS_PORT": "6379", "REDIS_DB": "0"}),
        (
            REDIS_TLS,
            {"REDIS_HOST": "tls://r.example.com", "REDIS_PORT": "6380", "REDIS_DB": "0"},
        ),
        (
            {"store": {"variables": "SESSION_REDIS"}},
            {
                "SESSION_REDIS_HOST": "shop-sessions",
                "SESSION_REDIS_PORT": "6379",
                "SESSION_REDIS_DB": "0",
            },
        ),
        (MEMCACHED, {"MEMCACHED_HOST": "m.example.com", "MEMCACHED_PORT": "11211"}),
        (DYNAMODB, {"DYNAMODB_CACHE_TABLE": "sessions", "AWS_DEFAULT_REGION": "eu-west-1"}),
        ({"driver": "database"}, {}),
        ({"driver": "cookie"}, {}),
        ({"driver": "file"}, {}),
    ],
)
def test_laravel_is_told_where_sessions_are(session, expected):
    assert environment.variables(application(session=session)) == expected


@pytest.mark.parametrize(
    "session",
    [REDIS, MEMCACHED, DYNAMODB, {"driver": "database"}, {"driver": "cookie"}, {"driver": "file"}],
)
def test_somebody_elses_store_is_not_rendered_but_explained(session):
    app = application(session=session)
    assert list(store.objects(app)) == []
    assert components(app) == ()
    assert exporter.scraped(application(session=session, monitoring={})) is None
    assert "session store" in {decision.subject for decision in store.decisions(app)}


@pytest.mark.parametrize("minor", [OLDEST, NEWEST])
@pytest.mark.parametrize("monitoring", [None, {}])
@pytest.mark.parametrize("name", OURS)
def test_an_api_server_takes_it(name, monitoring, minor):
    app = application(session=OURS[name], monitoring=monitoring, kubernetes=minor)
    for one in store.objects(app):
        assert schemas.problems(one, minor, app) == []


@pytest.mark.parametrize("name", ["single", "sentinel"])
def test_pods_are_restricted_and_read_only_but_for_their_volumes(name):
    app = application(session=OURS[name], monitoring={})
    for pod in pods(app).values():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert pod["serviceAccountName"] == "shop-sessions"
        for container in [*pod["initContainers"], *pod["containers"]]:
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]
            assert "cpu" not in container["resources"]["limits"]


@pytest.mark.parametrize("name", ["single", "sentinel"])
def test_the_password_is_in_init_containers_alone(name):
    app = application(session=OURS[name], monitoring={})
    for pod in pods(app).values():
        for container in pod["containers"]:
            assert not any("valueFrom" in one and "secretKeyRef" in one["valueFrom"]
                           for one in container.get("env", []))  # fmt: skip
        [users] = pod["initContainers"]
        key = {"name": "shop-env", "key": "REDIS_PASSWORD"}
        also = {"name": "shop-env", "key": "REDIS_PASSWORD_ALSO", "optional": True}
        assert [one["valueFrom"]["secretKeyRef"] for one in users["env"]] == [key, also]
        assert {"name": "run", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}} in pod[
            "volumes"
        ]


@pytest.mark.parametrize("name", ["single", "sentinel"])
def test_every_volume_outlives_its_statefulset(name):
    for one in by_kind(application(session=OURS[name]), "StatefulSet").values():
        policy = one["spec"]["persistentVolumeClaimRetentionPolicy"]
        assert policy == {"whenDeleted": "Retain", "whenScaled": "Retain"}
        assert one["spec"]["volumeClaimTemplates"][0]["metadata"]["name"] == "data"


@pytest.mark.parametrize("name", ["single", "sentinel"])
def test_every_workload_has_a_budget_that_lets_nodes_be_drained(name):
    app = application(session=OURS[name])
    budgets = by_kind(app, "PodDisruptionBudget")
    assert budgets.keys() == pods(app).keys()
    for budget in budgets.values():
        assert budget["spec"]["maxUnavailable"] == 1


def test_single_has_the_size_that_is_asked_for():
    said = {"memory": "1Gi", "storage": "5Gi", "storageClass": "fast"}
    app = application(session={"store": {"single": said}}, priorityClass="high", pullSecrets=["p"])
    [one] = by_kind(app, "StatefulSet").values()
    assert one["spec"]["replicas"] == 1
    claim = one["spec"]["volumeClaimTemplates"][0]["spec"]
    assert claim["resources"]["requests"]["storage"] == "5Gi"
    assert claim["storageClassName"] == "fast"
    pod = one["spec"]["template"]["spec"]
    assert pod["priorityClassName"] == "high"
    assert pod["imagePullSecrets"] == [{"name": "p"}]
    assert pod["containers"][0]["resources"]["limits"]["memory"] == "1Gi"
    [config] = by_kind(app, "ConfigMap").values()
    assert f"maxmemory {716 * MEBI}\n" in config["data"]["redis.conf"]


def test_sentinel_has_as_many_servers_as_are_asked_for():
    app = application(session={"store": {"sentinel": {"replicas": 5}}})
    sets = by_kind(app, "StatefulSet")
    assert sets["shop-sessions"]["spec"]["replicas"] == 5
    assert sets["shop-sessions-sentinel"]["spec"]["replicas"] == 3
    [config] = [c for c in by_kind(app, "ConfigMap").values() if "haproxy.cfg" in c["data"]]
    servers = re.findall(r"^  server redis-\d+ ", config["data"]["haproxy.cfg"], re.MULTILINE)
    assert len(servers) == 5


def test_one_redis_becomes_several_without_a_field_that_cannot_be_changed():
    # kubernetes pkg/apis/apps/validation: all else of a StatefulSet's spec is immutable.
    changeable = {
        "minReadySeconds",
        "ordinals",
        "persistentVolumeClaimRetentionPolicy",
        "replicas",
        "revisionHistoryLimit",
        "template",
        "updateStrategy",
    }
    one, several = (
        by_kind(application(session=session), "StatefulSet")["shop-sessions"]["spec"]
        for session in (SINGLE, SENTINEL)
    )
    assert one["podManagementPolicy"] == "Parallel"
    assert {name for name in one if one[name] != several[name]} <= changeable
    assert one.keys() == several.keys()


def test_a_hook_leaves_the_stop_itself_its_time():
    pod = pods(application(session=SENTINEL))["shop-sessions"]
    hook = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    assert hook[0] == "timeout"
    assert int(hook[1]) + 2 * SHUTDOWN_SECONDS < pod["terminationGracePeriodSeconds"]


def directives(session):
    app = application(session=session)
    for one in store.objects(app):
        if "redis.conf" in one.get("data", {}):
            lines = one["data"]["redis.conf"].splitlines()
            return dict(line.split(" ", 1) for line in lines if line and line[0] != "#")
    return pytest.fail("no redis.conf")


@pytest.mark.parametrize("name", ["single", "sentinel"])
def test_idle_workers_stay_and_peers_that_are_gone_are_noticed(name):
    said = directives(OURS[name])
    assert said["timeout"] == "0"
    assert 0 < int(said["tcp-keepalive"]) <= 300


def test_a_master_that_stops_waits_for_its_replicas():
    pod = pods(application(session=SENTINEL))["shop-sessions"]
    waits = int(directives(SENTINEL)["shutdown-timeout"])
    assert 5 <= waits < pod["terminationGracePeriodSeconds"]


def test_a_replica_is_no_replica_once_sentinels_would_take_a_master_for_dead():
    said = directives(SENTINEL)
    assert said["min-replicas-to-write"] == "1"
    assert int(said["min-replicas-max-lag"]) == DOWN_SECONDS


def test_a_new_replica_is_given_its_data_at_once():
    # Until it has them it counts for nothing; Redis waits for others that may come too.
    assert directives(SENTINEL)["repl-diskless-sync-delay"] == "0"


@pytest.mark.parametrize(
    ("name", "component"), [("single", "sessions"), ("sentinel", "sessions-proxy")]
)
def test_the_service_leads_to_what_takes_writes(name, component):
    app = application(session=OURS[name])
    service = by_kind(app, "Service")["shop-sessions"]
    assert service["spec"]["selector"] == selector(app, component)
    assert [port["port"] for port in service["spec"]["ports"]] == [6379]


@pytest.mark.parametrize("name", ["single", "sentinel"])
def test_an_exporter_only_where_somebody_scrapes(name):
    quiet, watched = (application(session=OURS[name], monitoring=m) for m in (None, {}))
    for app, there in ((quiet, False), (watched, True)):
        names = [container["name"] for container in pods(app)["shop-sessions"]["containers"]]
        assert ("exporter" in names) is there
        scripts = "".join(
            text for one in by_kind(app, "ConfigMap").values() for text in one["data"].values()
        )
        assert ("user exporter" in scripts) is there
    assert exporter.scraped(quiet) is None
    chosen, port = exporter.scraped(watched)
    service = by_kind(watched, "Service")["shop-sessions-nodes"]
    assert chosen.items() <= service["metadata"]["labels"].items()
    assert port in [one["name"] for one in service["spec"]["ports"]]
    # What is not ready takes its pod out of the Service.
    for pod in pods(watched).values():
        assert all("readinessProbe" not in c for c in pod["containers"] if c["name"] == "exporter")


def test_the_operator_is_told_what_it_would_not_do_by_itself():
    app = application(session=OPERATOR, monitoring={})
    [replication] = by_kind(app, "RedisReplication").values()
    [sentinels] = by_kind(app, "RedisSentinel").values()
    [config] = by_kind(app, "ConfigMap").values()
    settings = config["data"]["redis-additional.conf"]
    assert replication["spec"]["redisConfig"] == {
        "additionalRedisConfig": config["metadata"]["name"]
    }
    for line in (
        "appendonly yes",
        "maxmemory-policy noeviction",
        f"maxmemory {179 * MEBI}",
        "min-replicas-to-write 1",
        f"min-replicas-max-lag {DOWN_SECONDS}",
        'rename-command FLUSHDB ""',
        'rename-command FLUSHALL ""',
    ):
        assert line in settings.splitlines()
    assert replication["spec"]["storage"]["keepAfterDelete"] is True
    key = {"name": "shop-env", "key": "REDIS_PASSWORD"}
    assert replication["spec"]["kubernetesConfig"]["redisSecret"] == key
    asks = sentinels["spec"]["redisSentinelConfig"]
    assert asks["redisReplicationName"] == replication["metadata"]["name"]
    assert asks["redisReplicationPassword"] == {"secretKeyRef": key}
    # The operator puts the resource's labels on its pods: policies find them by these.
    assert selector(app, "sessions").items() <= replication["metadata"]["labels"].items()
    assert selector(app, "sessions-sentinel").items() <= sentinels["metadata"]["labels"].items()
    assert exporter.scraped(app) == (
        {"app": "shop-sessions", "app.kubernetes.io/component": "metrics"},
        "redis-exporter",
    )


@pytest.mark.parametrize(
    ("memory", "most"),
    [("64Mi", 44), ("100Mi", 70), ("256Mi", 179), ("1Gi", 716), ("1G", 667)],
)
def test_redis_may_fill_70_percent_of_its_container(memory, most):
    redis = rendered_redis(application(session={"store": {"single": {"memory": memory}}}))
    assert capacity.max_memory(redis) == most * MEBI


def test_what_fits_in_is_what_was_measured():
    redis = rendered_redis(application())
    assert capacity.sessions(redis) == 78_000
    [said] = [d for d in store.decisions(application()) if d.subject.startswith("capacity")]
    assert said.choice.startswith("256Mi holds about 78,000 sessions of 2 kB")
    assert "120 minutes" in said.choice


REFUSED = [
    ({"session": {"store": {"single": {"memory": "63Mi"}}}}, "single.memory"),
    ({"session": {"store": {"single": {"memory": "1Gi", "storage": "2Gi"}}}}, "single.storage"),
    ({"session": {"store": {"sentinel": {"memory": "1Gi", "storage": "2Gi"}}}}, "sentinel.storage"),
    (
        {"session": {"driver": "memcached", "store": {"external": {"host": "m", "tls": True}}}},
        "external.tls",
    ),
    (
        {
            "session": DYNAMODB,
            "storage": {"uploads": {"s3": {"bucket": "files", "region": "us-east-1"}}},
        },
        "dynamodb.region",
    ),
]


@pytest.mark.parametrize(("spec", "path"), REFUSED, ids=[path for _, path in REFUSED])
def test_what_would_not_hold_is_refused(spec, path):
    [refusal] = refusals(application(**spec))
    assert ".".join(refusal.path) == f"session.store.{path}"


@pytest.mark.parametrize(
    "session",
    [
        {},
        {"store": {"single": {"memory": "64Mi", "storage": "132Mi"}}},
        {"store": {"single": {"memory": "1Gi", "storage": "2148Mi"}}},
        SENTINEL,
        OPERATOR,
        REDIS_TLS,
        MEMCACHED,
        DYNAMODB,
    ],
)
def test_what_holds_is_not(session):
    assert list(refusals(application(session=session))) == []


def test_the_storage_that_is_named_as_the_way_out_is_enough():
    session = {"store": {"single": {"memory": "10Gi", "storage": "10Gi"}}}
    [refusal] = refusals(application(session=session))
    session["store"]["single"]["storage"] = refusal.way_out.split()[0]
    assert list(refusals(application(session=session))) == []


def test_table_and_bucket_of_one_region():
    uploads = {"uploads": {"s3": {"bucket": "files", "region": "eu-west-1"}}}
    assert list(refusals(application(session=DYNAMODB, storage=uploads))) == []


@pytest.mark.parametrize("session", OURS.values())
def test_the_longest_name_leaves_room_for_a_hash_in_a_label_of_pods(session):
    # kubernetes/kubernetes 64023: a StatefulSet's pods are labelled NAME-HASH.
    app = application(name="a" * LONGEST, session=session, monitoring={})
    sets = [*by_kind(app, "StatefulSet"), f"{app.name}-sessions-sentinel"]
    assert max(map(len, sets)) + len("-0123456789") <= 63
    assert all(len(name) <= 63 for name in by_kind(app, "Service"))


@pytest.mark.parametrize("name", OURS)
def test_the_same_application_is_the_same_objects_and_nobody_shares_them(name):
    app = application(session=OURS[name], monitoring={})
    first, second = list(store.objects(app)), list(store.objects(app))
    assert first == second
    for one in first:
        one["metadata"]["labels"].clear()
        one.get("spec", {}).clear()
    assert list(store.objects(app)) == second


def test_sessions_that_are_in_another_database_of_an_external_redis_stay_there():
    there = {"store": {"external": {"host": "redis.example.com", "database": 3}}}
    assert gather.variables(application(session=there))["REDIS_DB"] == "3"
    jobs = application(
        session={"driver": "cookie"}, redis={"external": {"host": "r.example.com", "database": 2}}
    )
    assert gather.variables(jobs)["REDIS_DB"] == "2"


@pytest.mark.parametrize("kind", ["sentinel", "operator"])
def test_two_servers_are_none_and_three_are_the_least(kind):
    for replicas, taken in ((2, False), (3, True)):
        session = {"store": {kind: {"replicas": replicas}}}
        assert fits({"driver": "redis", **session}, Session) is taken


def test_the_proxy_leads_to_a_master_that_replicas_hear_and_to_nobody_while_there_are_two():
    """Each line was seen to decide in a real HAProxy, before servers that claimed to be masters."""
    app = application(session={"store": {"sentinel": {}}})
    (text,) = (
        one["data"]["haproxy.cfg"]
        for one in store.objects(app)
        if "haproxy.cfg" in one.get("data", {})
    )
    frontend, _, backend = text.partition("backend master")
    assert "tcp-request connection reject unless { nbsrv(master) eq 1 }" in frontend
    asked = [line.strip() for line in backend.splitlines() if "tcp-check expect" in line]
    assert asked[-2] == "tcp-check expect string role:master"
    expected = asked[-1].removeprefix("tcp-check expect rstring ")
    heard = "connected_slaves:2\r\nmin_slaves_good_slaves:2\r\nslave0:ip=a,"
    nobody = "connected_slaves:0\r\nmin_slaves_good_slaves:0\r\n"
    assert re.search(expected, heard)
    assert not re.search(expected, nobody + "other:1")
    assert not re.search(expected, nobody + "master_failover_state:no-failover")
    # One that was started alone, and counts nobody.
    assert re.search(expected, "connected_slaves:0\r\nmaster_failover_state:no-failover")
    (checked,) = (line for line in backend.splitlines() if "default-server" in line)
    assert " check inter 1s fall 2 rise 1 on-marked-down shutdown-sessions " in checked
