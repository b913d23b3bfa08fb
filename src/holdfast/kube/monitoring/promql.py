"""Pieces of PromQL. An application is found by labels of its targets, not by names of pods."""

from __future__ import annotations

from collections.abc import Iterable

from holdfast.kube.app import App

BY = "by (namespace)"
"""Two applications of one name in two namespaces are two: every alert is told apart by it."""


NEARLY_FULL = 0.15
"""The share of a volume that is left, below which somebody is told."""


def series(app: App, metric: str, *matchers: str) -> str:
    """A selector, for one namespace where it is known.

    Args:
        matchers: as they stand in braces, e.g. ``role="master"``.
    """
    where = [f'namespace="{app.namespace}"'] if app.namespace is not None else []
    return f"{metric}{{{','.join([*matchers, *where])}}}"


def ours(app: App, component: str, metric: str, *matchers: str) -> str:
    """A selector of what one of our monitors scrapes; ``monitors`` sets the labels."""
    return series(app, metric, f'app="{app.name}"', f'component="{component}"', *matchers)


def any_of(label: str, values: Iterable[str]) -> str:
    """A matcher: one of these, which are regular expressions."""
    return f'{label}=~"{"|".join(values)}"'


def free(app: App, claims: Iterable[str]) -> str:
    """The share of volumes that is free, by the kubelet's metrics; claims are expressions."""
    where = any_of("persistentvolumeclaim", claims)
    available = series(app, "kubelet_volume_stats_available_bytes", where)
    size = series(app, "kubelet_volume_stats_capacity_bytes", where)
    return f"min by (namespace, persistentvolumeclaim) ({available} / {size})"


def deployed(names: Iterable[str]) -> list[str]:
    """The names of pods of Deployments: two random words follow, without a hyphen in them."""
    return [f"{name}-[a-z0-9]+-[a-z0-9]+" for name in names]


def numbered(names: Iterable[str]) -> list[str]:
    """The names of pods of StatefulSets, and of their claims."""
    return [f"{name}-[0-9]+" for name in names]
