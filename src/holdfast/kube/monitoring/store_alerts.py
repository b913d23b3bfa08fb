"""Alerts of the sessions' Redis: everything by which sessions are lost, or cannot be reached.

Names of metrics: oliver006/redis_exporter v1.67 to August 2026 (exporter/exporter.go, info.go); of
volumes: the kubelet's.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.monitoring.alert import Alert
from holdfast.kube.monitoring.promql import BY, NEARLY_FULL, free, numbered, ours
from holdfast.kube.monitoring.watched import Watched
from holdfast.kube.session_store import exporter

FULL, OVERFLOWING = 0.8, 0.95
FEW = 100
"""Keys below which a halving says nothing."""


def alerts(app: App, there: Watched) -> Iterator[Alert]:
    """Those of a store whose exporter is ours; none for somebody else's."""
    if exporter.scraped(app) is None:
        return
    yield from _there(app)
    if servers(app) > 1:
        yield from _replicated(app)
    yield from _room(app, there)
    yield from _kept(app)


def servers(app: App) -> int:
    """How many Redis servers there are; 1 where that is not ours to say."""
    chosen = app.spec.session.store
    several = (chosen.sentinel or chosen.operator) if chosen is not None else None
    return several.replicas if several is not None else 1


def _there(app: App) -> Iterator[Alert]:
    up = ours(app, "sessions", "redis_up")
    yield Alert(
        "SessionStoreDown",
        f"max {BY} ({up}) == 0 or absent({up})",
        1,
        "critical",
        "the session store does not answer",
        "Every page with a session is an error; nobody is logged out, sessions are on its disk.",
        "See whether its pods run and their volume is attached. Do not delete the volume.",
    )
    yield Alert(
        "SessionStoreRestarted",
        f"min by (namespace, pod) ({ours(app, 'sessions', 'redis_uptime_in_seconds')}) < 300",
        0,
        "info",
        "a server of the session store has started anew",
        "Requests of these seconds may have failed.",
        "Unless somebody did it, see why its pod ended; keys should be as many as before.",
    )
    refused = ours(app, "sessions", "redis_rejected_connections_total")
    yield Alert(
        "SessionStoreRefusesClients",
        f"sum {BY} (increase({refused}[10m])) > 0",
        0,
        "warning",
        "the session store refuses connections: it has maxclients",
        "Some requests fail.",
        "Count PHP processes, workers and Horizon's; look for connections that nobody closes.",
    )


def _replicated(app: App) -> Iterator[Alert]:
    wanted = servers(app)
    masters = ours(app, "sessions", "redis_instance_info", 'role="master"')
    yield Alert(
        "SessionStoreMasters",
        f"count {BY} ({masters}) != 1 or absent({masters})",
        1,
        "critical",
        "the session store has no master, or two",
        "Without one no session is saved; with two, what is saved at the wrong one will be gone.",
        "Ask each Sentinel who the master is; look for a network that is cut in two.",
    )
    up = ours(app, "sessions", "redis_up")
    yield Alert(
        "SessionStoreServerMissing",
        f"sum {BY} ({up}) < {wanted}",
        10,
        "warning",
        f"fewer than {wanted} servers of the session store answer",
        "Nothing yet; one more that dies may be the last that had the sessions.",
        "See why a pod does not start: a node, a volume, a zone.",
    )
    linked = ours(app, "sessions", "redis_master_link_up")
    lag = ours(app, "sessions", "redis_connected_slave_lag_seconds")
    yield Alert(
        "SessionReplicaBehind",
        f"max {BY} ({lag}) > 10 or min {BY} ({linked}) == 0",
        2,
        "warning",
        "a replica of the session store is behind",
        "Nothing yet; a failover now would lose the logins and writes of that time.",
        "Look at the network between the pods and at the load of the master.",
    )


def _room(app: App, there: Watched) -> Iterator[Alert]:
    evicted = ours(app, "sessions", "redis_evicted_keys_total")
    yield Alert(
        "SessionsEvicted",
        f"sum {BY} (increase({evicted}[10m])) > 0",
        0,
        "critical",
        "the session store throws sessions away to make room",
        "Users who did nothing are logged out, their carts are empty.",
        "maxmemory-policy has to be noeviction and is not: somebody changed it. Set it back and"
        " give it memory.",
    )
    used = ours(app, "sessions", "redis_memory_used_bytes")
    most = ours(app, "sessions", "redis_memory_max_bytes")
    share = f"max {BY} ({used} / ({most} > 0))"
    yield Alert(
        "SessionStoreFillsUp",
        f"{share} > {FULL}",
        10,
        "warning",
        f"the session store has used {FULL:.0%} of its memory",
        "Nothing yet; when it is full, no session is saved and nobody can log in.",
        "Raise session.store's memory; see whether something else writes there, or robots open"
        " sessions.",
    )
    yield Alert(
        "SessionStoreFull",
        f"{share} > {OVERFLOWING}",
        1,
        "critical",
        "the session store is full",
        "Writes are refused (OOM): nobody can log in, requests with a session fail.",
        "Raise session.store's memory now; nothing is evicted, so no session is lost by waiting.",
    )
    if there.stateful_sets:
        # Kubernetes names the claim of a pod after its template, here «data», and the pod.
        claims = [f"data-{name}" for name in there.stateful_sets]
        yield Alert(
            "SessionVolumeFillsUp",
            f"{free(app, numbered(claims))} < {NEARLY_FULL}",
            10,
            "critical",
            "the volume of the session store is nearly full",
            "When it is, Redis writes nothing any more and refuses sessions.",
            "Expand the claim; its file is rewritten at twice its size.",
        )


def _kept(app: App) -> Iterator[Alert]:
    status = ours(app, "sessions", "redis_aof_last_write_status")
    enabled = ours(app, "sessions", "redis_aof_enabled")
    chosen = app.spec.session.store
    off = "" if chosen is not None and chosen.operator is not None else f" or {enabled} == 0"
    yield Alert(
        "SessionsNotWritten",
        f"min by (namespace, pod) ({status} == 0{off})",
        0,
        "critical",
        "the session store does not write to its disk",
        "Nothing yet, or requests fail; the next restart would log everybody out.",
        "See whether the volume is full or read-only. Do not restart the pod before.",
    )
    count = ours(app, "sessions", "redis_db_keys")
    keys = f"max {BY} (sum by (namespace, pod) ({count}))"
    before = f"max {BY} (sum by (namespace, pod) ({count} offset 10m))"
    yield Alert(
        "SessionsVanished",
        f"({keys} < 0.5 * {before}) and ({before} > {FEW})",
        0,
        "critical",
        "half of all sessions are gone within ten minutes",
        "Users are logged out.",
        "Somebody flushed the store, or a wrong server became master. Stop what does it (a deploy"
        " with cache:clear, FLUSHALL); the volume's snapshot may still have them.",
    )
