"""Which store a host name means."""

from __future__ import annotations

import pytest

from holdfast.check.kubernetes.stores.reach import Where
from holdfast.check.kubernetes.stores.store import Role
from holdfast.check.kubernetes.workload import workloads

from .conftest import deployment


def service(name, selector="app: redis", port=6379, spec="", namespace=""):
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}{f", namespace: {namespace}" if namespace else ""}}}
spec:
  selector: {{{selector}}}
  ports: [{{port: {port}}}]
  {spec}
---
"""


def web(stores):
    return next(w for w in workloads(stores.objects) if w.name == "web")


WEB = deployment("image: shop\nname: php", "web")
REDIS = deployment("image: redis\nname: redis")


def behind(stores, text, host, port=6379):
    read = stores(WEB + text)
    return read.behind(host, port, web(read))


@pytest.mark.parametrize(
    "host",
    ["redis", "tcp://redis", "tls://redis", "redis.", "REDIS"],
)
def test_a_service_of_the_same_namespace(stores, host):
    found = behind(stores, REDIS + service("redis"), host)
    assert found.where is Where.INSIDE
    assert found.only.object.name == "redis"
    assert found.service.name == "redis"


@pytest.mark.parametrize(
    "host",
    ["redis.data", "redis.data.svc", "redis.data.svc.cluster.local", "redis-0.redis.data.svc"],
)
def test_a_service_of_another_namespace(stores, host):
    other = REDIS.replace("{name: redis}", "{name: redis, namespace: data}", 1)
    found = behind(stores, other + service("redis", namespace="data"), host)
    assert found.only.object.namespace == "data"
    assert found.leads[0].pod == host.startswith("redis-0")


def test_of_two_namespaces_the_named_one(stores):
    text = ""
    for namespace in ("blue", "green"):
        text += REDIS.replace("{name: redis}", f"{{name: redis, namespace: {namespace}}}", 1)
        text += service("redis", namespace=namespace)
    assert behind(stores, text, "redis.green").only.object.namespace == "green"
    assert behind(stores, text, "redis").where is Where.UNKNOWN


@pytest.mark.parametrize(
    ("host", "where"),
    [
        ("sessions.abc.use1.cache.amazonaws.com", Where.OUTSIDE),
        ("redis.example.com", Where.OUTSIDE),
        ("cache", Where.UNKNOWN),
        ("redis.elsewhere", Where.UNKNOWN),
        ("10.0.0.7", Where.UNKNOWN),
        ("a,b", Where.UNKNOWN),
        ("", Where.UNKNOWN),
    ],
)
def test_what_is_not_there(stores, host, where):
    other = REDIS.replace("{name: redis}", "{name: redis, namespace: data}", 1)
    assert behind(stores, other + service("redis", namespace="data"), host).where is where


def test_an_external_name(stores):
    outside = service("redis", spec="type: ExternalName\n  externalName: r.example.com")
    assert behind(stores, outside, "redis").where is Where.OUTSIDE
    inside = service("store", spec="type: ExternalName\n  externalName: redis.a.svc.cluster.local")
    found = behind(stores, REDIS + service("redis", namespace="a") + inside, "store")
    assert found.only is not None
    loop = service("redis", spec="type: ExternalName\n  externalName: redis.x.svc.cluster.local")
    assert behind(stores, loop, "redis").where is Where.UNKNOWN


def test_a_service_without_a_selector_leads_anywhere(stores):
    text = service("redis").replace("selector: {app: redis}", "clusterIP: None")
    assert behind(stores, REDIS + text, "redis").where is Where.UNKNOWN


def test_a_store_in_the_pod_itself(stores):
    text = WEB.replace("---", "        - {name: redis, image: redis}\n---")
    read = stores(text)
    found = read.behind("127.0.0.1", 6379, web(read))
    assert found.where is Where.HERE
    assert found.only.product == "redis"
    assert behind(stores, REDIS, "localhost").leads == ()


BOTH = REDIS.replace(
    "---",
    "        - {name: sentinel, image: redis, command: [redis-sentinel, /s.conf],"
    " ports: [{name: sentinel, containerPort: 26379}]}\n---",
)


def test_ports_tell_sentinel_from_redis(stores):
    ports = "  ports: [{port: 6379}, {port: 26379}]"
    text = BOTH + service("redis").replace("  ports: [{port: 6379}]", ports)
    assert behind(stores, text, "redis", 6379).only.role is Role.REPLICATION
    assert behind(stores, text, "redis", 26379).only.role is Role.SENTINEL


def test_a_target_port_by_name(stores):
    text = BOTH + service("redis").replace("{port: 6379}", "{port: 80, targetPort: sentinel}")
    assert behind(stores, text, "redis", 80).only.role is Role.SENTINEL


def test_a_service_of_the_master_alone(stores):
    text = BOTH + service("redis-master", "app: redis, role: master")
    assert behind(stores, text, "redis-master").leads[0].to is Role.MASTER
    text = BOTH + service("redis-ro", "app: redis, role: replica")
    assert behind(stores, text, "redis-ro").leads[0].to is Role.REPLICA


def test_services_that_an_operator_makes(stores):
    text = """
apiVersion: redis.redis.opstreelabs.in/v1beta2
kind: RedisReplication
metadata: {name: shop}
spec: {clusterSize: 3}
"""
    assert behind(stores, text, "shop-master").leads[0].to is Role.MASTER
    assert behind(stores, text, "shop").leads[0].to is Role.REPLICATION
    assert behind(stores, text, "shop-replica").leads[0].to is Role.REPLICA


def test_headless(stores):
    text = deployment("image: memcached", "memcached", 3)
    text += service("memcached", "app: memcached", 11211, "clusterIP: None")
    found = behind(stores, text, "memcached", 11211)
    assert found.headless
    assert found.only.scale.most == 3


def test_a_service_that_leads_to_something_else(stores):
    text = deployment("image: haproxy", "proxy") + service("redis", "app: proxy")
    found = behind(stores, text, "redis")
    assert (found.where, found.leads) == (Where.INSIDE, ())
