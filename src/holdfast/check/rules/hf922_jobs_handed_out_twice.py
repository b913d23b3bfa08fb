"""A job is given to a second worker while the first still works on it.

## What it checks

A worker lets a job run as long as `retry_after` of its queue connection, or longer: by `--timeout`
of `queue:work` (60 seconds where nothing is said), or by `$timeout` of a job's own class.

## Why it matters

After `retry_after` seconds the queue takes a job for lost and hands it to another worker. A job
that is allowed to run longer is then done twice at the same time: two mails, two payments, and
where it changes what users see, one overwrites the other.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker}
spec:
  replicas: 2
  selector: {matchLabels: {app: worker}}
  template:
    metadata: {labels: {app: worker}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          args: [php, artisan, 'queue:work', '--timeout=120']
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: QUEUE_CONNECTION, value: redis}
```

```php config/queue.php
<?php
return ['default' => 'redis', 'connections' => ['redis' => [
    'driver' => 'redis',
    'retry_after' => 90,
]]];
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker}
spec:
  replicas: 2
  selector: {matchLabels: {app: worker}}
  template:
    metadata: {labels: {app: worker}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          args: [php, artisan, 'queue:work', '--timeout=120']
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: QUEUE_CONNECTION, value: redis}
```

```php config/queue.php
<?php
return ['default' => 'redis', 'connections' => ['redis' => [
    'driver' => 'redis',
    'retry_after' => 150,
]]];
```

## How to fix

Make `retry_after` longer than the longest job, by a few seconds: `REDIS_QUEUE_RETRY_AFTER`, or
`config/queue.php`.

## Limits

SQS has its own visibility timeout, which is not among the settings. Horizon's supervisors are not
looked at. Jobs that are sent to another connection by `onConnection` are judged by the default one
only where their class names none.

## References

- Illuminate/Queue/RedisQueue.php, DatabaseQueue.php, Laravel 13.26.1: jobs that are reserved
  longer than `retry_after` are available again.
- Illuminate/Queue/Worker.php, 13.26.1: `timeoutForJob`: the job's own timeout wins over the
  worker's.
- Laravel 13 documentation, «Queues», Job Expirations and Timeouts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.facts.application import at, with_code
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place
from holdfast.project.jobs import jobs

_RETRIED: Final = ("redis", "database", "beanstalkd")
_WORK: Final = re.compile(r"\bartisan\b.*?\bqueue:(?:work|listen)\b([^;&|\n]*)", re.DOTALL)
_TIMEOUT: Final = re.compile(r"--timeout[= ](\d{1,6})\b")
_DEFAULT: Final = 60


def check(target: Target) -> Iterator[Finding]:
    """Workers and jobs that may take longer than their queue waits."""
    for process in target.processes(Role.WORKER):
        words = " ".join(process.container.command) if process.container else ""
        if (work := _WORK.search(words)) is not None:
            yield from _worker(process, work[1])
    for app, directory in with_code(target):
        process = app.processes[0]
        for job in directory.of(jobs):
            after = _after(process, job.connection)
            if after is not None and job.timeout >= after:
                yield Finding(
                    at(app, job.spot),
                    f"{job.name} is done twice when it takes {after} s or longer: it may run for"
                    f" {job.timeout} s, and the queue hands it out again after {after} s.",
                    f"'retry_after' => {job.timeout + 30}",
                    app.name,
                    (Related(_place(process, job.connection), f"retry_after is {after}"),),
                )


def _worker(process: Process, arguments: str) -> Iterator[Finding]:
    found = _TIMEOUT.search(arguments)
    timeout = int(found[1]) if found else _DEFAULT
    words = [word for word in arguments.split() if not word.startswith("-")]
    connection = words[0].strip("'\"") if words else ""
    after = _after(process, connection)
    if after is None or process.container is None or (timeout and timeout < after):
        return
    yield Finding(
        process.container.at("args" if process.container.get("args") else "command"),
        f"Jobs of {process} that take {after} s or longer are done twice: the worker lets them"
        f" run {f'for {timeout} s' if timeout else 'for ever'}, and the queue hands them out again"
        f" after {after} s.",
        f"'retry_after' => {timeout + 30}" if timeout else f"--timeout={max(after - 10, 1)}",
        str(process),
        (Related(_place(process, connection), f"retry_after is {after}"),),
    )


def _after(process: Process, connection: str) -> int | None:
    """``retry_after`` of a connection; None where it has none or it is not known."""
    settings = process.settings
    name = connection or settings.text("queue.default")
    if settings.text(f"queue.connections.{name}.driver") not in _RETRIED:
        return None
    after = settings.scalar(f"queue.connections.{name}.retry_after")
    if isinstance(after, str) and after.isascii() and after.isdecimal():
        return int(after[:9])
    return after if isinstance(after, int) and not isinstance(after, bool) else None


def _place(process: Process, connection: str) -> Place:
    name = connection or process.settings.text("queue.default")
    return process.settings.place(f"queue.connections.{name}.retry_after")


RULE = Rule(
    "HF922",
    "jobs-handed-out-twice",
    "A job is given to a second worker while the first still works on it",
    Severity.HIGH,
    check,
    gotchas=("WRK-02",),
)
