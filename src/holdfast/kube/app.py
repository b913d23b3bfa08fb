"""What every concern is handed: one application in one environment, for one Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.kube.spec.laravel_app import Spec

Object = dict[str, Any]
"""A piece of a manifest as it will be written; nobody but its maker changes it."""

OLDEST, NEWEST, USUAL = 31, 37, 31
"""Minor versions of Kubernetes 1 that are rendered for. The usual one is the oldest: what is valid
there is valid in all."""


@dataclass(frozen=True)
class App:
    """One deployment to be rendered.

    Args:
        name: of the LaravelApp; all objects begin with it.
        namespace: where it goes; None: wherever it is applied.
        labels: that a person gave the LaravelApp, for all objects.
        spec: with the environment's patch already in it.
        environment: its name; None for the specification itself.
        namesakes: environments whose objects have the same names in the same namespace, so that in
            one cluster the one replaces the other.
        kubernetes: the minor version of Kubernetes 1, from OLDEST to NEWEST.
        secret: the values of the Secret, where it is to be rendered too; None: it is referred to.
    """

    name: str
    spec: Spec
    namespace: str | None = None
    labels: Mapping[str, str] | None = None
    environment: str | None = None
    namesakes: tuple[str, ...] = ()
    kubernetes: int = USUAL
    secret: Mapping[str, str] | None = None


@dataclass(frozen=True, order=True)
class Decision:
    """Something that was decided for the user, for the summary.

    Args:
        subject: what it is about, e.g. ``stop of web pods``.
        choice: what was decided, e.g. ``45 s``.
        because: the reason, and what would change it.
    """

    subject: str
    choice: str
    because: str
