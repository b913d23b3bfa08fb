"""A manifest cannot be read.

## What it checks

Files that look like Kubernetes manifests are read as kubectl reads them. One that kubectl would
refuse, or that is larger or deeper than any manifest, is a finding.

## Why it matters

What cannot be read was not judged, and `kubectl apply` stops at it too.

## Bad

```yaml deploy.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: shop
```

## Good

```yaml deploy.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
```

## How to fix

Mend what the message says. Templates of Helm are not read: pipe what comes out of them, `helm
template . | holdfast check -`.

## Limits

10 MiB, 10,000 documents and 500,000 values a file; 200,000 values and 100 levels a document.

## References

- kubectl 1.32 reads YAML through sigs.k8s.io/yaml and go.yaml.in/yaml/v2. A key that is there
  twice is no error to it: the last one counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """What could not be read."""
    for one in target.unreadable:
        if not one.template:
            yield Finding(
                one.place,
                f"What stands here cannot be read, and was not judged: {one.why}.",
                "mend it, or leave the file out: exclude in holdfast.toml",
                one.place.file,
            )


RULE = Rule("HF001", "unreadable", "A manifest cannot be read", Severity.MEDIUM, check)
