"""What has to be there before a rendering is applied, and how it is applied then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from holdfast.kube.app import App, Object
from holdfast.kube.environment import database
from holdfast.kube.environment.gather import secret_name
from holdfast.kube.placeholders import placeholders
from holdfast.kube.spec.session import Store

_ISSUERS = ("cert-manager.io/cluster-issuer", "cert-manager.io/issuer")
_PROJECTS = {
    "keda.sh": "KEDA 2.12 or newer (2.13 for SQS with an IAM role)",
    "cert-manager.io": "cert-manager",
    "monitoring.coreos.com": "Prometheus Operator",
    "external-secrets.io": "External Secrets Operator 0.16 or newer",
    "redis.redis.opstreelabs.in": "redis-operator of OT-CONTAINER-KIT",
    "security.istio.io": "Istio 1.25 or newer",
    "networking.istio.io": "Istio 1.25 or newer",
    "telemetry.istio.io": "Istio 1.25 or newer",
    "policy.linkerd.io": "Linkerd 2.19 or newer",
    "traefik.io": "Traefik",
}


class Needed(msgspec.Struct, frozen=True):
    """What a person has to see to.

    Args:
        keys_are_in: where the secret values have to be, in words.
        keys: their names; where the Secret is rendered, those that its file lacks.
        certificates: names of Secrets with a certificate that nothing here makes.
        installed: what has to be installed in the cluster.
        examples: paths of values in the specification that nobody has filled in.
    """

    keys_are_in: str
    keys: tuple[str, ...]
    certificates: tuple[str, ...]
    installed: tuple[str, ...]
    examples: tuple[str, ...] = ()


def needed(app: App, objects: Iterable[Object]) -> Needed:
    """What has to be there.

    Args:
        objects: of the same application.
    """
    objects = list(objects)
    keys = {*required(app), *_referred_to(objects, secret_name(app))}
    return Needed(
        _place(app),
        tuple(sorted(keys - set(app.secret or ()))),
        tuple(sorted(set(_certificates(objects)) - set(_issued(objects)))),
        tuple(sorted(set(_projects(app, objects)))),
        tuple(placeholders(app)),
    )


def _place(app: App) -> str:
    if app.secret is not None:
        return "the file of --secret-env, which lacks them"
    if (external := app.spec.secrets.external) is not None:
        return f"{external.key} of the {external.kind} {external.store}"
    return f"the Secret {app.spec.secret_name}"


def required(app: App) -> Iterator[str]:
    """Keys that Laravel reads from its environment, where nothing in a manifest names them."""
    spec = app.spec
    yield "APP_KEY"
    yield from spec.secrets.keys
    yield from database.of_the_secret(app)
    store = spec.session.store or Store()
    asks = store.external is None or store.external.password
    if spec.session.driver == "redis" and asks:
        yield f"{store.variables}_PASSWORD"
    if spec.session.driver == "memcached" and asks:
        yield from ("MEMCACHED_USERNAME", "MEMCACHED_PASSWORD")
    if spec.redis is not None and spec.redis.external is not None and spec.redis.external.password:
        yield "REDIS_PASSWORD"
    uploads = spec.storage.uploads
    if uploads is not None and uploads.azure is not None and uploads.azure.client is None:
        yield "AZURE_STORAGE_CONNECTION_STRING"
    roles = []
    if store.dynamodb is not None and spec.session.driver == "dynamodb":
        roles.append(store.dynamodb.role)
    if uploads is not None and uploads.s3 is not None:
        roles.append(uploads.s3.role)
    if None in roles or (spec.queue.connection == "sqs" and not roles):
        yield from ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def _referred_to(value: Any, secret: str) -> Iterator[str]:
    """Keys that manifests name, of containers (``secretKeyRef``) and of KEDA's triggers."""
    if isinstance(value, dict):
        if value.get("name") == secret and "key" in value and not value.get("optional"):
            yield value["key"]
        for inner in value.values():
            yield from _referred_to(inner, secret)
    elif isinstance(value, list):
        for inner in value:
            yield from _referred_to(inner, secret)


def _certificates(objects: Iterable[Object]) -> Iterator[str]:
    """Secrets that an edge serves a certificate from, unless an annotation has it made."""
    for one in objects:
        if any(key in one["metadata"].get("annotations", {}) for key in _ISSUERS):
            continue
        if one["kind"] == "Ingress":
            yield from (
                tls["secretName"] for tls in one["spec"].get("tls", ()) if "secretName" in tls
            )
        elif one["kind"] == "Gateway":
            for listener in one["spec"].get("listeners", ()):
                yield from (
                    found["name"] for found in listener.get("tls", {}).get("certificateRefs", ())
                )


def _issued(objects: Iterable[Object]) -> Iterator[str]:
    yield from (one["spec"]["secretName"] for one in objects if one["kind"] == "Certificate")


def _projects(app: App, objects: Iterable[Object]) -> Iterator[str]:
    for one in objects:
        group = one["apiVersion"].rpartition("/")[0]
        if group in _PROJECTS:
            yield _PROJECTS[group]
        elif group == "gateway.networking.k8s.io" and (gateway := app.spec.edge.gateway):
            channel = f", {gateway.channel} channel" if gateway.channel != "standard" else ""
            yield f"Gateway API {gateway.version} or newer{channel}"
        if any(key in one["metadata"].get("annotations", {}) for key in _ISSUERS):
            yield _PROJECTS["cert-manager.io"]
