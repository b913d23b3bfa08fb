"""Which pods may connect to which, as far as manifests say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from holdfast.check.kubernetes.objects import (
    Object,
    Objects,
    items,
    same_namespace,
    selects_by_expression,
)

_OTHERS: Final = (
    "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "GlobalNetworkPolicy",
    "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "AuthorizationPolicy",
    "PeerAuthentication", "ServerAuthorization",
)  # fmt: skip
"""Kinds of other makers that can close a pod to others; which pods, is not read."""


def policies_of(objects: Objects, namespace: str) -> tuple[Object, ...]:
    """The NetworkPolicies of a namespace."""
    return tuple(
        policy
        for policy in objects.of("NetworkPolicy")
        if same_namespace(policy.namespace, namespace)
    )


def may_be_closed(objects: Objects, namespace: str, labels: Mapping[str, str]) -> bool:
    """Whether something may keep others from connecting to pods.

    NetworkPolicy, networking.k8s.io/v1: pods that no policy for ingress selects are open to all.

    Args:
        objects: what is deployed together.
        namespace: of the pods.
        labels: of the pods; empty where they are not known: then any policy may select them.
    """
    if objects.of(*_OTHERS):
        return True
    return any(not labels or _selects(policy, labels) for policy in policies_of(objects, namespace))


def _selects(policy: Object, labels: Mapping[str, str]) -> bool:
    types = items(policy.body, "spec", "policyTypes")
    if types and "Ingress" not in types:
        return False
    return selects_by_expression(policy.get("spec", "podSelector"), labels) is not False
