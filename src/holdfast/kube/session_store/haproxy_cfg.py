"""haproxy.cfg: one address that leads to the master, for clients that know nothing of Sentinel."""

from __future__ import annotations

from holdfast.kube.app import App
from holdfast.kube.session_store.choice import REDIS_PORT
from holdfast.kube.session_store.redis_conf import DIRECTORY, RUN
from holdfast.kube.session_store.sentinel_scripts import server_host

HEALTH_PORT = 8404
HARD_STOP_SECONDS = 30
"""Clients that are still connected then are cut off; they connect anew, elsewhere."""

START_SH = f"""\
#!/bin/sh
# HAProxy resolves whole names only: the first domain that pods search is that of the namespace.
set -eu
export SEARCH="$(sed -n "s/^search  *\\([^ ]*\\).*/\\1/p" /etc/resolv.conf | head -n 1)"
export PROXY_PASSWORD="$(cat {RUN}/proxy.password)"
exec haproxy -db -f {DIRECTORY}/haproxy.cfg
"""
"""PID 1 is HAProxy itself, which stops softly on SIGUSR1 and at once on SIGTERM."""


_HEARD = "min_slaves_good_slaves:[1-9]"
_ALONE = "slave0|master_"
"""What follows where ``min-replicas-to-write`` is not set (redis, ``genRedisInfoString``)."""
_SERVERS = (
    "check inter 1s fall 2 rise 1 on-marked-down shutdown-sessions"
    " resolvers cluster init-addr libc,none"
)


def haproxy_cfg(app: App, servers: int) -> str:
    """The configuration of the proxies.

    Args:
        servers: how many there are.
    """
    lines = [
        "global",
        "  log stdout format raw local0 notice",
        "  maxconn 4000",
        "  nbthread 2",
        f"  hard-stop-after {HARD_STOP_SECONDS}s",
        "",
        "defaults",
        "  log global",
        "  mode tcp",
        "  timeout connect 2s",
        "  timeout check 2s",
        "  # Workers may be busy with a job for hours and say nothing to Redis; peers that are",
        "  # gone are noticed by TCP.",
        "  timeout client 24h",
        "  timeout server 24h",
        "  option clitcpka",
        "  option srvtcpka",
        "",
        "resolvers cluster",
        "  parse-resolv-conf",
        "  accepted_payload_size 8192",
        "  hold valid 5s",
        "",
        "frontend sessions",
        f"  bind :{REDIS_PORT}",
        "  # Nobody is let in while there is not exactly one master: before the first checks every",
        "  # server is taken for one.",
        "  tcp-request connection reject unless { nbsrv(master) eq 1 }",
        "  default_backend master",
        "",
        "backend master",
        "  option tcp-check",
        "  tcp-check connect",
        '  tcp-check send "AUTH proxy ${PROXY_PASSWORD}\\r\\n"',
        "  tcp-check expect string +OK",
        '  tcp-check send "INFO replication\\r\\nQUIT\\r\\n"',
        "  tcp-check expect string role:master",
        "  # While two call themselves master, the one that replicas hear is; the other one would",
        "  # refuse to write. One that was started alone, and is about to become one of several,",
        "  # refuses nothing and does not count them.",
        f"  tcp-check expect rstring connected_slaves:[0-9]+[^a-z]+({_HEARD}|{_ALONE})",
        "  # Connections to a server that is no longer the master are cut: what they write would",
        "  # be refused, or lost.",
        f"  default-server {_SERVERS}",
        *(
            f'  server redis-{ordinal} "{server_host(app, ordinal)}.${{SEARCH}}:{REDIS_PORT}"'
            for ordinal in range(servers)
        ),
        "",
        "frontend health",
        f"  bind :{HEALTH_PORT}",
        "  mode http",
        "  timeout client 5s",
        "  # Ready while it sees a master: another proxy may see one that this one does not.",
        "  http-request return status 200 if { path /live }",
        "  http-request return status 200 if { path /ready } { nbsrv(master) eq 1 }",
        "  http-request return status 503",
        "",
    ]
    return "\n".join(lines)
