"""Who has just registered or logged in is looked for on a replica that may not know them yet.

## What it checks

The default database connection has other hosts under `read` than under `write`, without `'sticky'
=> true`.

## Why it matters

Sessions are read from the writer, but the user of a session is read from a replica. A replica that
lags behind does not have the account that was just made, or has the old password: the user is
taken for a guest, and sent to the login form. With `sticky` a request reads from the writer once
it has written.

## Bad

```php config/database.php
<?php
return ['default' => 'mysql', 'connections' => ['mysql' => [
    'driver' => 'mysql',
    'read' => ['host' => ['db-read']],
    'write' => ['host' => ['db']],
]]];
```

## Good

```php config/database.php
<?php
return ['default' => 'mysql', 'connections' => ['mysql' => [
    'driver' => 'mysql',
    'read' => ['host' => ['db-read']],
    'write' => ['host' => ['db']],
    'sticky' => true,
]]];
```

## How to fix

`'sticky' => true` in the connection. It helps within one request; after a redirect only a fresh
replica does.

## Limits

How far the replicas lag is not known.

## References

- Illuminate/Database/Connection.php, Laravel 13.26.1: `getReadPdo` gives the writer's connection
  where `sticky` is set and records were modified.
- Illuminate/Auth/EloquentUserProvider.php, 13.26.1: `retrieveById` is an ordinary query.
- Laravel 13 documentation, «Database: Getting Started», Read and Write Connections.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.settings import Settings
from holdfast.check.target import Target
from holdfast.project.values import Array, Known, Unknown


def check(target: Target) -> Iterator[Finding]:
    """Web processes whose users are read from a replica."""
    for process in target.processes(Role.WEB):
        settings = process.settings
        name = settings.text("database.default")
        group = f"database.connections.{name}"
        sticky = settings.get(f"{group}.sticky")
        if not name or isinstance(sticky, Unknown) or sticky.value:
            continue
        reads, writes = _hosts(settings, f"{group}.read"), _hosts(settings, f"{group}.write")
        if not reads or not writes or reads <= writes:
            continue
        yield Finding(
            settings.place(f"{group}.read.host"),
            f"Who has just registered with {process.app.name} may be taken for a guest: users are"
            f" read from {', '.join(sorted(reads - writes))}, which may lag behind the writer.",
            "'sticky' => true",
            str(process),
        )


def _hosts(settings: Settings, group: str) -> frozenset[str]:
    """The hosts of one half; none where they cannot be told."""
    found = settings.get(f"{group}.host")
    if isinstance(found, Known) and isinstance(found.value, str):
        return frozenset((found.value,))
    if isinstance(found, Unknown) or not isinstance(found.value, Array) or found.value.rest:
        return frozenset()
    hosts = [host.value for host in found.value.items.values() if isinstance(host, Known)]
    return frozenset(host for host in hosts if isinstance(host, str))


RULE = Rule(
    "HF607",
    "users-read-from-a-replica",
    "Who has just registered or logged in is looked for on a replica that may not know them yet",
    Severity.MEDIUM,
    check,
    gotchas=("DB-07",),
)
