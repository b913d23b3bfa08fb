"""Bitnami's images of Redis and its kin, which are set by variables, and its chart's pods.

bitnami/containers, ``bitnami/redis/7.4``: ``redis-env.sh`` (names and defaults), ``libredis.sh``
(what they become; a mounted ``redis.conf`` takes the place of all of them). bitnami/charts,
``bitnami/redis/templates/scripts-configmap.yaml``: the files, then flags of the chart's values.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator
from typing import Final

from holdfast.check.kubernetes.data import Variable
from holdfast.check.kubernetes.env import ContainerEnv
from holdfast.check.kubernetes.stores.invocation import Invocation
from holdfast.check.kubernetes.stores.redis_conf import (
    UNKNOWN,
    File,
    Files,
    read_arguments,
    read_file,
)
from holdfast.check.kubernetes.stores.settings import Reading
from holdfast.check.kubernetes.stores.store import Role
from holdfast.check.kubernetes.workload import Container

_YES: Final = ("1", "yes", "true")
_PRODUCTS: Final = ("REDIS", "VALKEY", "KEYDB")
_RUN: Final = "run.sh"
_FLAGS = re.compile(r"ARGS\+=\(([^()]*)\)")
_VARIABLE = re.compile(r"\$\{[^}]*\}|\$\w+")
_SCRIPTS: Final = {
    "start-master": Role.MASTER, "start-primary": Role.MASTER,
    "start-replica": Role.REPLICA, "start-slave": Role.REPLICA,
    "start-node": Role.REPLICATION, "start-sentinel": Role.SENTINEL,
}  # fmt: skip


def starts(started: Invocation) -> bool:
    """Whether what is started is the image's own script."""
    if chart_script(started):
        return True
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
    script = chart_script(started)
    parts = [path for d in _mounted(container) for path in _conf(d, script) if files(path)]
    if parts:
        for path in parts:
            file = files(path)
            if file:
                read_file(reading, file, files)
    elif script or any(mount.path in _mounted(container) for mount in container.mounts()):
        reading.forget("its configuration is not among the manifests")
    else:
        reading.set("appendonly", "yes", container.at("image"))
        _environment(reading, container.env)
    if script:
        _script(reading, files(script), files)
    _password(reading, container.env, mounted=bool(parts) and not script)
    _more(reading, container, files)


def chart_script(started: Invocation) -> str:
    """The script by which the chart starts a pod, ``.../start-master.sh``; empty for none."""
    return next((script for script in started.scripts if "/start-scripts/" in script), "")


def chart_role(started: Invocation) -> Role | None:
    """What the pods of a chart are, by the script that starts them; None for other pods."""
    script = posixpath.basename(chart_script(started))
    return next((role for name, role in _SCRIPTS.items() if script.startswith(name)), None)


def _conf(directory: str, script: str) -> Iterator[str]:
    """The files that are read in a directory, in their order."""
    role = "replica" if "replica" in script or "node" in script else "master"
    for name in ("redis.conf", "valkey.conf"):
        yield posixpath.join(directory, name)
    if script:
        yield posixpath.join(directory, f"{role}.conf")
        if role == "master":
            yield posixpath.join(directory, "primary.conf")


def _script(reading: Reading, script: File | None, files: Files) -> None:
    """The flags that the chart's values add, at the end of its script."""
    if script is None:
        reading.leave_open("the start script of its chart may set more")
        return
    text, place = script
    words: list[str] = []
    for match in _FLAGS.finditer(text.rpartition('"--include"')[2]):
        try:
            words.extend(shlex.split(_VARIABLE.sub(UNKNOWN, match[1])))
        except ValueError:
            reading.forget("the start script of its chart cannot be read")
    read_arguments(reading, [(word, place) for word in words], files)


def _more(reading: Reading, container: Container, files: Files) -> None:
    """What comes last: a file that overrides, flags in a variable."""
    overrides = _variable(container.env, "OVERRIDES_FILE")
    paths = [f"{directory}/overrides.conf" for directory in _mounted(container)]
    for path in [*paths, (overrides.value if overrides else None) or ""]:
        file = files(path) if path else None
        if file:
            read_file(reading, file, files)
    extra = _variable(container.env, "EXTRA_FLAGS")
    if extra and extra.value is None:
        reading.forget("its extra flags are not known")
    elif extra:
        words = (extra.value or "").split()
        read_arguments(reading, [(word, extra.place) for word in words], files)


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
