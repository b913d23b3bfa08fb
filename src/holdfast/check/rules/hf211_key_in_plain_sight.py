"""The application's key stands where everyone can read it.

## What it checks

A real `APP_KEY` (16 or 32 bytes, as the ciphers take) is the value of a variable in a manifest, in
a ConfigMap, or in `ENV` or the default of `ARG` of a Dockerfile.

## Why it matters

Whoever has the key makes cookies that Laravel trusts: with the cookie driver a session of any user,
and with values that Laravel unserializes, code that runs on your servers. A key in an image is
there for everyone who may pull it, in `docker history` too; a ConfigMap is no secret to anybody who
may read the namespace; what is in Git stays there.

## Bad

```yaml configmap.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
data:
  APP_KEY: base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
```

## How to fix

Keep it in a Secret that is not in Git as it is (ExternalSecrets, SealedSecrets), and change the
key: the one that was seen is lost. `APP_PREVIOUS_KEYS` with the old key keeps users logged in
meanwhile (Laravel 11 and newer).

## Limits

Secrets among the manifests are not judged: they may be rendered just now. Values of other lengths
are taken for placeholders.

## References

- Illuminate/Encryption/Encrypter.php, Laravel 13.26.1, `supported`: keys have 16 or 32 bytes.
- Laravel 13, upgrade guide, «serializable_classes»: what a leaked APP_KEY allows.
- Kubernetes documentation, ConfigMaps: «does not provide secrecy or encryption».
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from holdfast.check.facts.agreement import placeholder
from holdfast.check.finding import Finding, Severity
from holdfast.check.image.image import Image
from holdfast.check.rule import Rule
from holdfast.check.sources.docker_words import Value, expanded, split
from holdfast.check.target import Target
from holdfast.manifests.place import Place

_NAMES = ("APP_KEY", "APP_PREVIOUS_KEYS")
_FEW = 8
"""Different characters: a random key has more, what is typed in for a build has not."""


def check(target: Target) -> Iterator[Finding]:
    """Keys in manifests and Dockerfiles."""
    said: set[Place] = set()
    for config in target.objects.of("ConfigMap"):
        values = config.values
        for name in _NAMES:
            if name in values and _is_key(values[name].value):
                said.add(values[name].place)
                yield _finding(values[name].place, name, f"the {config}", str(config))
    for workload in target.workloads:
        for container in (*workload.containers, *workload.init_containers):
            for name in _NAMES:
                found = container.env.get(name)
                if not found or found.secret or found.place in said or not _is_key(found.value):
                    continue
                said.add(found.place)
                where = f"the {found.source}" if found.source else "the manifest"
                yield _finding(found.place, name, where, str(workload))
    for image in target.repository.images:
        for name, value in _of_dockerfile(image):
            if _is_key(value.text):
                yield _finding(value.place, name, "the image or its Dockerfile", image.file)


def _finding(place: Place, name: str, where: str, subject: str) -> Finding:
    return Finding(
        place,
        f"Whoever can read {where} can forge the cookies of every user: {name} stands in it.",
        "keep it in a Secret that is not in Git as it is, and change the key that was seen",
        subject,
    )


def _of_dockerfile(image: Image) -> Iterator[tuple[str, Value]]:
    """What ENV and ARG say in any stage, as far as it is there."""
    for instruction in image.dockerfile.instructions:
        if instruction.name not in {"ENV", "ARG"}:
            continue
        for word in split(instruction.arguments, image.dockerfile.escape):
            name, sign, _ = word.string.partition("=")
            if sign and name in _NAMES:
                yield name, expanded(word.part(len(name) + 1), image.dockerfile.escape, {})


def _is_key(value: str | None) -> bool:
    """Whether Laravel would take it: a placeholder is none."""
    key = (value or "").split(",")[0].strip()
    if not key.startswith("base64:"):
        return len(key) == 32 and len(set(key)) > _FEW and not placeholder(key)
    try:
        decoded = base64.b64decode(key.removeprefix("base64:"), validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(decoded) in (16, 32) and len(set(decoded)) > _FEW


RULE = Rule(
    "HF211",
    "key-in-plain-sight",
    "The application's key stands where everyone can read it",
    Severity.CRITICAL,
    check,
    gotchas=("KEY-11",),
)
