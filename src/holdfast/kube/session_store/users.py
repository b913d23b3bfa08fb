"""Who may do what in Redis, of one password: users.sh, and the container that runs it.

The Secret has the application's password. Redis is told its SHA-256 (``ACL SETUSER``: ``#hash``),
so any character may be in it; replicas, Sentinels, the proxy, probes and the exporter have
passwords of their own, worked out from it: 64 hexadecimal digits, which need no quoting in any of
their configurations. So the password is in no argument, no ConfigMap, and in no container that
listens.

``REDIS_PASSWORD_ALSO``, where the Secret has it, is as good: by it the password is changed without
a moment in which somebody has the wrong one (docs/render-session-store.md).

Permissions: Redis documentation, «ACL», «Security: ACL rules for Sentinel and Replicas»; what
Laravel's sessions, queues and Horizon send was looked up in laravel/framework (8.x to 13.x) and
laravel/horizon and is in ``@all`` without ``@admin`` and ``@dangerous``.
"""

from __future__ import annotations

from holdfast.kube.app import App, Object
from holdfast.kube.environment.gather import secret_name
from holdfast.kube.pod import security
from holdfast.kube.session_store.choice import REDIS_PORT, SENTINELS, components, password_key
from holdfast.kube.session_store.redis_conf import DIRECTORY, RUN, USERS_FILE

SCRIPT = "users.sh"

APPLICATION = "~* &* +@all -@admin -@dangerous +info +role +sort +sort_ro"
"""No FLUSHDB (``cache:clear`` on the wrong connection), KEYS, CONFIG, DEBUG, SHUTDOWN; ROLE is what
Holdfast's own stores ask."""
PROBE = "+ping +info"
EXPORTER = "+ping +info +select +client|setname +slowlog|len +slowlog|get +latency|latest"
EXPORTER += " +latency|histogram"
HANDOVER = "+info +client|pause +client|unpause"
REPLICA = "+psync +replconf +ping"
SENTINEL = (
    "&* +multi +exec +slaveof +ping +subscribe +publish +config|rewrite +role +info"
    " +client|setname +client|kill +script|kill"
)

REPLICATION = {"handover": HANDOVER, "proxy": PROBE, "replica": REPLICA, "sentinel": SENTINEL}
"""One Redis alone knows them too: where it becomes several, the new ones copy it while it still
runs as it was started."""


def users_sh(app: App) -> str:
    """The script that makes users and passwords; POSIX sh, busybox is enough."""
    users = {"probe": PROBE, **REPLICATION}
    if app.spec.monitoring is not None:
        users["exporter"] = EXPORTER
    lines = [
        "#!/bin/sh",
        "# The users of Redis, made of the one password in the Secret. It stays in this container:",
        "# Redis is told its hash, and each part of the store has a password worked out from it.",
        "set -eu",
        "umask 077",
        'hash() { printf %s "$1" | sha256sum | cut -d " " -f 1; }',
        'own() { hash "$1 $PASSWORD"; }',
        "# What Redis is told of a password; of two, while it is being changed.",
        'told() { echo "#$(hash "$1")${2:+ #$(hash "$2")}"; }',
        'helper() { told "$(own "$1")" "${ALSO:+$(hash "$1 $ALSO")}"; }',
        f': "${{PASSWORD:?{password_key(app)} is empty in the Secret}}"',
        "{",
        "  # No FLUSHDB, KEYS, CONFIG, SHUTDOWN for the application.",
        f'  echo "user default on $(told "$PASSWORD" "${{ALSO:-}}") {APPLICATION}"',
        *(f'  echo "user {name} on $(helper {name}) {rules}"' for name, rules in users.items()),
        f"}} > {USERS_FILE}",
        f"own probe > {RUN}/probe.password",
    ]
    if app.spec.monitoring is not None:
        file = f'{{"redis://exporter@localhost:{REDIS_PORT}": "%s"}}'
        lines.append(f"printf '{file}' \"$(own exporter)\" > {RUN}/exporter.json")
    if SENTINELS in components(app):
        lines += [
            f"own handover > {RUN}/handover.password",
            f"own proxy > {RUN}/proxy.password",
            "# What asks Sentinels, Sentinels among them.",
            f"own sentinels > {RUN}/sentinels.password",
            f'echo "user default on $(helper sentinels) ~* &* +@all" > {RUN}/sentinels.acl',
            f'printf "masteruser replica\\nmasterauth %s\\n" "$(own replica)" > {RUN}/replica.conf',
            f"own sentinel > {RUN}/sentinel.password",
        ]
    return "\n".join((*lines, ""))


def init_container(app: App, image: str) -> Object:
    """Runs it, in an image that has a shell; what it makes is in the volume ``run``."""
    return {
        "name": "users",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", f"{DIRECTORY}/{SCRIPT}"],
        "env": [
            _of_secret(app, "PASSWORD", password_key(app)),
            _of_secret(app, "ALSO", f"{password_key(app)}_ALSO", optional=True),
        ],
        "resources": small(),
        "securityContext": security(),
        "volumeMounts": [
            {"name": "config", "mountPath": DIRECTORY, "readOnly": True},
            {"name": "run", "mountPath": RUN},
        ],
    }


def _of_secret(app: App, name: str, key: str, **more: bool) -> Object:
    reference = {"name": secret_name(app), "key": key, **more}
    return {"name": name, "valueFrom": {"secretKeyRef": reference}}


def small(memory: str = "32Mi") -> Object:
    """Resources of a helper."""
    return {
        "limits": {"ephemeral-storage": "16Mi", "memory": memory},
        "requests": {"cpu": "10m", "ephemeral-storage": "16Mi", "memory": memory},
    }
