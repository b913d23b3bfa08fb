"""Stores that manifests run themselves."""

from __future__ import annotations

import pytest

from holdfast.check.kubernetes.stores.store import Keeps, Role

from .conftest import deployment

CONF = """
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data:
  redis.conf: |
    # ours
    maxmemory 64mb
    maxmemory-policy allkeys-lru
"""


def test_the_official_image_with_nothing_said(redis):
    store = redis("image: redis:7")
    assert (store.product, store.role, store.disk.keeps) == ("redis", Role.ALONE, Keeps.CONTAINER)
    assert store.settings.open == ""
    assert store.max_memory == 0
    assert store.port == 6379
    assert store.memory is None


def test_arguments_for_its_entry_point(redis):
    store = redis('image: redis\nargs: ["--maxmemory", "64mb", "--port", "7000"]')
    assert store.max_memory == 64 * 2**20
    assert store.port == 7000


@pytest.mark.parametrize(
    "command",
    [
        'command: ["redis-server", "--maxmemory", "64mb"]',
        'command: ["redis-server"]\nargs: ["--maxmemory", "64mb"]',
        'args: ["redis-server", "--maxmemory", "64mb"]',
        'command: ["sh", "-c", "redis-server --maxmemory 64mb"]',
        'command: ["/bin/sh", "-ec"]\nargs: ["exec redis-server --maxmemory 64mb"]',
        'command: ["sh", "-c", "mkdir /x && exec /usr/bin/redis-server --maxmemory 64mb"]',
        'command: ["docker-entrypoint.sh", "redis-server", "--maxmemory", "64mb"]',
        'command: ["sh", "-c", "set -e\\nexec redis-server --maxmemory 64mb"]',
    ],
)
def test_a_command_in_its_many_forms(redis, command):
    store = redis(f"image: redis\n{command}")
    assert store.max_memory == 64 * 2**20
    assert store.settings.open == ""


def test_a_script_that_does_more_leaves_what_is_not_said_open(redis):
    store = redis(
        'image: redis\ncommand: ["sh", "-c", "cp /a /b; redis-server /b --maxmemory 64mb"]'
    )
    assert store.max_memory == 64 * 2**20
    assert store.settings.value("appendonly", "no") is None


def test_settings_that_are_changed_when_it_runs_are_not_known(redis):
    store = redis(
        'image: redis\nargs: ["--maxmemory", "64mb"]\nlifecycle: {postStart: {exec: {command:'
        ' ["redis-cli", "config set maxmemory 1mb"]}}}'
    )
    assert store.max_memory is None


def test_a_mounted_file(redis):
    store = redis(
        'image: redis\ncommand: ["redis-server", "/etc/redis/redis.conf"]\n'
        "volumeMounts: [{name: c, mountPath: /etc/redis}]",
        "",
    )
    assert store.max_memory is None  # the volume is not defined
    assert "/etc/redis/redis.conf" in store.settings.open


@pytest.mark.parametrize(
    ("mount", "volume", "path"),
    [
        ("mountPath: /etc/redis", "configMap: {name: conf}", "/etc/redis/redis.conf"),
        ("mountPath: /r.conf, subPath: redis.conf", "configMap: {name: conf}", "/r.conf"),
        (
            "mountPath: /etc/x",
            "configMap: {name: conf, items: [{key: redis.conf, path: y.conf}]}",
            "/etc/x/y.conf",
        ),
        (
            "mountPath: /etc/x",
            "projected: {sources: [{configMap: {name: conf}}]}",
            "/etc/x/redis.conf",
        ),
    ],
)
def test_a_file_of_a_configmap(stores, mount, volume, path):
    body = f"""
image: redis
command: [redis-server, {path}]
volumeMounts: [{{name: c, {mount}}}]
"""
    found = stores(deployment(body, extra=f"volumes: [{{name: c, {volume}}}]") + CONF).all[0]
    assert found.max_memory == 64 * 2**20
    said = found.settings.get("maxmemory-policy")
    assert said.value == "allkeys-lru"
    assert said.place.file == "deploy.yaml"
    assert said.place.line == len((deployment(body) + CONF).splitlines())


@pytest.mark.parametrize(
    ("mount", "volume", "keeps"),
    [
        ("/data", "emptyDir: {}", Keeps.POD),
        ("/data", "persistentVolumeClaim: {claimName: r}", Keeps.CLAIM),
        ("/", "persistentVolumeClaim: {claimName: r}", Keeps.CLAIM),
        ("/data", "hostPath: {path: /srv}", Keeps.NODE),
        ("/data", "nfs: {server: a, path: /b}", Keeps.CLAIM),
        ("/database", "persistentVolumeClaim: {claimName: r}", Keeps.CONTAINER),
        ("/data", "configMap: {name: x}", Keeps.UNKNOWN),
    ],
)
def test_where_it_writes(stores, mount, volume, keeps):
    body = f"image: redis\nvolumeMounts: [{{name: d, mountPath: {mount}}}]"
    found = stores(deployment(body, extra=f"volumes: [{{name: d, {volume}}}]")).all[0]
    assert found.disk.keeps is keeps


def test_a_directory_of_its_own(stores):
    body = (
        'image: redis\nargs: ["--dir", "/var/lib/redis"]\n'
        "volumeMounts: [{name: d, mountPath: /data}]"
    )
    found = stores(
        deployment(body, extra="volumes: [{name: d, persistentVolumeClaim: {claimName: r}}]")
    ).all[0]
    assert (found.disk.keeps, found.disk.path) == (Keeps.CONTAINER, "/var/lib/redis")


def test_an_image_of_ones_own_is_not_guessed_at(stores):
    body = "image: example.com/team/redis\nvolumeMounts: [{name: d, mountPath: /srv}]"
    found = stores(
        deployment(body, extra="volumes: [{name: d, persistentVolumeClaim: {claimName: r}}]")
    ).all[0]
    assert found.disk.keeps is Keeps.UNKNOWN
    assert found.settings.value("appendonly", "no") is None


def test_passwords_by_variables(redis):
    store = redis(
        'image: redis\ncommand: ["sh", "-c", "redis-server --requirepass $P"]\n'
        "env: [{name: P, valueFrom: {secretKeyRef: {name: s, key: p}}}]"
    )
    assert store.settings.get("requirepass").value is None
    store = redis('image: redis\nargs: ["--requirepass", "$(P)"]\nenv: [{name: P, value: hunter2}]')
    assert store.settings.get("requirepass").value == "hunter2"


@pytest.mark.parametrize(
    "command",
    [
        'args: ["--requirepass $(P)", "--maxmemory", "64mb"]',
        'command: ["sh", "-c", "redis-server --requirepass ${P} --maxmemory 64mb"]',
        'command: ["sh", "-c", "redis-server --requirepass $(cat /p) --maxmemory 64mb"]',
        'command: ["sh", "-c", "redis-server --requirepass ${P:-none} --maxmemory 64mb"]',
        'command: ["sh", "-c", "redis-server --requirepass `cat /p` --maxmemory 64mb"]',
    ],
)
def test_what_is_not_known_of_an_argument_leaves_the_others(redis, command):
    store = redis(
        f"image: redis\n{command}\n"
        "env: [{name: P, valueFrom: {secretKeyRef: {name: s, key: p}}}]"
    )
    assert store.settings.get("requirepass").value is None
    assert store.max_memory == 64 * 2**20


def test_an_empty_secret_is_there_to_be_filled_in(redis):
    store = redis(
        'image: redis\nargs: ["--requirepass", "$(P)"]\n'
        "env: [{name: P, valueFrom: {secretKeyRef: {name: s, key: p}}}]",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: ''}\n",
    )
    assert store.settings.get("requirepass").value is None


def test_bitnami_is_set_by_variables(redis):
    store = redis(
        "image: bitnami/redis:7.4\nenv: [{name: REDIS_AOF_ENABLED, value: 'no'},"
        " {name: REDIS_RDB_POLICY_DISABLED, value: 'yes'},"
        " {name: REDIS_DISABLE_COMMANDS, value: 'FLUSHDB,FLUSHALL'},"
        " {name: REDIS_EXTRA_FLAGS, value: '--maxmemory 64mb'},"
        " {name: ALLOW_EMPTY_PASSWORD, value: 'yes'}]"
    )
    assert store.settings.value("appendonly", "?") == "no"
    assert store.settings.value("save", "?") == ""
    assert store.settings.value("rename-command flushall", "?") == ""
    assert store.settings.value("requirepass", "") == ""
    assert store.max_memory == 64 * 2**20
    assert store.disk.path == "/bitnami/redis/data"


def test_bitnami_appends_by_itself(redis):
    store = redis("image: bitnami/valkey:8\nenv: [{name: VALKEY_PASSWORD, value: x}]")
    assert store.settings.value("appendonly", "no") == "yes"
    assert store.settings.get("requirepass").value == "x"


CHART = """
image: registry-1.docker.io/bitnami/redis:7.4
command: [/bin/bash]
args: [-c, /opt/bitnami/scripts/start-scripts/start-ROLE.sh]
env: [{name: REDIS_PASSWORD, valueFrom: {secretKeyRef: {name: s, key: p}}}]
volumeMounts:
  - {name: c, mountPath: /opt/bitnami/redis/mounted-etc}
  - {name: s, mountPath: /opt/bitnami/scripts/start-scripts}
  - {name: d, mountPath: /data}
"""
CHART_VOLUMES = (
    "volumes: [{name: c, configMap: {name: conf}}, {name: s, configMap: {name: scripts}},"
    " {name: d, emptyDir: {}}]"
)
CHART_CONF = """
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data:
  master.conf: |
    dir /data
    rename-command FLUSHDB ""
  replica.conf: |
    dir /data
  redis.conf: |
    appendonly yes
    save ""
---
"""
CHART_SCRIPT = """
apiVersion: v1
kind: ConfigMap
metadata: {name: scripts}
data:
  start-master.sh: |
    ARGS=("--port" "${REDIS_PORT}")
    ARGS+=("--requirepass" "${REDIS_PASSWORD}")
    ARGS+=("--include" "/opt/bitnami/redis/etc/redis.conf")
    ARGS+=("--include" "/opt/bitnami/redis/etc/master.conf")
    ARGS+=("--maxmemory-policy" "allkeys-lru")
    ARGS+=("--maxmemory")
    ARGS+=("64mb")
    exec redis-server "${ARGS[@]}"
"""


def chart(role):
    return deployment(CHART.replace("ROLE", role), extra=CHART_VOLUMES) + CHART_CONF


def test_the_pods_of_bitnamis_chart(stores):
    found = stores(chart("master")).all[0]
    assert found.role is Role.MASTER
    assert found.settings.value("appendonly", "no") == "yes"
    assert found.settings.value("rename-command flushdb", "-") == ""
    assert found.settings.value("maxmemory-policy", "noeviction") is None
    assert found.settings.get("requirepass").value is None
    assert (found.disk.keeps, found.disk.path) == (Keeps.POD, "/data")


def test_the_flags_of_the_values_of_that_chart(stores):
    found = stores(chart("master") + CHART_SCRIPT).all[0]
    assert found.settings.open == ""
    assert found.max_memory == 64 * 2**20
    assert found.evicts.value == "allkeys-lru"


@pytest.mark.parametrize(
    ("script", "role"),
    [("replica", Role.REPLICA), ("node", Role.REPLICATION), ("primary", Role.MASTER)],
)
def test_the_roles_of_that_chart(stores, script, role):
    found = stores(chart(script)).all[0]
    assert found.role is role
    assert found.disk.path == "/data"


def test_flags_of_an_entry_point_by_variable(redis):
    store = redis(
        "image: redis/redis-stack-server\nenv: [{name: REDIS_ARGS, value: '--maxmemory 64mb'}]"
    )
    assert store.max_memory == 64 * 2**20
    store = redis(
        "image: valkey/valkey:8\nenv: [{name: VALKEY_EXTRA_FLAGS, value: '--maxmemory 64mb'}]"
    )
    assert store.max_memory == 64 * 2**20


def test_dragonfly_by_variables(redis):
    store = redis(
        "image: docker.dragonflydb.io/dragonflydb/dragonfly\n"
        "env: [{name: DFLY_cache_mode, value: 'true'}, {name: DFLY_PASSWORD, value: x}]"
    )
    assert store.settings.value("cache_mode", "false") == "true"
    assert store.settings.get("requirepass").value == "x"


@pytest.mark.parametrize(
    ("container", "role"),
    [
        ('image: redis\nargs: ["redis-sentinel", "/s.conf"]', Role.SENTINEL),
        ('image: redis\nargs: ["redis-server", "/s.conf", "--sentinel"]', Role.SENTINEL),
        ("image: bitnami/redis-sentinel", Role.SENTINEL),
        ('image: redis\nargs: ["--replicaof", "a", "6379"]', Role.REPLICA),
        ('image: redis\nargs: ["--slaveof", "a", "6379"]', Role.REPLICA),
        ('image: redis\nargs: ["--cluster-enabled", "yes"]', Role.CLUSTER),
        ('image: redis\nargs: ["--replicaof", "no", "one"]', Role.ALONE),
        ("image: bitnami/redis\nenv: [{name: REDIS_REPLICATION_MODE, value: slave}]", Role.REPLICA),
        ("image: bitnami/redis\nenv: [{name: REDIS_REPLICATION_MODE, value: master}]", Role.MASTER),
        ('image: redis\ncommand: ["/start.sh"]', Role.UNKNOWN),
    ],
)
def test_roles(redis, container, role):
    assert redis(container).role is role


def test_a_sentinel_beside_it(stores):
    body = "image: redis\nname: redis"
    both = deployment(body).replace(
        "---", "        - {name: sentinel, image: redis, command: [redis-sentinel, /s.conf]}\n---"
    )
    assert [s.role for s in stores(both)] == [Role.REPLICATION, Role.SENTINEL]


def test_a_helper_beside_it_is_none(stores):
    both = deployment("image: redis\nname: redis").replace(
        "---", "        - {name: fix, image: redis, command: [sh, /scripts/fix.sh]}\n---"
    )
    assert [s.container.name for s in stores(both)] == ["redis"]


@pytest.mark.parametrize(
    "container",
    [
        'image: redis\ncommand: ["redis-cli", "-h", "redis", "ping"]',
        'image: redis\ncommand: ["sh", "-c", "redis-cli flushall"]',
        'image: postgres\ncommand: ["sh", "-c", "pg_dump shop"]',
        "image: oliver006/redis_exporter",
        "image: shop",
    ],
)
def test_no_store(stores, container):
    assert stores(deployment(container)).all == ()


def test_a_job_keeps_nothing(stores):
    text = deployment("image: redis").replace("Deployment", "Job")
    assert stores(text).all == ()


def test_the_limit_of_memory(redis):
    store = redis("image: redis\nresources: {limits: {memory: 128Mi}}")
    assert store.memory.bytes == 128 * 2**20
    assert store.memory.place.line


def test_a_program_of_that_name_in_an_image_of_ones_own(redis):
    store = redis('image: shop/cache\ncommand: ["redis-server", "--appendonly", "yes"]')
    assert store.product == "redis"
    assert store.settings.value("appendonly", "no") == "yes"
    assert store.settings.value("save", "x") is None


def test_databases_are_known_by_what_they_are(stores):
    found = stores(deployment("image: mariadb:10.11") + deployment("image: postgres:16", "pg")).all
    assert [(s.product, s.port) for s in found] == [("mariadb", 3306), ("postgresql", 5432)]
