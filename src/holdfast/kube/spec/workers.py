"""What runs behind requests: queues, the scheduler, migrations."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from holdfast.kube.spec.session import ExternalServer
from holdfast.kube.spec.words import Name, Part, Percent, Replicas, Resources, Seconds

QueueName = Annotated[
    str,
    Meta(pattern="^[-A-Za-z0-9_.:{}]+$", min_length=1, max_length=80, title="the name of a queue"),
]


class OtherRedis(Part, frozen=True, kw_only=True):
    """The Redis of REDIS_HOST where sessions are elsewhere: jobs, Horizon and the cache."""

    external: Annotated[
        ExternalServer | None, Meta(description="One that somebody runs; it must not evict jobs.")
    ] = None


class Queue(Part, frozen=True, kw_only=True):
    """Where jobs wait."""

    connection: Annotated[
        Literal["redis", "database", "sqs"] | None,
        Meta(
            description="redis needs a Redis apart from the sessions'. Absent: redis where `redis`"
            " is given, otherwise database; without workers the request does its jobs (sync)."
        ),
    ] = None
    retry_after: Annotated[
        Seconds | None,
        Meta(
            description="What config/queue.php says where no variable sets it (before Laravel 11:"
            " 90). Absent: computed from the longest job."
        ),
    ] = None
    sqs_queue_url: Annotated[
        Annotated[
            str,
            Meta(
                pattern="^https://[-A-Za-z0-9./_]+$",
                max_length=256,
                title="the address of a queue, https://sqs...",
            ),
        ]
        | None,
        Meta(
            description="Of the queue «default»; the others are beside it: https://sqs.REGION."
            "amazonaws.com/ACCOUNT/NAME."
        ),
    ] = None


class ScaleOn(Part, frozen=True, kw_only=True):
    """What adds workers. One of these; absent: always ``min``."""

    jobs: Annotated[
        Annotated[int, Meta(ge=1, le=100_000)] | None,
        Meta(description="Jobs, ready and reserved, for a replica; needs KEDA 2.12."),
    ] = None
    cpu: Annotated[Percent | None, Meta(description="Average use of the reserved processor.")] = (
        None
    )


class Worker(Part, frozen=True, kw_only=True):
    """A group of workers, scaled on its own."""

    name: Name
    queues: Annotated[tuple[QueueName, ...], Meta(min_length=1, max_length=20)] = ("default",)
    horizon: Annotated[
        bool, Meta(description="Horizon's master, which balances its processes itself.")
    ] = False
    longest_job: Annotated[Seconds, Meta(description="So long a job may take; a stop waits.")] = 60
    grace: Annotated[Seconds | None, Meta(description="Absent: computed from longestJob.")] = None
    min: Replicas = 1
    max: Annotated[Replicas | None, Meta(description="Absent: as many as min.")] = None
    scale_on: ScaleOn = ScaleOn()
    tries: Annotated[
        int, Meta(ge=1, le=100, description="Of each job; Horizon's are in config/horizon.php.")
    ] = 3
    resources: Resources = Resources(cpu="100m", memory="256Mi")


class Scheduler(Part, frozen=True, kw_only=True):
    """Exactly one ``schedule:run`` a minute, or one ``schedule:work`` for tasks below a minute."""

    mode: Literal["cronjob", "process"] = "cronjob"
    longest_task: Seconds = 300
    resources: Resources = Resources(cpu="100m", memory="256Mi")


class Migrations(Part, frozen=True, kw_only=True):
    """``migrate --force`` in one Job before the new version runs."""

    longest: Annotated[Seconds, Meta(description="After so long the Job has failed.")] = 600
    resources: Resources = Resources(cpu="100m", memory="256Mi")
