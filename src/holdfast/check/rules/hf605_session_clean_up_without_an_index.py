r"""Old sessions are searched without an index, by users' requests.

## What it checks

Sessions are in a table whose `last_activity` has no index, by the migrations, and the lottery of
the sessions is on.

## Why it matters

By the lottery (2 of 100 by default) a user's request deletes what has expired. Without an index
the database reads the whole table for that, and locks what it reads: requests of all pods wait for
each other.

## Bad

```php config/session.php
<?php
return ['driver' => 'database', 'lottery' => [2, 100]];
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
            $table->integer('last_activity');
        });
    }
};
```

## Good

```php config/session.php
<?php
return ['driver' => 'database', 'lottery' => [2, 100]];
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

`$table->integer('last_activity')->index();`, or `'lottery' => [0, 100]` and a scheduled command
that deletes old rows.

## Limits

Whether the table is large is not known. A column that was changed under a condition or by raw SQL
is not judged.

## References

- Illuminate/Session/Middleware/StartSession.php, Laravel 13.26.1: `collectGarbage`.
- Illuminate/Session/DatabaseSessionHandler.php, 13.26.1: `gc`.
- MySQL 8.4 Reference Manual, 17.7.3 «Locks Set by Different SQL Statements in InnoDB».
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.application import at
from holdfast.check.facts.session_table import session_tables
from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.project.migrations import Column


def check(target: Target) -> Iterator[Finding]:
    """Tables of sessions without an index for their clean-up."""
    for found in session_tables(target):
        column = found.table.column("last_activity")
        odds = found.process.settings.scalar("session.lottery.0")
        if (
            not isinstance(column, Column)
            or column.indexed
            or not isinstance(odds, int)
            or not odds
        ):
            continue
        of = found.process.settings.scalar("session.lottery.1")
        yield Finding(
            at(found.process.app, column.spot),
            f"{odds} of {of} requests read the whole table «{found.table.name}» to delete old"
            " sessions: last_activity has no index.",
            "$table->integer('last_activity')->index();",
            found.process.app.name,
        )


RULE = Rule(
    "HF605",
    "session-clean-up-without-an-index",
    "Old sessions are searched without an index, by users' requests",
    Severity.MEDIUM,
    check,
    gotchas=("DB-05",),
)
