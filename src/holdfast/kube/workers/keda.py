"""Groups that grow and shrink with their jobs: KEDA on the keys and rows that Laravel writes.

**Redis.** A queue is three keys behind the connection's prefix (Illuminate/Queue/RedisQueue.php,
Laravel 8.83 to 13.26.1, ``getQueue``): the list ``queues:NAME`` of jobs that are ready, the sorted
sets ``queues:NAME:reserved`` of those at work and ``queues:NAME:delayed`` of those for later.
KEDA's redis trigger counts lists and sorted sets alike (kedacore/keda v2.20.2,
pkg/scalers/redis_scaler.go: ``llen`` or ``zcard``, by the key's type; 0 for a key that is not
there). The list alone is not enough: a worker takes its job off it, so a group that is busy with
its last long jobs would look idle and be scaled in. Several triggers of their own are not enough
either: an HPA takes the largest, not the sum. So the triggers are named, and
``advanced.scalingModifiers`` adds them up (KEDA 2.12, issue kedacore/keda 2440).

With a formula the triggers' own targets and activation mean nothing: the result is compared with
``target`` for each replica (``metricType`` AverageValue), and the group is active where it is above
``activationTarget``, 0 (pkg/scaling/scale_handler.go, ``getScaledObjectState``). Delayed jobs need
no worker yet, but somebody has to be there who moves them to the list in time: only workers do that
(RedisQueue.php, ``migrate``). A thousandth in the formula makes the group active and adds no
replica; KEDA counts in thousandths (pkg/scaling/modifiers/formula.go, ``SetMilli``), and wants a
number with a point: ``0.0``, not ``0``.

**Database.** One query counts what is due or at work in the table ``jobs`` (DatabaseQueue.php,
``isAvailable``). Delayed jobs become due by themselves, by the clock.

**SQS.** Visible and in flight, which KEDA's trigger adds up itself; delayed messages become visible
by themselves. Several queues are added up by a formula.

A group that may be at zero has a ``fallback``: without workers and without a figure jobs would wait
for ever. Others have none: where KEDA has no figure, the HPA leaves things as they are, and that is
better than a number from this file.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Object
from holdfast.kube.environment.gather import secret_name, variables
from holdfast.kube.environment.queue import connection, sqs_region
from holdfast.kube.environment.redis import Server, server
from holdfast.kube.objects import metadata, named, present
from holdfast.kube.spec.workers import Worker
from holdfast.kube.workers.autoscaling import behavior
from holdfast.kube.workers.queue_work import queues

POLL = 15
"""Seconds between two looks, while there is no worker."""
COOLDOWN = 300
"""Seconds without jobs after which the last worker goes, where none may be left."""
AUTHENTICATION = "jobs"
"""The component of the TriggerAuthentication: how KEDA is let in to where jobs wait."""

_FORMULA = "KEDA 2.12: the jobs of several triggers are added up by scalingModifiers"
_PORTS = {"mysql": 3306, "mariadb": 3306, "pgsql": 5432}


def scaled_object(app: App, worker: Worker, component: str, jobs: int) -> Object:
    """The ScaledObject of a group.

    Args:
        jobs: for how many of them a replica is wanted.
    """
    name = named(app, component)
    triggers, formula = _triggers(app, worker, jobs)
    if connection(app) != "sqs" or _role(app) is None:
        needs = _FORMULA if formula else None
    else:
        needs = "KEDA 2.13: it takes the role of the workers' service account"
    annotations = {"holdfast.dev/needs": needs} if needs else {}
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": metadata(app, name, component, annotations=annotations),
        "spec": present(
            advanced=present(
                horizontalPodAutoscalerConfig={"behavior": behavior()},
                scalingModifiers=present(
                    formula=formula,
                    metricType="AverageValue" if formula else None,
                    target=str(jobs) if formula else None,
                ),
            ),
            cooldownPeriod=COOLDOWN,
            fallback={"failureThreshold": 3, "replicas": 1} if worker.min == 0 else None,
            maxReplicaCount=worker.max or worker.min,
            minReplicaCount=worker.min,
            pollingInterval=POLL,
            scaleTargetRef={"name": name},
            triggers=triggers,
        ),
    }


def authentication(app: App) -> Iterator[Object]:
    """How KEDA is let in, once for all groups; nothing where nobody asks for a password."""
    secrets = {
        "redis": _redis_secrets,
        "database": _database_secrets,
        "sqs": _sqs_secrets,
    }[connection(app)](app)
    role = _role(app) if connection(app) == "sqs" else None
    if not secrets and role is None:
        return
    yield {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "TriggerAuthentication",
        "metadata": metadata(app, named(app, AUTHENTICATION), AUTHENTICATION),
        "spec": present(
            podIdentity={"identityOwner": "workload", "provider": "aws"} if role else None,
            secretTargetRef=[
                {"key": key, "name": secret_name(app), "parameter": parameter}
                for parameter, key in secrets.items()
            ],
        ),
    }


def reachable(app: App, host: str) -> str:
    """A host as KEDA, in a namespace of its own, has to name it."""
    return host if "." in host or ":" in host else f"{host}.{app.namespace}.svc"


def _triggers(app: App, worker: Worker, jobs: int) -> tuple[list[Object], str | None]:
    name = connection(app)
    if name == "database":
        return [_trigger(app, *_rows(app, worker, jobs))], None
    if name == "sqs":
        return _messages(app, worker, jobs)
    return _keys(app, worker, jobs)


def _trigger(app: App, kind: str, told: Object, name: str | None = None) -> Object:
    authenticated = any(True for _ in authentication(app))
    return present(
        authenticationRef={"name": named(app, AUTHENTICATION)} if authenticated else None,
        metadata=told,
        name=name,
        type=kind,
    )


def _keys(app: App, worker: Worker, jobs: int) -> tuple[list[Object], str]:
    found = server(app)
    assert found is not None, "refused where it is not said"
    told = variables(app)
    triggers: list[Object] = []
    counted: list[str] = []
    later: list[str] = []
    kinds = {"ready": "", "reserved": ":reserved"}
    if worker.min == 0:
        kinds["delayed"] = ":delayed"
    for number, queue in enumerate(worker.queues, 1):
        for kind, suffix in kinds.items():
            name = f"{kind}_{number}"
            (later if kind == "delayed" else counted).append(name)
            key = f"{told['REDIS_PREFIX']}queues:{queue}{suffix}"
            place = _address(app, found) | {"databaseIndex": told.get("REDIS_DB", "0")}
            counted_by = {**place, "listLength": str(jobs), "listName": key}
            triggers.append(_trigger(app, "redis", counted_by, name))
    formula = " + ".join(counted)
    if later:
        formula += f" + ({' + '.join(later)} > 0 ? 0.001 : 0.0)"
    return triggers, formula


def _address(app: App, found: Server) -> Object:
    host = reachable(app, found.host)
    return present(
        address=f"[{host}]:{found.port}" if ":" in host else f"{host}:{found.port}",
        enableTLS="true" if found.tls else None,
    )


def _redis_secrets(app: App) -> dict[str, str]:
    found = server(app)
    return {"password": found.password} if found is not None and found.password else {}


def _rows(app: App, worker: Worker, jobs: int) -> tuple[str, Object]:
    database = app.spec.database
    assert database is not None, "refused where it is not said"
    assert database.host is not None, "refused where it is not said"
    postgres = database.driver == "pgsql"
    now = "extract(epoch FROM now())" if postgres else "UNIX_TIMESTAMP()"
    names = ", ".join(f"'{name}'" for name in worker.queues)
    table = variables(app).get("DB_QUEUE_TABLE", "jobs")
    return "postgresql" if postgres else "mysql", present(
        dbName=database.name or app.name,
        host=reachable(app, database.host),
        port=str(database.port or _PORTS[database.driver]),
        # No quote gets through the patterns of queue names, nothing but a name through that of
        # DB_QUEUE_TABLE (refusals).
        query=f"SELECT count(*) FROM {table} WHERE queue IN ({names})"  # noqa: S608 - as said
        f" AND (reserved_at IS NOT NULL OR available_at <= {now})",
        sslmode="prefer" if postgres else None,
        **{
            "userName" if postgres else "username": database.user or app.name,
            "targetQueryValue" if postgres else "queryValue": str(jobs),
        },
    )


def _database_secrets(app: App) -> dict[str, str]:
    return {"password": "DB_PASSWORD"}


def _messages(app: App, worker: Worker, jobs: int) -> tuple[list[Object], str | None]:
    url = app.spec.queue.sqs_queue_url
    assert url is not None, "refused where it is not said"
    names = queues(app, worker)
    summed = len(names) > 1
    triggers = [
        _trigger(
            app,
            "aws-sqs-queue",
            {
                "awsRegion": sqs_region(url),
                "queueLength": str(jobs),
                "queueURL": f"{url.rpartition('/')[0]}/{name}",
            },
            f"messages_{number}" if summed else None,
        )
        for number, name in enumerate(names, 1)
    ]
    formula = " + ".join(f"messages_{number}" for number in range(1, len(names) + 1))
    return triggers, formula if summed else None


def _sqs_secrets(app: App) -> dict[str, str]:
    if _role(app) is not None:
        return {}
    return {"awsAccessKeyID": "AWS_ACCESS_KEY_ID", "awsSecretAccessKey": "AWS_SECRET_ACCESS_KEY"}


def _role(app: App) -> str | None:
    """The IAM role of the application's service account."""
    uploads, store = app.spec.storage.uploads, app.spec.session.store
    of_uploads = uploads.s3.role if uploads is not None and uploads.s3 is not None else None
    of_sessions = store.dynamodb.role if store is not None and store.dynamodb is not None else None
    return of_uploads or of_sessions
