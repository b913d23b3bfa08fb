"""Several replicas mount a volume that one node alone can have.

## What it checks

A workload of the application that may have more than one replica mounts a PersistentVolumeClaim
whose access modes allow neither `ReadWriteMany` nor `ReadOnlyMany`, or another workload mounts
the same one. With `ReadWriteOncePod` also one replica whose rolling update starts the new pod
before the old one is gone.

## Why it matters

A `ReadWriteOnce` volume is attached to one node. Pods on other nodes wait in `ContainerCreating`
(«Multi-Attach error») while the others carry all the load; a rollout stops half-way; and after the
node is lost nothing starts until the volume is released. What was meant to be scaled out is not.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: redis}]
          volumeMounts: [{name: storage, mountPath: /var/www/html/storage}]
      volumes: [{name: storage, persistentVolumeClaim: {claimName: storage}}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: storage}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 5Gi}}
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: redis}, {name: FILESYSTEM_DISK, value: s3}]
```

## How to fix

Keep sessions in Redis or a database, uploads in a bucket (`FILESYSTEM_DISK=s3`), and leave the
volume out. Where files must be shared, a claim with `ReadWriteMany` at `storage/app` alone.

## Limits

On a cluster of one node such a volume works. Pods that are bound to one node (`nodeName`, a
`kubernetes.io/hostname` selector, required pod affinity by host) and claims of a `hostPath` volume
are left alone; so are claims that are not among the manifests.

## References

- Kubernetes documentation, «Persistent Volumes», access modes: ReadWriteOnce is a single node,
  ReadWriteOncePod (1.29) a single pod.
- Kubernetes API reference v1.34, DeploymentStrategy: maxSurge is 25 % where nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from holdfast.check.facts.traffic import recreates
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.objects import Object, get, items
from holdfast.check.kubernetes.workload import Mount, Workload
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_HOST = "kubernetes.io/hostname"
_MANY = frozenset(("ReadWriteMany", "ReadOnlyMany"))


def check(target: Target) -> Iterator[Finding]:
    """Workloads with more pods than their claims can serve."""
    seen: set[tuple[Workload, str]] = set()
    single: set[Object] = set()
    for process in target.processes():
        workload = process.workload
        if workload is None or not workload.endless or _on_one_node(workload):
            continue
        for mount in (m for container in workload.containers for m in container.mounts()):
            claim = mount.volume.claim
            if claim is None or (workload, claim.name) in seen or _of_a_host(claim, target):
                continue
            if _of_one_node(mount):
                single.add(claim)
            if why := _too_few(workload, mount):
                seen.add((workload, claim.name))
                modes = ", ".join(mount.volume.access_modes or ())
                yield Finding(
                    mount.volume.place,
                    f"{why}: its volume {mount.volume.name} ({claim}) is {modes}.",
                    "keep sessions and uploads off the volume, or ask for ReadWriteMany",
                    str(workload),
                    (
                        Related(claim.at("spec", "accessModes"), f"the modes of {claim}"),
                        Related(
                            workload.scale.place, f"{workload.scale}, says {workload.scale.by}"
                        ),
                    ),
                )
    reported = {name for _, name in seen}
    shared: dict[Object, dict[Workload, Mount]] = {}
    for workload in target.workloads:
        for mount in (m for container in workload.containers for m in container.mounts()):
            claim = mount.volume.claim
            if claim in single and claim.name not in reported and not _on_one_node(workload):
                shared.setdefault(claim, {}).setdefault(workload, mount)
    for claim, mounts in shared.items():
        if len(mounts) > 1:
            yield _of_several(claim, mounts)


def _of_several(claim: Object, mounts: Mapping[Workload, Mount]) -> Finding:
    """What is said where each workload has one pod, and they share the claim."""
    (one, there), (other, mount) = list(mounts.items())[:2]
    modes = ", ".join(mount.volume.access_modes or ())
    return Finding(
        mount.volume.place,
        f"Pods of {one.name} and {other.name} start on one node alone: both have the volume"
        f" {mount.volume.name} ({claim}), which is {modes}.",
        "keep sessions and uploads off the volume, or ask for ReadWriteMany",
        str(other),
        (
            Related(claim.at("spec", "accessModes"), f"the modes of {claim}"),
            Related(there.volume.place, f"the volume of {one}"),
        ),
    )


def _of_one_node(mount: Mount) -> bool:
    modes = frozenset(mount.volume.access_modes or ())
    return bool(modes) and not modes & _MANY


def _too_few(workload: Workload, mount: Mount) -> str:
    modes = frozenset(mount.volume.access_modes or ())
    if not _of_one_node(mount):
        return ""
    if modes == {"ReadWriteOncePod"}:
        if workload.scale.several:
            return f"Of {workload.scale} of {workload.name} one alone starts"
        surge = workload.object.get("spec", "strategy", "rollingUpdate", "maxSurge")
        if workload.kind == "Deployment" and not recreates(workload) and surge not in (0, "0%"):
            return f"No rollout of {workload.name} ever ends, as the new pod waits for the old one"
        return ""
    if workload.scale.several:
        return f"Of {workload.scale} of {workload.name} only those on one node start"
    return ""


def _on_one_node(workload: Workload) -> bool:
    if workload.get("nodeName") or get(workload.get("nodeSelector"), _HOST):
        return True
    wanted = items(
        workload.get("affinity"), "podAffinity", "requiredDuringSchedulingIgnoredDuringExecution"
    )
    return any(get(term, "topologyKey") == _HOST for term in wanted)


def _of_a_host(claim: Object, target: Target) -> bool:
    """Whether what it binds to may be a directory of the node: its access modes bind nobody."""
    wanted = claim.get("spec", "storageClassName")
    return any(
        volume.get("spec", "hostPath") is not None
        and volume.get("spec", "storageClassName") == wanted
        for volume in target.objects.of("PersistentVolume")
    )


RULE = Rule(
    "HF104",
    "volume-of-one-node",
    "Several replicas mount a volume that one node alone can have",
    Severity.HIGH,
    check,
    gotchas=("STO-04",),
)
