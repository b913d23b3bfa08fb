"""Databases and files that outlive a pod."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from holdfast.kube.spec.words import (
    Address,
    Network,
    ObjectName,
    Part,
    Path,
    Port,
    Quantity,
    Region,
    Role,
)

Bucket = Annotated[
    str, Meta(pattern="^[a-z0-9][-a-z0-9._]{1,220}$", title="the name of a bucket or container")
]
Url = Annotated[
    str,
    Meta(
        pattern="^https?://[-A-Za-z0-9.]+(:[0-9]+)?(/[-A-Za-z0-9._~/]*)?$",
        title="an address such as https://s3.example.com",
    ),
]


class Database(Part, frozen=True, kw_only=True):
    """The application's database; its password is in the Secret."""

    driver: Literal["mysql", "mariadb", "pgsql", "sqlite"] = "mysql"
    host: Annotated[Address | None, Meta(description="Needed but for sqlite.")] = None
    port: Port | None = None
    name: (
        Annotated[
            str, Meta(pattern="^[-A-Za-z0-9_]+$", max_length=64, title="letters, digits, - and _")
        ]
        | None
    ) = None
    user: (
        Annotated[
            str,
            Meta(
                pattern="^[-A-Za-z0-9_.@]+$", max_length=64, title="letters, digits, -, _, . and @"
            ),
        ]
        | None
    ) = None
    network: Annotated[
        Network | None, Meta(description="Where it is; read where network.egress is given.")
    ] = None


class S3(Part, frozen=True, kw_only=True):
    """S3, or anything that speaks it."""

    bucket: Bucket
    region: Region = "us-east-1"
    endpoint: Url | None = None
    url: Annotated[Url | None, Meta(description="Where browsers find the files.")] = None
    path_style: bool = False
    role: Annotated[
        Role | None,
        Meta(description="An IAM role for the service account; absent: keys in the Secret."),
    ] = None


class Gcs(Part, frozen=True, kw_only=True):
    """Google Cloud Storage, by league/flysystem's adapter and a disk named ``gcs``."""

    bucket: Bucket
    project: Annotated[
        str, Meta(pattern="^[a-z][-a-z0-9]{4,28}[a-z0-9]$", title="the id of a project")
    ]
    account: Annotated[
        Annotated[
            str, Meta(pattern="^[-a-z0-9]+@[-a-z0-9.]+$", title="the address of a service account")
        ]
        | None,
        Meta(description="A Google service account for workload identity."),
    ] = None


class Azure(Part, frozen=True, kw_only=True):
    """Azure Blob Storage, by a disk named ``azure``."""

    account: Annotated[str, Meta(pattern="^[a-z0-9]{3,24}$", title="the name of a storage account")]
    container: Bucket
    client: Annotated[
        Annotated[str, Meta(pattern="^[-0-9a-f]{36}$", title="a client id, 36 characters")] | None,
        Meta(description="A client id for workload identity."),
    ] = None


class Volume(Part, frozen=True, kw_only=True):
    """A volume for ``storage/app``, for what cannot move to objects yet."""

    size: Quantity = "10Gi"
    access: Annotated[
        Literal["ReadWriteMany", "ReadWriteOnce"],
        Meta(
            description="ReadWriteMany: a network file system, for any number of pods."
            " ReadWriteOnce: a block device, for one."
        ),
    ] = "ReadWriteMany"
    storage_class: ObjectName | None = None
    claim: Annotated[
        ObjectName | None, Meta(description="A claim that is already there, in place of a new one.")
    ] = None


class Uploads(Part, frozen=True, kw_only=True):
    """Where uploaded files go; one of these."""

    s3: S3 | None = None
    gcs: Gcs | None = None
    azure: Azure | None = None
    volume: Volume | None = None


class Storage(Part, frozen=True, kw_only=True):
    """Files that users upload."""

    uploads: Uploads | None = None
    livewire: Annotated[
        bool,
        Meta(
            description="Whether Livewire's temporary uploads are used: the next request may be"
            " answered by another replica."
        ),
    ] = False
    path: Annotated[
        Path | None, Meta(description="Where the volume is mounted; absent: storage/app.")
    ] = None
