r"""No migration creates the table of the sessions.

## What it checks

The session driver is `database`, the project has migrations, and none of them creates the table
that `session.table` names.

## Why it matters

The first request that opens a session asks for a table that is not there: every page answers 500,
from the moment the new pods take traffic.

## Bad

```php config/session.php
<?php
return ['driver' => 'database', 'lottery' => [2, 100]];
```

```php database/migrations/2014_10_12_000000_create_users_table.php
<?php
use Illuminate\Database\Migrations\Migration;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\Schema;

return new class extends Migration
{
    public function up(): void
    {
        Schema::create('users', function (Blueprint $table) {
            $table->id();
            $table->string('email');
        });
    }
};
```

## Good

```php config/session.php
<?php
return ['driver' => 'database', 'lottery' => [2, 100]];
```

```php database/migrations/2014_10_12_000000_create_users_table.php
<?php
use Illuminate\Database\Migrations\Migration;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\Schema;

return new class extends Migration
{
    public function up(): void
    {
        Schema::create('users', function (Blueprint $table) {
            $table->id();
            $table->string('email');
        });
    }
};
```

```php database/migrations/2024_01_01_000000_create_sessions_table.php
<?php
use Illuminate\Database\Migrations\Migration;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\Schema;

return new class extends Migration
{
    public function up(): void
    {
        Schema::create('sessions', function (Blueprint $table) {
            $table->string('id')->primary();
            $table->foreignId('user_id')->nullable()->index();
            $table->string('ip_address', 45)->nullable();
            $table->text('user_agent')->nullable();
            $table->longText('payload');
            $table->integer('last_activity')->index();
        });
    }
};
```

## How to fix

`php artisan make:session-table` (before Laravel 11 `session:table`) writes the migration; run it
before the release that needs it, by a Job that the rollout waits for.

## Limits

Nothing is said where migrations are loaded from elsewhere too, where a schema dump
(`database/schema`) or raw SQL may have the table, or where a migration names its table by an
expression.

## References

- Illuminate/Session/DatabaseSessionHandler.php, Laravel 13.26.1: `read` selects from the table and
  catches nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.application import with_code
from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.project.code import code
from holdfast.project.directory import Directory
from holdfast.project.migrations import migrations


def check(target: Target) -> Iterator[Finding]:
    """Web processes with sessions in a table that no migration makes."""
    for app, directory in with_code(target):
        for process in app.processes:
            settings = process.settings
            table = settings.text("session.table")
            if process.role is not Role.WEB or settings.text("session.driver") != "database":
                continue
            if (
                not table
                or process.sessionless
                or not _sure(directory)
                or table in directory.of(migrations).tables
            ):
                continue
            yield Finding(
                settings.place("session.driver"),
                f"Every page of {app.name} answers 500: sessions go to the table «{table}», and no"
                " migration creates it.",
                "php artisan make:session-table"
                if settings.project is None or settings.project.release.major >= 11
                else "php artisan session:table",
                str(process),
            )


def _sure(directory: Directory) -> bool:
    """Whether the migrations that are read are all there are."""
    found = directory.of(migrations)
    database = directory.root / "database"
    return (
        found.there
        and found.complete
        and not directory.of(code).called("->loadMigrationsFrom")
        and not any((database / "schema").glob("*"))
        and not any((database / "migrations").glob("*/*.php"))
    )


RULE = Rule(
    "HF601",
    "sessions-table-without-a-migration",
    "No migration creates the table of the sessions",
    Severity.CRITICAL,
    check,
    gotchas=("DB-01",),
)
