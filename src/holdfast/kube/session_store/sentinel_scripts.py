"""How the pods of a replication start: which server is the master, what Sentinels keep.

Pods are known by names (``resolve-hostnames``, ``announce-hostnames``): their addresses change with
every start, and Sentinels would collect the old ones (Redis documentation, «High availability with
Redis Sentinel», «IP addresses and DNS names»).
"""

from __future__ import annotations

from holdfast.kube.app import App
from holdfast.kube.objects import named
from holdfast.kube.session_store.choice import REDIS_PORT, SENTINEL_PORT, SENTINELS, SERVERS
from holdfast.kube.session_store.redis_conf import DATA, DIRECTORY, LATE_SECONDS, RUN

MASTER = "sessions"
"""By which name Sentinels know the replication."""

SENTINEL_COUNT = 3
QUORUM = 2
DOWN_SECONDS = LATE_SECONDS
"""How long a master says nothing until it is taken for dead."""

HANDOVER_SECONDS = 15
"""How long writers may wait for another master, where this one is stopped."""

EMPTY_SECONDS = 60
"""So long an empty server that is still called the master waits for somebody with data to take
over: many times as long as a failover takes."""


def server_host(app: App, ordinal: int) -> str:
    """The name of a server, relative to the namespace."""
    return f"{named(app, SERVERS)}-{ordinal}.{named(app, f'{SERVERS}-nodes')}"


def sentinel_host(app: App, ordinal: int) -> str:
    """The name of a Sentinel."""
    return f"{named(app, SENTINELS)}-{ordinal}.{named(app, f'{SENTINELS}-nodes')}"


def server_sh(app: App) -> str:
    """Starts a server as what the Sentinels say it is; POSIX sh, busybox is enough.

    It is given the server's command, and adds who the master is. Sentinels cannot rewrite the
    configuration, which is read-only, and need not: the next start asks again.
    """
    sentinels = " ".join(sentinel_host(app, ordinal) for ordinal in range(SENTINEL_COUNT))
    return f"""\
#!/bin/sh
# Starts this server as what the Sentinels say it is: the master, or a replica of the master.
set -eu
umask 077
me="$POD_NAME.{named(app, f"{SERVERS}-nodes")}"
export REDISCLI_AUTH="$(cat {RUN}/sentinels.password)"

ask() {{
  for host in {sentinels}; do
    timeout 3 redis-cli --no-auth-warning -h "$host" -p {SENTINEL_PORT} \\
      sentinel "$1" {MASTER} 2> /dev/null || true
  done
}}
# What most Sentinels say that answer; nothing where none does.
master() {{
  ask get-master-addr-by-name | grep "^{named(app, SERVERS)}-[0-9]*[.]" \\
    | sort | uniq -c | sort -rn | sed -n "1s/^ *[0-9]* //p"
}}
others() {{ ask replicas | grep -q "^name$"; }}

waited=0
while :; do
  leader="$(master)"
  if [ -d {DATA}/appendonlydir ]; then
    # It has sessions. Whether they are the newest, Sentinels know: it does not guess.
    [ -z "$leader" ] || break
    echo "waiting for a Sentinel that knows the master"
  elif [ -z "$leader" ]; then
    # Nobody knows anything: the first start of all.
    leader={server_host(app, 0)}
    break
  elif [ "$leader" != "$me" ] || ! others || [ "$waited" -ge {EMPTY_SECONDS} ]; then
    break
  else
    # It has lost its data, and is still called the master: replicas would copy the void.
    echo "empty, and called the master: waiting for a replica to take over"
  fi
  sleep 1
  waited=$((waited + 1))
done
unset REDISCLI_AUTH
echo "$me starts; the master is $leader"
set -- "$@" --replica-announce-ip "$me"
[ "$leader" = "$me" ] || set -- "$@" --replicaof "$leader" {REDIS_PORT}
exec "$@"
"""


def handover_sh(app: App) -> str:
    """Before a server is stopped: if it is the master, another one becomes it.

    A planned failover alone would lose what the old master takes while it still thinks to be one
    (docs/durability.md): writers wait meanwhile. Should it not work out, they go on, and the stop
    itself waits for replicas.
    """
    sentinels = " ".join(sentinel_host(app, ordinal) for ordinal in range(SENTINEL_COUNT))
    return f"""\
#!/bin/sh
# Before this server is stopped: if it is the master, another one becomes it.
set -u
me="$POD_NAME.{named(app, f"{SERVERS}-nodes")}"
here="$(cat {RUN}/handover.password)"
there="$(cat {RUN}/sentinels.password)"
redis() {{
  REDISCLI_AUTH="$here" redis-cli --user handover --no-auth-warning -p {REDIS_PORT} "$@"
}}
ask() {{
  REDISCLI_AUTH="$there" timeout 2 redis-cli --no-auth-warning -h "$1" -p {SENTINEL_PORT} \
    sentinel "$2" {MASTER} 2> /dev/null
}}
# Whether a replica has confirmed all there is; replicas confirm once a second.
caught_up() {{
  state="$(redis info replication | tr -d "\r")"
  all="$(echo "$state" | sed -n "s/^master_repl_offset://p")"
  echo "$state" | grep -q "^slave.*state=online,offset=$all,"
}}
within() {{
  tries="$1"
  shift
  until "$@"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.1
  done
}}
order() {{
  for host in {sentinels}; do
    ask "$host" failover | grep -q OK && return 0
  done
  return 1
}}
gone() {{
  for host in {sentinels}; do
    leader="$(ask "$host" get-master-addr-by-name | head -n 1)"
    [ -z "$leader" ] || [ "$leader" = "$me" ] || return 0
  done
  return 1
}}

redis info replication | grep -q role:master || exit 0
# Writers wait, none is refused: until this is over, or so many milliseconds.
redis client pause {HANDOVER_SECONDS * 1000} write > /dev/null
if within 20 caught_up && within 5 order && within 40 gone; then
  echo "the master is $leader"
else
  redis client unpause > /dev/null
fi
"""


def sentinel_conf() -> str:
    """What is the same in every Sentinel, whatever it has learnt."""
    return "\n".join(
        (
            f"port {SENTINEL_PORT}",
            "bind * -::*",
            f"dir {DATA}",
            "protected-mode yes",
            "# Pods have names that stay; their addresses do not.",
            "sentinel resolve-hostnames yes",
            "sentinel announce-hostnames yes",
            "sentinel deny-scripts-reconfig yes",
            "",
        )
    )


def sentinel_sh(app: App) -> str:
    """Starts a Sentinel with what it has learnt before; POSIX sh, busybox is enough."""
    first = f"{MASTER} {server_host(app, 0)} {REDIS_PORT}"
    settings = {
        "down-after-milliseconds": str(DOWN_SECONDS * 1000),
        "failover-timeout": "15000",
        "parallel-syncs": "1",
        "auth-user": "sentinel",
    }
    return "\n".join(
        (
            "#!/bin/sh",
            "# Starts this Sentinel. Who is master, who else there is and whom it voted for is",
            "# what it has learnt, and stays on its volume; the rest is said anew.",
            "set -eu",
            "umask 077",
            f"conf={DATA}/sentinel.conf",
            'kept="myid|monitor|(current|config|leader)-epoch|known-(replica|sentinel)"',
            'learnt="$(grep -E "^sentinel ($kept) " "$conf" 2> /dev/null || true)"',
            f'[ -n "$learnt" ] || learnt="sentinel monitor {first} {QUORUM}"',
            "{",
            f"  cat {DIRECTORY}/sentinel.conf",
            '  echo "$learnt"',
            f'  echo "sentinel announce-ip $POD_NAME.{named(app, f"{SENTINELS}-nodes")}"',
            *(f'  echo "sentinel {name} {MASTER} {value}"' for name, value in settings.items()),
            f'  echo "sentinel auth-pass {MASTER} $(cat {RUN}/sentinel.password)"',
            "  # Who asks Sentinels has to know a password, other Sentinels too.",
            f"  cat {RUN}/sentinels.acl",
            f'  echo "sentinel sentinel-pass $(cat {RUN}/sentinels.password)"',
            '} > "$conf.new"',
            'mv "$conf.new" "$conf"',
            'exec redis-server "$conf" --sentinel',
            "",
        )
    )
