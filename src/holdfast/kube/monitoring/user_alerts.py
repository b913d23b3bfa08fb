"""Alerts of what users themselves see: lost sessions and errors.

Lost sessions: a canary (``holdfast rehearse --watch``), whose names are in rehearsal/metrics.py.
Errors: whoever stands before the web pods and counts. ingress-nginx
(docs/user-guide/monitoring.md), Istio's sidecars (istio.io, «Istio Standard Metrics») and Linkerd's
proxies (linkerd.io, «Proxy Metrics») do so by names that lead to an application; of other edges and
of ambient nothing is asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.monitoring.alert import Alert
from holdfast.kube.monitoring.monitors import CANARY
from holdfast.kube.monitoring.promql import BY, ours, series
from holdfast.kube.objects import named

ERRORS = 0.02
"""A share of all requests."""
FEW = 0.05
"""Failed requests a second: at night one of ten is a tenth."""


def alerts(app: App) -> Iterator[Alert]:
    """Of the canary always: it may come later; of errors where they are counted."""
    lost = ours(app, CANARY, "holdfast_sessions_lost_total")
    yield Alert(
        "SessionsLost",
        f"sum by (namespace, cause) (increase({lost}[15m])) > 0",
        0,
        "critical",
        "a session that was watched is lost",
        "What happened to it happens to users: they are logged out, or see another's page.",
        "The canary's log says which session, when, and what was seen; look at what was deployed,"
        " scaled or restarted then.",
    )
    answered = ours(app, CANARY, "holdfast_last_success_timestamp_seconds")
    yield Alert(
        "CanaryUnanswered",
        f"time() - max {BY} ({answered}) > 300",
        0,
        "critical",
        "nobody has answered the canary for five minutes",
        "Users get errors or nothing.",
        "Open the site; then the edge's log, then the web pods.",
    )
    counted = errors(app)
    if counted is not None:
        failed, total = counted
        yield Alert(
            "ServerErrors",
            f"sum {BY} (rate({failed}[5m])) / sum {BY} (rate({total}[5m])) > {ERRORS}"
            f" and sum {BY} (rate({failed}[5m])) > {FEW}",
            5,
            "critical",
            f"more than {ERRORS:.0%} of all requests fail",
            "Error pages; after a 5xx nobody knows whether a form was saved.",
            "During a roll: pods are killed before their requests have ended. Otherwise: the log of"
            " the application, then the session store.",
        )


def errors(app: App) -> tuple[str, str] | None:
    """Selectors of failed and of all requests; None where nobody counts them by application."""
    mesh = app.spec.mesh
    if mesh is not None and mesh.istio is not None and mesh.istio.mode == "sidecar":
        # Prometheus' own namespace label is the proxy's pod: the destination itself reports.
        where = ['reporter="destination"', f'destination_workload="{named(app, "web")}"']
        return (
            series(app, "istio_requests_total", *where, 'response_code=~"5.."'),
            series(app, "istio_requests_total", *where),
        )
    if mesh is not None and mesh.linkerd is not None:
        where = ['direction="inbound"', f'deployment="{named(app, "web")}"']
        return (
            series(app, "response_total", *where, 'classification="failure"'),
            series(app, "response_total", *where),
        )
    ingress = app.spec.edge.ingress
    if ingress is not None and ingress.controller == "nginx":
        where = [f'ingress="{app.name}"']
        return (
            series(app, "nginx_ingress_controller_requests", *where, 'status=~"5.."'),
            series(app, "nginx_ingress_controller_requests", *where),
        )
    return None
