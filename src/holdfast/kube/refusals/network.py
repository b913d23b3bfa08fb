"""What is refused of the network."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.network.outside import places
from holdfast.kube.refusals.refusal import Refusal


def refusals(app: App) -> Iterator[Refusal]:
    """Networks that are none, and servers that a closed application could not reach."""
    egress = app.spec.network.egress
    for place in places(app):
        if place.network is not None and not _is_network(place.network):
            yield _no_network((*place.path, "network"), place.network)
        elif place.network is None and egress is not None:
            yield Refusal(
                place.path,
                "network.egress closes the application, and where this server is, is not said:"
                " no pod could reach it",
                "network: its addresses, e.g. 10.1.0.0/16",
            )
    for index, destination in enumerate(egress or ()):
        if not _is_network(destination.network):
            path = ("network", "egress", index, "network")
            yield _no_network(path, destination.network)


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _no_network(path: tuple[str | int, ...], text: str) -> Refusal:
    return Refusal(path, f"{text} is no network", "addresses and a prefix, e.g. 10.1.0.0/16")
