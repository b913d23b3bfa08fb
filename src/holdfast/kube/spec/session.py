"""Where sessions live, and what their cookie is called."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from holdfast.kube.spec.words import (
    Address,
    CookieName,
    Host,
    Network,
    ObjectName,
    Part,
    Port,
    Prefix,
    Quantity,
    Region,
    Role,
    Seconds,
    Variable,
)

Connection = Annotated[
    str,
    Meta(pattern="^[-A-Za-z0-9_]+$", max_length=64, title="the name of a connection of Laravel's"),
]
Driver = Literal["redis", "database", "memcached", "dynamodb", "cookie", "file"]


_SERVERS = (
    "Redis servers, the master among them. Of two the one that is left would refuse to write."
)


class SingleRedis(Part, frozen=True, kw_only=True):
    """One Redis that appends every write to a file on a volume of its own."""

    memory: Annotated[
        Quantity, Meta(description="The container's limit; Redis fills 70 % of it.")
    ] = "256Mi"
    storage: Quantity = "2Gi"
    storage_class: ObjectName | None = None


class SentinelRedis(Part, frozen=True, kw_only=True):
    """A master, replicas, three Sentinels, and a Service that always leads to the master."""

    replicas: Annotated[int, Meta(ge=3, le=9, description=_SERVERS)] = 3
    memory: Quantity = "256Mi"
    storage: Quantity = "2Gi"
    storage_class: ObjectName | None = None


class OperatorRedis(Part, frozen=True, kw_only=True):
    """Objects of OT-CONTAINER-KIT's redis-operator: a replication, watched by Sentinels."""

    replicas: Annotated[int, Meta(ge=3, le=9, description=_SERVERS)] = 3
    memory: Quantity = "256Mi"
    storage: Quantity = "2Gi"
    storage_class: ObjectName | None = None


class ExternalServer(Part, frozen=True, kw_only=True):
    """A Redis or memcached that somebody else runs."""

    host: Address
    port: Annotated[Port | None, Meta(description="Absent: 6379, or 11211 for memcached.")] = None
    tls: Annotated[bool, Meta(description="Redis over TLS.")] = False
    database: Annotated[
        int, Meta(ge=0, le=1023, description="Redis's, by number; the cache is in another one.")
    ] = 0
    password: Annotated[
        bool, Meta(description="Whether it asks for one; it is then in the Secret.")
    ] = True
    network: Annotated[
        Network | None,
        Meta(description="Where it is, e.g. 10.1.0.0/16; read where network.egress is given."),
    ] = None


class DynamoTable(Part, frozen=True, kw_only=True):
    """A table of DynamoDB."""

    table: Annotated[str, Meta(pattern="^[-A-Za-z0-9_.]{3,255}$", title="the name of a table")]
    region: Region
    role: Annotated[
        Role | None,
        Meta(description="An IAM role for the service account; absent: keys in the Secret."),
    ] = None


class Store(Part, frozen=True, kw_only=True):
    """Where the sessions are; one of these, fitting the driver. Absent with redis: ``single``."""

    single: SingleRedis | None = None
    sentinel: SentinelRedis | None = None
    operator: OperatorRedis | None = None
    external: ExternalServer | None = None
    dynamodb: DynamoTable | None = None
    variables: Annotated[
        Variable,
        Meta(
            description="How the variables of its Redis connection begin: REDIS for the stock"
            " config/database.php; another where the application has a connection of its own."
        ),
    ] = "REDIS"


class Affinity(Part, frozen=True, kw_only=True):
    """A user keeps a replica, by a cookie of the edge. Saves time; keeps no session."""

    cookie: Annotated[
        CookieName, Meta(description="A cookie that the edge sets; never the session's own.")
    ] = "route"
    seconds: Annotated[
        Seconds | None, Meta(description="How long; absent: the session's lifetime.")
    ] = None


class Session(Part, frozen=True, kw_only=True):
    """Everything that decides whether a user stays logged in."""

    driver: Driver = "redis"
    store: Store | None = None
    connection: Annotated[
        Connection | None, Meta(description="SESSION_CONNECTION; absent: the driver's default.")
    ] = None
    lifetime: Annotated[int, Meta(ge=1, le=525_600, description="Minutes.")] = 120
    cookie: Annotated[
        CookieName | None,
        Meta(description="Absent: NAME_session. An application that runs keeps the one it has."),
    ] = None
    prefix: Annotated[
        Prefix | None,
        Meta(description="REDIS_PREFIX. Absent: NAME_. An application that runs keeps its own."),
    ] = None
    domain: Annotated[Host | None, Meta(description="For sessions that several hosts share.")] = (
        None
    )
    same_site: Literal["lax", "strict", "none"] = "lax"
    encrypt: Annotated[
        bool,
        Meta(
            description="SESSION_ENCRYPT: who reads the store or a backup reads no session. An"
            " application that runs keeps what it has; a change logs everyone out."
        ),
    ] = True
    affinity: Affinity | None = None
