"""In which order things begin: what migrations need, migrations, everything else.

Files are applied in the order of their concerns. Argo CD applies everything at once unless told
otherwise: it goes by waves, and begins one when all of the wave before is healthy
(argo-cd, docs/user-guide/sync-waves.md). The Job of migrations is a hook of the phase Sync, not of
PreSync: before that, at the first time, neither its configuration nor its account would be there.
"""

from __future__ import annotations

from holdfast.kube.app import App, Object

WAVE = "argocd.argoproj.io/sync-wave"
MIGRATIONS = "migrations"
_BEFORE = frozenset({"config", "session-store", "mesh", "network"})
"""Not the claims of storage: with ``WaitForFirstConsumer`` one is pending until the first pod that
has it, and Argo CD would wait for it before it makes that pod (argo-cd #12840)."""


def ordered(app: App, concern: str, one: Object) -> Object:
    """An object with the wave of its concern; nothing is added where nobody migrates."""
    if app.spec.migrations is None or concern not in {*_BEFORE, MIGRATIONS}:
        return one
    meta = one["metadata"]
    wave = "-1" if concern == MIGRATIONS else "-2"
    return {
        **one,
        "metadata": {**meta, "annotations": {**meta.get("annotations", {}), WAVE: wave}},
    }
