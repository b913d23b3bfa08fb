"""Manifests: ConfigMap, Secret, ExternalSecret, the account, the namespace."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube import identity
from holdfast.kube.app import App, Decision, Object
from holdfast.kube.environment import database
from holdfast.kube.environment.application import maintenance_store
from holdfast.kube.environment.gather import config, secret_name
from holdfast.kube.objects import labels, metadata, named, service_account
from holdfast.kube.spec.laravel_app import ExternalSecret

_THERE_ALREADY = "default"


def objects(app: App) -> Iterator[Object]:
    """Before everything else: what pods refer to."""
    if app.namespace not in (None, _THERE_ALREADY):
        yield _namespace(app, app.namespace)
    yield service_account(app, app.name, "config", identity.account_annotations(app))
    yield config(app)
    if app.secret is not None:
        yield _secret(app)
    elif app.spec.secrets.external is not None:
        yield _external(app, app.spec.secrets.external)


def _namespace(app: App, name: str) -> Object:
    """With Pod Security admission: what is rendered keeps the restricted standard.

    The version is pinned, or an upgrade of the cluster could refuse pods that ran the day before.
    """
    level = _enforced(app)
    modes = {"audit": "restricted", "enforce": level, "warn": "restricted"}
    pod_security = {f"pod-security.kubernetes.io/{mode}": said for mode, said in modes.items()}
    versions = {
        f"pod-security.kubernetes.io/{mode}-version": f"v1.{app.kubernetes}" for mode in modes
    }
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": {**labels(app, "config"), **pod_security, **versions},
        },
    }


def _enforced(app: App) -> str:
    """Sidecars come with an init container that changes the pod's network (NET_ADMIN), unless
    the mesh has a CNI plug-in, which nothing here shows.
    """
    return "privileged" if _sidecars(app) else "restricted"


def _sidecars(app: App) -> bool:
    mesh = app.spec.mesh
    if mesh is None:
        return False
    return mesh.linkerd is not None or (mesh.istio is not None and mesh.istio.mode == "sidecar")


def _secret(app: App) -> Object:
    """Named after its content, as ConfigMaps are: other keys are another object, so pods roll."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(app, secret_name(app), "config"),
        "immutable": True,
        "type": "Opaque",
        "stringData": dict(app.secret or {}),
    }


def _external(app: App, external: ExternalSecret) -> Object:
    """The reference by which the External Secrets Operator makes the Secret.

    ``deletionPolicy: Retain`` is its default: a vault that is away for a moment leaves the pods
    their keys.
    """
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": metadata(app, named(app, "env"), "config"),
        "spec": {
            "refreshInterval": external.refresh,
            "secretStoreRef": {"kind": external.kind, "name": external.store},
            "target": {
                "creationPolicy": "Owner",
                "deletionPolicy": "Retain",
                "name": app.spec.secret_name,
            },
            "dataFrom": [{"extract": {"key": external.key}}],
        },
    }


def decisions(app: App) -> Iterator[Decision]:
    """What was decided about configuration."""
    yield _keys(app)
    yield from _database(app)
    if app.namesakes:
        yield _namesakes(app)
    if app.namespace not in (None, _THERE_ALREADY):
        yield Decision(
            f"namespace {app.namespace}",
            f"Pod Security: {_enforced(app)}",
            "the mesh's sidecars need NET_ADMIN where it has no CNI plug-in; violations are warned"
            " of"
            if _sidecars(app)
            else "all pods that are rendered keep the restricted standard; others in that namespace"
            " have to as well",
        )
    if maintenance_store(app) is None:
        yield Decision(
            "maintenance mode",
            "of each pod alone",
            "Laravel 11 is the first to read APP_MAINTENANCE_DRIVER; before, config/app.php says"
            " it, from 9 on: 'maintenance' => ['driver' => 'cache', 'store' => ...]"
            if app.spec.laravel < 11
            else "no cache store is shared by all pods",
        )


def _database(app: App) -> Iterator[Decision]:
    said = [name for name in database.of_the_secret(app) if name != "DB_PASSWORD"]
    if said:
        uses = f"it is needed for {', '.join(found)}. " if (found := database.used_by(app)) else ""
        field = "`database`" if app.spec.database is None else "`database.name` and `database.user`"
        yield Decision(
            "database",
            f"the Secret says which one: {', '.join(said)}",
            f"{uses}What nobody says, config/database.php answers itself, from Laravel 11 on with"
            f" SQLite in each pod. {field} in this file is the better place: whatever else is"
            " rendered then knows it too",
        )


def _namesakes(app: App) -> Decision:
    one, *more = app.namesakes
    also = f" (and {len(more)} more)" if more else ""
    return Decision(
        "environments",
        f"{one}{also} has the same names in the same namespace",
        "in one cluster, applying the one replaces the other: another cluster, or"
        f" spec.environments.{one}.namespace",
    )


def _keys(app: App) -> Decision:
    if app.secret is not None:
        return Decision(
            "secrets",
            secret_name(app),
            "rendered with its values: keep the output where secrets may be. Other values are"
            " another name, so pods roll",
        )
    external = app.spec.secrets.external
    if external is not None:
        return Decision(
            "secrets",
            f"{app.spec.secret_name}, from {external.kind} {external.store}",
            f"renewed every {external.refresh}; pods read it when they start, so a rotation ends"
            " with kubectl rollout restart. A new APP_KEY needs the old one in APP_PREVIOUS_KEYS",
        )
    return Decision(
        "secrets",
        app.spec.secret_name,
        "somebody makes it, before the first pod; its keys are below",
    )
