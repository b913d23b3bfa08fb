"""Stores that an operator makes."""

from __future__ import annotations

from holdfast.check.kubernetes.stores.store import Keeps, Role

OT = "apiVersion: redis.redis.opstreelabs.in/v1beta2"


def test_a_standalone_with_storage(stores):
    (store,) = stores(f"""
{OT}
kind: Redis
metadata: {{name: sessions}}
spec:
  kubernetesConfig:
    image: quay.io/opstree/redis:v7.0.15
    redisSecret: {{name: s, key: p}}
    resources: {{limits: {{memory: 100Mi}}}}
  storage: {{volumeClaimTemplate: {{spec: {{}}}}}}
""").all
    assert (store.role, store.disk.keeps) == (Role.ALONE, Keeps.CLAIM)
    assert store.settings.value("appendonly", "no") == "yes"
    assert store.settings.get("requirepass").value is None
    assert store.memory.bytes == 100 * 2**20
    assert store.services["sessions"] is Role.ALONE


def test_without_storage_it_writes_into_the_container(stores):
    (store,) = stores(f"{OT}\nkind: Redis\nmetadata: {{name: a}}\nspec: {{}}").all
    assert store.disk.keeps is Keeps.CONTAINER
    assert store.settings.value("appendonly", "no") == "no"


def test_a_replication_and_its_services(stores):
    (store,) = stores(f"""
{OT}
kind: RedisReplication
metadata: {{name: a}}
spec:
  clusterSize: 3
  kubernetesConfig: {{resources: {{limits: {{memory: 100Mi}}}}}}
  redisConfig:
    maxMemoryPercentOfLimit: 50
    additionalRedisConfig: more
    dynamicConfig: [maxmemory-policy allkeys-lru]
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: more}}
data: {{redis-additional.conf: "appendonly yes"}}
""").all
    assert store.scale.most == 3
    assert store.max_memory == 50 * 2**20
    assert store.settings.value("maxmemory-policy", "noeviction") == "allkeys-lru"
    assert store.settings.value("appendonly", "no") == "yes"
    assert store.services["a-master"] is Role.MASTER
    assert store.services["a"] is Role.REPLICATION


def test_a_configuration_that_is_not_there(stores):
    (store,) = stores(f"""
{OT}
kind: Redis
metadata: {{name: a}}
spec: {{redisConfig: {{additionalRedisConfig: more}}}}
""").all
    assert store.settings.value("maxmemory-policy", "noeviction") is None


def test_a_cluster(stores):
    (store,) = stores(f"{OT}\nkind: RedisCluster\nmetadata: {{name: a}}\nspec: {{clusterSize: 3}}")
    assert store.role is Role.CLUSTER
    assert store.services["a-leader"] is Role.CLUSTER


def test_failovers_by_spotahome(stores):
    redis, sentinel = stores("""
apiVersion: databases.spotahome.com/v1
kind: RedisFailover
metadata: {name: a}
spec:
  sentinel: {replicas: 3}
  redis:
    replicas: 3
    customConfig: ["maxmemory-policy allkeys-lru", "maxmemory 1gb"]
""").all
    assert (redis.role, redis.disk.keeps) == (Role.REPLICATION, Keeps.POD)
    assert redis.max_memory == 2**30
    assert redis.settings.value("save", "") == "900 1 300 10"
    assert sentinel.role is Role.SENTINEL
    assert sentinel.services == {"rfs-a": Role.SENTINEL}


def test_dragonfly(stores):
    (store,) = stores("""
apiVersion: dragonflydb.io/v1alpha1
kind: Dragonfly
metadata: {name: a}
spec:
  replicas: 2
  args: ["--cache_mode=true"]
  authentication: {passwordFromSecret: {name: s, key: p}}
  snapshot: {cron: "*/5 * * * *", persistentVolumeClaimSpec: {}}
""").all
    assert store.settings.value("cache_mode", "false") == "true"
    assert store.disk.keeps is Keeps.CLAIM
    assert store.services == {"a": Role.MASTER}


def test_valkey(stores):
    (store,) = stores("""
apiVersion: valkey.io/v1alpha1
kind: ValkeyCluster
metadata: {name: a}
spec:
  shards: 3
  replicas: 1
  config: {maxmemory: 50mb, maxmemory-policy: allkeys-lfu}
  resources: {limits: {memory: 512Mi}}
""").all
    assert (store.role, store.scale.most) == (Role.CLUSTER, 6)
    assert store.evicts.value == "allkeys-lfu"
    assert store.memory.bytes == 512 * 2**20
    assert store.services == {"valkey-a": Role.CLUSTER}


def test_a_sentinel(stores):
    (store,) = stores(f"{OT}\nkind: RedisSentinel\nmetadata: {{name: a}}\nspec: {{clusterSize: 3}}")
    assert store.role is Role.SENTINEL
    assert store.services["a-sentinel"] is Role.SENTINEL


def test_kinds_of_other_groups_are_not_theirs(stores):
    assert stores("apiVersion: example.com/v1\nkind: Redis\nmetadata: {name: a}\n").all == ()
