"""Manifests: how requests come in.

One path, ``/``, leads to the web pods. ``/up`` is open (it says that the application starts, and
opens no session); Horizon and Telescope have gates of their own in the application, and an edge
that hid them would hide them from those who may see them; php-fpm's status and metrics are on no
port that the Service has.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision, Object
from holdfast.kube.edge import affinity, choice, gateway, ingress, persistence, proxies


def objects(app: App) -> Iterator[Object]:
    """An Ingress, or a Gateway and its routes."""
    if (wanted := choice.ingress(app)) is not None:
        yield from ingress.objects(app, wanted)
    elif (other := choice.gateway(app)) is not None:
        yield from gateway.objects(app, other)


def service_annotations(app: App) -> dict[str, str]:
    """Annotations of the Service of the web pods: some controllers read them there alone."""
    wanted = choice.ingress(app)
    return {} if wanted is None else ingress.CONTROLLERS[wanted.controller].service_annotations(app)


def service_labels(app: App) -> dict[str, str]:
    """Labels of the same."""
    return persistence.service_labels(app)


def decisions(app: App) -> Iterator[Decision]:
    """What was decided about the way in."""
    if (wanted := choice.ingress(app)) is not None:
        yield from ingress.decisions(app, wanted)
    elif (other := choice.gateway(app)) is not None:
        yield from gateway.decisions(app, other)
    yield from affinity.decisions(app)
    yield from proxies.decisions(app)
    yield Decision(
        "paths",
        "all of them, to the web pods",
        "/up opens no session and says nothing; Horizon and Telescope have gates of their own"
        " (viewHorizon, viewTelescope); php-fpm's status and metrics are not behind the Service",
    )
