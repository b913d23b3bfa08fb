r"""The column of the session's payload holds 64 KB.

## What it checks

Sessions are in a MySQL or MariaDB table whose `payload` is a `text` (or `tinyText`), by the
migrations.

## Why it matters

`TEXT` holds 65,535 bytes, which are 48 KB of session in base64: a form with a long text that is
flashed back, or a cart, passes that. The write fails, and Laravel swallows the error of an insert:
users with a large session get an error page, or lose it. With `'strict' => false` the payload is
cut, cannot be read any more, and an empty session is saved over it.

## Bad

```php config/session.php
<?php
return ['driver' => 'database', 'lottery' => [2, 100]];
```

```dotenv .env
DB_CONNECTION=mysql
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
            $table->text('payload');
            $table->integer('last_activity')->index();
        });
    }
};
```

## Good

```php config/session.php
<?php
return ['driver' => 'database', 'lottery' => [2, 100]];
```

```dotenv .env
DB_CONNECTION=mysql
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

A migration: `Schema::table('sessions', fn (Blueprint $table) =>
$table->longText('payload')->change());`

## Limits

PostgreSQL's and SQLite's `text` has no such limit. A column that was changed under a condition or
by raw SQL is not judged.

## References

- Laravel 8.83's own stub has `text('payload')`; since 9.18 it is `longText` (PR 42782,
  Illuminate/Session/Console/stubs/database.stub).
- Illuminate/Session/DatabaseSessionHandler.php, 13.26.1: `performInsert` catches the
  QueryException.
- MySQL 8.4 Reference Manual, 13.7 «Data Type Storage Requirements».
- MariaDB 10.11: 70,000 bytes are refused (error 1406); without the strict mode 65,535 of them are
  kept.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.application import at
from holdfast.check.facts.session_table import session_tables
from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.project.migrations import Column

_BYTES = {"tinytext": 255, "text": 65_535}


def check(target: Target) -> Iterator[Finding]:
    """Tables of sessions with a payload that is too short."""
    for found in session_tables(target):
        column = found.table.column("payload")
        if found.database not in ("mysql", "mariadb") or not isinstance(column, Column):
            continue
        if column.kind not in _BYTES:
            continue
        most = _BYTES[column.kind]
        yield Finding(
            at(found.process.app, column.spot),
            f"Users whose session grows beyond {most * 3 // 4:,} bytes lose it or get an error:"
            f" payload is «{column.method}», which holds {most:,} bytes.",
            f"Schema::table('{found.table.name}', fn (Blueprint $table) =>"
            " $table->longText('payload')->change());",
            found.process.app.name,
        )


RULE = Rule(
    "HF602",
    "session-payload-is-text",
    "The column of the session's payload holds 64 KB",
    Severity.HIGH,
    check,
    gotchas=("DB-02",),
)
