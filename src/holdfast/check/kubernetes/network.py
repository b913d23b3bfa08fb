"""Which pods may be connected to, as far as manifests say it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from holdfast.check.kubernetes.objects import (
    Object,
    Objects,
    grouped,
    items,
    same_namespace,
    selects_by_expression,
    words,
)

_OTHERS: Final = (
    "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "GlobalNetworkPolicy",
    "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "AuthorizationPolicy",
    "PeerAuthentication", "ServerAuthorization",
)  # fmt: skip
"""Kinds of other makers that can close a pod to others; which pods, is not read."""


@dataclass(frozen=True, eq=False)
class Policies:
    """The policies among objects."""

    objects: Objects = field(repr=False)

    def there(self, namespace: str) -> Object | None:
        """A NetworkPolicy of a namespace, of several the first; None where it has none."""
        near = (
            policies
            for name, policies in self._by_namespace.items()
            if same_namespace(name, namespace)
        )
        return next((policies[0] for policies in near), None)

    def may_close(self, namespace: str, labels: Mapping[str, str]) -> bool:
        """Whether something may keep others from connecting to pods.

        NetworkPolicy, networking.k8s.io/v1: pods that no policy for ingress selects are open to
        all.

        Args:
            namespace: of the pods.
            labels: of the pods; empty where they are not known: then any policy may select them.
        """
        if self.objects.of(*_OTHERS):
            return True
        if not labels:
            return self.there(namespace) is not None
        return any(
            same_namespace(policy.namespace, namespace)
            and selects_by_expression(policy.get("spec", "podSelector"), labels) is not False
            for policy in self._near(labels)
        )

    def _near(self, labels: Mapping[str, str]) -> Iterator[Object]:
        """Those that ask for no label, or for one of these."""
        yield from self._by_label.get(None, ())
        for label in labels.items():
            yield from self._by_label.get(label, ())

    @cached_property
    def _closing(self) -> tuple[Object, ...]:
        """Those for ingress, which is all that do not say what they are for."""
        return tuple(
            policy
            for policy in self.objects.of("NetworkPolicy")
            if "Ingress" in (items(policy.body, "spec", "policyTypes") or ["Ingress"])
        )

    @cached_property
    def _by_label(self) -> Mapping[tuple[str, str] | None, tuple[Object, ...]]:
        asked = (
            (words(policy.get("spec", "podSelector", "matchLabels")), policy)
            for policy in self._closing
        )
        return grouped((min(wanted.items(), default=None), policy) for wanted, policy in asked)

    @cached_property
    def _by_namespace(self) -> Mapping[str, tuple[Object, ...]]:
        return grouped((policy.namespace, policy) for policy in self._closing)
