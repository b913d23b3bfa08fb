"""What is refused of the network."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.network.outside import places
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.refusals.rule import Rule, all_refused, given, rule

_STORE = "self.spec.session.store"


def _unreachable(path: tuple[str, ...], absent: str) -> Rule:
    """A server that a closed application needs, and whose place is not said.

    Args:
        absent: CEL: there is none.
    """
    here = ".".join(("self.spec", *path))
    return rule(
        path,
        "network.egress closes the application, and where this server is, is not said: no pod"
        " could reach it",
        "network: its addresses, e.g. 10.1.0.0/16",
        broken=lambda app: (
            app.spec.network.egress is not None
            and any(one.path == path and one.network is None for one in places(app))
        ),
        cel=f"!{given('self.spec.network.egress')} || {absent} || {given(f'{here}.network')}",
    )


RULES = (
    _unreachable(
        ("session", "store", "external"),
        f"!(self.spec.session.driver in ['redis', 'memcached']) || !{given(_STORE)}"
        f" || !{given(f'{_STORE}.external')}",
    ),
    _unreachable(
        ("redis", "external"),
        f"!{given('self.spec.redis')} || !{given('self.spec.redis.external')}",
    ),
    _unreachable(
        ("database",),
        f"!{given('self.spec.database')} || !{given('self.spec.database.host')}",
    ),
)


def refusals(app: App) -> Iterator[Refusal]:
    """Networks that are none, and servers that a closed application could not reach."""
    yield from all_refused(RULES, app)
    for place in places(app):
        if place.network is not None and not _is_network(place.network):
            yield _no_network((*place.path, "network"), place.network)
    for index, destination in enumerate(app.spec.network.egress or ()):
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
