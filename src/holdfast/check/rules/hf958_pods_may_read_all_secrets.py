"""The pods of the application may read every Secret, or enter other pods.

## What it checks

A role that is bound to the service account of a Laravel workload, or to all accounts, allows to
read all Secrets (`get`, `list` or `watch` without `resourceNames`) or to execute in pods (`create`
on `pods/exec`).

## Why it matters

Whoever breaks into one pod, a worker or a page that takes uploads, reads `APP_KEY` of every
application in reach and makes session cookies of any user with it.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: shop}}
    spec:
      serviceAccountName: shop
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
            - {name: REDIS_HOST, value: redis}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: shop}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: shop}
subjects: [{kind: ServiceAccount, name: shop}]
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: shop}}
    spec:
      serviceAccountName: shop
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
            - {name: REDIS_HOST, value: redis}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: shop}
rules: [{apiGroups: [""], resources: [secrets], resourceNames: [shop], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: shop}
subjects: [{kind: ServiceAccount, name: shop}]
```

## How to fix

Laravel needs no access to the Kubernetes API: take the binding away and set
`automountServiceAccountToken: false`. What needs one Secret names it in `resourceNames`.

## Limits

Only roles and bindings among the manifests; aggregated roles are not followed.

## References

- Kubernetes documentation, «Role based access control good practices»: listing secrets,
  `pods/exec`.
- Illuminate/Cookie/Middleware/EncryptCookies.php (Laravel 8 to 13): APP_KEY is all that a session
  cookie needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.objects import Object, get, items, same_namespace, text
from holdfast.check.kubernetes.workload import Workload
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_EVERYONE: Final = ("system:authenticated", "system:unauthenticated", "system:serviceaccounts")
_READ: Final = frozenset(("get", "list", "watch", "*"))


def check(target: Target) -> Iterator[Finding]:
    """Bindings that let pods of Laravel read Secrets or enter pods."""
    accounts = {
        (workload.namespace, text(workload.get("serviceAccountName")) or "default"): workload
        for process in target.processes()
        if (workload := process.workload)
    }
    for binding in target.objects.of("RoleBinding", "ClusterRoleBinding"):
        role = _role(target, binding)
        allowed = _allowed(role) if role else ""
        bound = _bound(binding, accounts) if allowed else None
        if role and bound:
            yield Finding(
                binding.at("subjects"),
                f"Whoever breaks into a pod of {bound} {allowed}, and with an APP_KEY makes the"
                f" session of any user: {binding} says so.",
                "take the binding away; Laravel needs no access to the Kubernetes API",
                str(bound),
                (Related(role.at("rules"), str(role)),),
            )


def _role(target: Target, binding: Object) -> Object | None:
    kind = text(binding.get("roleRef", "kind"))
    namespace = binding.namespace if kind == "Role" else ""
    if kind not in ("Role", "ClusterRole"):
        return None
    return target.objects.find(kind, text(binding.get("roleRef", "name")), namespace)


def _allowed(role: Object) -> str:
    """What of all that it allows is too much; empty where nothing is."""
    for rule in items(role.body, "rules"):
        resources, verbs = items(rule, "resources"), set(map(text, items(rule, "verbs")))
        if not {"", "*"} & set(map(text, items(rule, "apiGroups"))) or items(rule, "resourceNames"):
            continue
        if {"secrets", "*"} & set(map(text, resources)) and verbs & _READ:
            return "can read every Secret"
        if "pods/exec" in resources and verbs & {"create", "*"}:
            return "can enter other pods"
    return ""


def _bound(binding: Object, accounts: Mapping[tuple[str, str], Workload]) -> Workload | None:
    """A workload whose account it binds."""
    for subject in items(binding.body, "subjects"):
        name = text(get(subject, "name"))
        if get(subject, "kind") == "Group" and name in _EVERYONE:
            return next(iter(accounts.values()), None)
        if get(subject, "kind") != "ServiceAccount":
            continue
        namespace = text(get(subject, "namespace")) or binding.namespace
        for (theirs, account), workload in accounts.items():
            if account == name and same_namespace(theirs, namespace):
                return workload
    return None


RULE = Rule(
    "HF958",
    "pods-may-read-all-secrets",
    "The pods of the application may read every Secret, or enter other pods",
    Severity.MEDIUM,
    check,
    gotchas=("SEC-08",),
)
