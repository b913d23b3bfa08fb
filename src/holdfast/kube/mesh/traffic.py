"""Istio's sidecars: how connections are made, kept and given up. Ambient has none of this."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Object
from holdfast.kube.mesh.identity import store_components
from holdfast.kube.mesh.pods import members
from holdfast.kube.objects import metadata, named
from holdfast.kube.session_store import choice
from holdfast.kube.spec.session import ExternalServer
from holdfast.kube.spec.storage import Database

NETWORKING = "networking.istio.io/v1"
KEPT = 60
"""Seconds that a proxy keeps an unused connection to PHP's web server: less than any of those does,
so a request never meets a connection that is just being closed. A POST that did could not be sent
again."""

_INSIDE = (".svc.", ".local.")


def objects(app: App) -> Iterator[Object]:
    """For web pods, for the store, for what is outside of the mesh; and what is written down."""
    yield _destination(app, named(app, "web"), "web", http=True)
    yield _never_twice(app)
    if store_components(app):
        yield _destination(app, named(app, "sessions"), "sessions", http=False)
    yield from _outside(app)
    yield from _only_known(app)
    yield _access_log(app)


def _destination(app: App, name: str, component: str, *, http: bool) -> Object:
    """A dead peer is noticed, a slow one is not punished.

    There is no outlier detection: the only Redis would be taken away for a refused connection, and
    web pods for errors of one page. There is no consistent hash: nothing has to stick. Where there
    is no ``tls``, Istio uses mTLS with each pod that can.
    """
    # A node that is gone is noticed after a minute and a half; Linux would take two hours.
    tcp = {
        "connectTimeout": "2s",
        "tcpKeepalive": {"time": "60s", "interval": "10s", "probes": 3},
    }
    pool: Object = {"tcp": tcp, **({"http": {"idleTimeout": f"{KEPT}s"}} if http else {})}
    return {
        "apiVersion": NETWORKING,
        "kind": "DestinationRule",
        "metadata": metadata(app, name, component),
        "spec": {"host": name, "trafficPolicy": {"connectionPool": pool}},
    }


def _never_twice(app: App) -> Object:
    """Requests of the mesh are sent again only where PHP cannot have seen them.

    Istio's default adds gRPC's ``unavailable`` and ``cancelled``, and before 1.24 the status 503,
    which an application may give after it has saved something (istio 1.32,
    pilot/pkg/networking/core/route/retry/retry.go; releasenotes/notes/50506.yaml).
    """
    name = named(app, "web")
    return {
        "apiVersion": NETWORKING,
        "kind": "VirtualService",
        "metadata": metadata(app, name, "web"),
        "spec": {
            "hosts": [name],
            "http": [
                {
                    "retries": {"attempts": 2, "retryOn": "connect-failure,refused-stream"},
                    "route": [{"destination": {"host": name, "port": {"number": 80}}}],
                }
            ],
        },
    }


def _outside(app: App) -> Iterator[Object]:
    """Servers outside of the cluster, so that Istio knows what is spoken there.

    Whoever has resolved the name has chosen the address (resolution NONE): an entry that resolves
    it by itself would take all connections to that port, whoever they were meant for.
    """
    sessions, database, redis = choice.external(app), app.spec.database, app.spec.redis
    servers: list[tuple[str, ExternalServer | Database | None, int]] = [
        ("sessions", sessions, 11211 if app.spec.session.driver == "memcached" else 6379),
        ("database", database, 5432 if database and database.driver == "pgsql" else 3306),
        ("redis", redis.external if redis else None, 6379),
    ]
    for name, server, usual in servers:
        if server is None or server.host is None:
            continue
        host, ports = server.host, [server.port or usual]
        where = [server.network or f"{host}/{128 if ':' in host else 32}"]
        if _is_outside(host):
            yield _entry(app, f"outside-{name}", host, ports, where if server.network else [])
        elif _is_address(host) or (app.spec.network.egress is not None and server.network):
            # An entry wants a name, and finds this one by its address alone.
            yield _entry(app, f"outside-{name}", f"{name}.{app.name}.internal", ports, where)


def _is_outside(host: str) -> bool:
    """Whether a name is certainly none of the cluster's; there, an entry would hide a Service."""
    named_inside = any(mark in f"{host}." for mark in _INSIDE)
    return host.count(".") > 1 and not _is_address(host) and not named_inside


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _only_known(app: App) -> Iterator[Object]:
    """Where the NetworkPolicy closes the way out, so does the proxy, and for the same places."""
    egress = app.spec.network.egress
    if egress is None:
        return
    for number, place in enumerate(egress):
        host = f"{number}.egress.{app.name}.internal"
        yield _entry(app, f"egress-{number}", host, sorted(place.ports), [place.network])
    yield {
        "apiVersion": NETWORKING,
        "kind": "Sidecar",
        "metadata": metadata(app, app.name, "mesh"),
        "spec": {
            "egress": [{"hosts": ["*/*"]}],
            "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
            "workloadSelector": {"labels": members(app)},
        },
    }


def _entry(app: App, suffix: str, host: str, ports: list[int], addresses: list[str]) -> Object:
    return {
        "apiVersion": NETWORKING,
        "kind": "ServiceEntry",
        "metadata": metadata(app, named(app, suffix), "mesh"),
        "spec": {
            **({"addresses": addresses} if addresses else {}),
            # For this namespace alone: another's connections are none of ours.
            "exportTo": ["."],
            "hosts": [host],
            "location": "MESH_EXTERNAL",
            # PHP makes the TLS of a database itself, if any: TCP takes both.
            "ports": [{"name": f"tcp-{port}", "number": port, "protocol": "TCP"} for port in ports],
            "resolution": "NONE",
        },
    }


def _access_log(app: App) -> Object:
    """Only failed requests are written down; the format of Envoy's own log has no cookies."""
    return {
        "apiVersion": "telemetry.istio.io/v1",
        "kind": "Telemetry",
        "metadata": metadata(app, app.name, "mesh"),
        "spec": {
            "accessLogging": [
                {
                    "filter": {"expression": "has(response.code) && response.code >= 500"},
                    "providers": [{"name": "envoy"}],
                }
            ],
            "selector": {"matchLabels": members(app)},
        },
    }
