"""``LaravelApp`` of ``holdfast.dev/v1alpha1``: one file that says what a deployment is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from holdfast.kube.spec.edge import Edge, Labels, Mesh, Monitoring, Restrictions
from holdfast.kube.spec.session import Session
from holdfast.kube.spec.storage import Database, Storage
from holdfast.kube.spec.web import Web
from holdfast.kube.spec.words import (
    Beginning,
    Host,
    Image,
    Name,
    Namespace,
    ObjectName,
    Part,
    Path,
    Prefix,
    Variable,
)
from holdfast.kube.spec.workers import Migrations, OtherRedis, Queue, Scheduler, Worker

API_VERSION = "holdfast.dev/v1alpha1"
KIND = "LaravelApp"
MOST_ENVIRONMENTS = 50


class ExternalSecret(Part, frozen=True, kw_only=True):
    """The Secret is made by the External Secrets Operator."""

    store: ObjectName
    kind: Literal["SecretStore", "ClusterSecretStore"] = "ClusterSecretStore"
    key: Annotated[str, Meta(min_length=1, max_length=512, description="All its fields are taken.")]
    refresh: Annotated[str, Meta(pattern="^[0-9]+(s|m|h)$", title="a time such as 1h or 30m")] = (
        "1h"
    )


class Secrets(Part, frozen=True, kw_only=True):
    """Where the values of ``secretName`` come from; absent: somebody makes it."""

    external: ExternalSecret | None = None
    keys: Annotated[
        tuple[Variable, ...],
        Meta(description="What it holds beside what Holdfast knows, to be listed for people."),
    ] = ()


class Cache(Part, frozen=True, kw_only=True):
    """The application's cache, which may be evicted and flushed: never where sessions are."""

    store: Annotated[
        Literal["database", "redis", "memcached", "dynamodb", "file", "array"],
        Meta(description="redis needs a Redis apart from the sessions'."),
    ] = "database"
    prefix: Annotated[
        Prefix | None,
        Meta(
            description="CACHE_PREFIX, which is part of a session's key too in Redis, memcached and"
            " DynamoDB. Absent: NAME_cache_. An application that runs keeps its own."
        ),
    ] = None


class Images(Part, frozen=True, kw_only=True):
    """The images of what is not the application; read where such a container is rendered."""

    nginx: Image = "docker.io/nginxinc/nginx-unprivileged:1.27.4-alpine"
    redis: Image = "docker.io/library/redis:7.4.2-alpine"
    haproxy: Image = "docker.io/library/haproxy:3.0.8-alpine"
    operator_redis: Annotated[
        Image, Meta(description="What redis-operator runs: its own build of Redis.")
    ] = "quay.io/opstree/redis:v7.0.15"
    operator_sentinel: Annotated[Image, Meta(description="Its own build of Sentinel.")] = (
        "quay.io/opstree/redis-sentinel:v7.0.15"
    )
    redis_exporter: Image = "docker.io/oliver006/redis_exporter:v1.67.0"
    fpm_exporter: Image = "docker.io/hipages/php-fpm_exporter:2.2.0"


class Spec(Part, frozen=True, kw_only=True):
    """The deployment."""

    image: Annotated[Image, Meta(description="By digest, or a tag that never moves.")]
    host: Annotated[Host, Meta(description="Where users find the application.")]
    secret_name: Annotated[ObjectName, Meta(description="A Secret: APP_KEY, DB_PASSWORD, ...")]
    namespace: Annotated[
        Namespace | None,
        Meta(
            description="Where it goes, in place of metadata.namespace; for environments in one"
            " cluster."
        ),
    ] = None
    aliases: Annotated[tuple[Host, ...], Meta(max_length=100, description="More hosts.")] = ()
    laravel: Annotated[Literal[8, 9, 10, 11, 12, 13], Meta(description="The major version.")] = 12
    root: Annotated[Path, Meta(description="Where the application is in its image.")] = (
        "/var/www/html"
    )
    user: Annotated[
        int,
        Meta(ge=1, le=4_294_967_294, description="Its user and group; 33 is Debian's www-data."),
    ] = 33
    pull_secrets: tuple[ObjectName, ...] = ()
    web: Web = Web()
    session: Session = Session()
    cache: Cache = Cache()
    database: Database | None = None
    redis: OtherRedis | None = None
    queue: Queue = Queue()
    workers: Annotated[tuple[Worker, ...], Meta(max_length=50)] = ()
    scheduler: Scheduler | None = None
    migrations: Annotated[Migrations | None, Meta(description="null: somebody else migrates.")] = (
        Migrations()
    )
    config: Annotated[
        dict[Variable, Annotated[str, Meta(max_length=8192)]],
        Meta(max_length=200, description="More variables, none of them secret."),
    ] = msgspec.field(default_factory=dict)
    secrets: Secrets = Secrets()
    storage: Storage = Storage()
    edge: Edge = Edge()
    mesh: Mesh | None = None
    monitoring: Monitoring | None = None
    network: Restrictions = Restrictions()
    priority_class: ObjectName | None = None
    images: Images = Images()
    environments: Annotated[
        dict[Name, dict[str, Any]],
        Meta(
            max_length=MOST_ENVIRONMENTS,
            description="Per environment what differs: a merge patch of the specification.",
        ),
    ] = msgspec.field(default_factory=dict)


class Metadata(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What Kubernetes keeps of every object; of it, these are ours."""

    name: Beginning
    namespace: Namespace | None = None
    labels: Labels = msgspec.field(default_factory=dict)


class LaravelApp(Part, frozen=True, kw_only=True):
    """One application."""

    api_version: Literal["holdfast.dev/v1alpha1"]
    kind: Literal["LaravelApp"]
    metadata: Metadata
    spec: Spec
    status: dict[str, Any] | UnsetType = UNSET
