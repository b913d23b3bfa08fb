"""Bitnami's images of Redis and its kin, which are set by variables, and its chart's pods.

bitnami/containers, ``bitnami/redis/7.4``: ``redis-env.sh`` (names and defaults), ``libredis.sh``
(what they become; a mounted ``redis.conf`` takes the place of all of them).
"""

from __future__ import annotations

import posixpath
from typing import Final

from holdfast.check.kubernetes.env import ContainerEnv, Variable
from holdfast.check.kubernetes.stores.invocation import Invocation
from holdfast.check.kubernetes.stores.redis_conf import Files, read_arguments, read_file
from holdfast.check.kubernetes.stores.settings import Reading
from holdfast.check.kubernetes.workload import Container

_YES: Final = ("1", "yes", "true")
_PRODUCTS: Final = ("REDIS", "VALKEY", "KEYDB")
_RUN: Final = "run.sh"


def starts(started: Invocation) -> bool:
    """Whether what is started is the image's own script."""
    return not started.scripts or any(_is_run(script) for script in started.scripts)


def replication_mode(env: ContainerEnv) -> str | None:
    """``REDIS_REPLICATION_MODE``; None where there is none."""
    variable = _variable(env, "REPLICATION_MODE")
    return variable.value if variable else None


def read(reading: Reading, container: Container, started: Invocation, files: Files) -> None:
    """What a container of one of these images is set to."""
    if started.program:
        read_arguments(reading, started.words, files)
        return
    directory = next(
        (d for d in _mounted(container) if files(posixpath.join(d, "redis.conf"))), None
    )
    charts = [script for script in started.scripts if "/start-scripts/" in script]
    env = container.env
    if directory:
        name = (
            "replica.conf"
            if any("replica" in s or "slave" in s for s in charts)
            else ("master.conf" if any("master" in s for s in charts) else "")
        )
        for part in ("redis.conf", name):
            file = files(posixpath.join(directory, part)) if part else None
            if file:
                read_file(reading, file, files)
    elif charts or any(mount.path in _mounted(container) for mount in container.mounts()):
        reading.forget("its configuration is not among the manifests")
    else:
        reading.set("appendonly", "yes", container.at("image"))
        _environment(reading, env)
    if charts:
        reading.leave_open("the start script of its chart may set more")
    _password(reading, env, mounted=bool(directory) and not charts)
    overrides = _variable(env, "OVERRIDES_FILE")
    for path in [*(f"{d}/overrides.conf" for d in _mounted(container)),
                 *([overrides.value] if overrides and overrides.value else [])]:  # fmt: skip
        file = files(path)
        if file:
            read_file(reading, file, files)
    extra = _variable(env, "EXTRA_FLAGS")
    if extra:
        if extra.value is None:
            reading.forget("its extra flags are not known")
        else:
            read_arguments(reading, [(word, extra.place) for word in extra.value.split()], files)


def _mounted(container: Container) -> list[str]:
    product = next((p for p in ("redis", "valkey", "keydb") if p in container.image), "redis")
    return [f"/opt/bitnami/{product}/mounted-etc", f"/opt/bitnami/{product}/etc"]


def _environment(reading: Reading, env: ContainerEnv) -> None:
    """What variables become where no configuration is mounted."""
    for setting, name in (("appendonly", "AOF_ENABLED"), ("port", "PORT_NUMBER"),
                          ("aclfile", "ACLFILE"), ("dir", "DATA_DIR")):  # fmt: skip
        variable = _variable(env, name)
        if variable:
            reading.set(setting, variable.value, variable.place)
    policy, disabled = _variable(env, "RDB_POLICY"), _variable(env, "RDB_POLICY_DISABLED")
    if policy and policy.value != "":
        value = policy.value.replace("#", " ") if policy.value else None
        reading.set("save", value, policy.place)
    elif disabled and _yes(disabled):
        reading.set("save", "", disabled.place)
    commands = _variable(env, "DISABLE_COMMANDS")
    if commands:
        for command in (commands.value or "").replace(",", " ").split():
            reading.set(f"rename-command {command.lower()}", "", commands.place)
    tls = _variable(env, "TLS_ENABLED")
    if tls and _yes(tls):
        port = _variable(env, "TLS_PORT_NUMBER")
        reading.set("tls-port", port.value if port else "6379", (port or tls).place)
    mode = _variable(env, "REPLICATION_MODE")
    if mode and mode.value in ("slave", "replica"):
        reading.set("replicaof", None, mode.place)


def _password(reading: Reading, env: ContainerEnv, *, mounted: bool) -> None:
    for name in ("PASSWORD", "PASSWORD_FILE", "REQUIREPASS"):
        variable = _variable(env, name)
        if variable and variable.value != "" and not mounted:
            value = None if name == "PASSWORD_FILE" else variable.value
            reading.set("requirepass", value, variable.place)
            return


def _variable(env: ContainerEnv, name: str) -> Variable | None:
    return next((env[f"{p}_{name}"] for p in _PRODUCTS if f"{p}_{name}" in env), None)


def _yes(variable: Variable) -> bool:
    return (variable.value or "").lower() in _YES


def _is_run(script: str) -> bool:
    return script.startswith("/opt/bitnami/scripts/") and posixpath.basename(script) == _RUN
