"""The session files of all replicas are on a network file system.

## What it checks

The session driver of a web process is `file`, and `storage/framework/sessions` is on a volume that
all nodes share: a claim with `ReadWriteMany`, NFS, CephFS, Azure Files, GlusterFS.

## Why it matters

The sessions survive, but each request waits for the file server twice, and one request in fifty
looks at the date of every session file to collect garbage, which with many users takes seconds
over a network. Clients of such file systems cache what a file held: a user who was just redirected
to another pod may be answered from an old session. When the file server is away, the whole site
is.

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
          env: [{name: SESSION_DRIVER, value: file}]
          volumeMounts: [{name: storage, mountPath: /var/www/html/storage}]
      volumes: [{name: storage, nfs: {server: nas.example.com, path: /shop}}]
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
          env: [{name: SESSION_DRIVER, value: redis}]
          volumeMounts: [{name: uploads, mountPath: /var/www/html/storage/app}]
      volumes: [{name: uploads, nfs: {server: nas.example.com, path: /shop}}]
```

## How to fix

`SESSION_DRIVER=redis` with a Redis of its own, or `database`; keep the volume for `storage/app`.

## Limits

Claims that are not among the manifests are not judged.

## References

- Illuminate/Session/FileSessionHandler.php, Laravel 13.26.1: `write` puts the whole payload, `gc`
  walks the directory; config/session.php: `lottery` is 2 in 100.
- Linux nfs(5), «Data and metadata coherence»: attributes are cached for 3 to 60 seconds by
  default.
- laravel/framework issues 7549 and 8172: what parallel requests do to session files.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.storage import FILE_DRIVERS, session_files
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Web processes with session files on a volume of all nodes."""
    for process in target.processes(Role.WEB):
        if process.settings.text("session.driver") not in FILE_DRIVERS or not process.endless:
            continue
        kept = session_files(process)
        if kept is None or kept.mount is None or not kept.of_all_nodes:
            continue
        volume = kept.mount.volume
        yield Finding(
            process.settings.place("session.driver"),
            f"Each request to {process.workload} waits for a network file system, one in fifty"
            f" until it has seen every session: the volume {volume.name} of the files is shared by"
            " all nodes.",
            "keep sessions in a store made for it: SESSION_DRIVER=redis or database",
            str(process),
            (Related(volume.place, f"the volume {volume.name}"),),
        )


RULE = Rule(
    "HF105",
    "session-files-on-a-network-volume",
    "The session files of all replicas are on a network file system",
    Severity.MEDIUM,
    check,
    gotchas=("STO-05",),
)
