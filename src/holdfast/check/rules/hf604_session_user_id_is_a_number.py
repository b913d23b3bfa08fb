r"""The column of the session's user holds numbers, and the users' keys are none.

## What it checks

Sessions are in a table whose `user_id` is an integer, by the migrations, while the model of those
who log in has UUIDs, ULIDs or texts for keys (`HasUuids`, `HasUlids`, `$keyType`), and the
database is MySQL, MariaDB or PostgreSQL.

## Why it matters

With each save Laravel writes the user's key into `user_id`. The database refuses what is no
number, and Laravel swallows the error of an insert: the session in which somebody has just logged
in is not saved. Users are sent back to the login form, or get an error page.

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
            $table->longText('payload');
            $table->integer('last_activity')->index();
        });
    }
};
```

```php app/Models/User.php
<?php
namespace App\Models;

use Illuminate\Database\Eloquent\Concerns\HasUuids;
use Illuminate\Foundation\Auth\User as Authenticatable;

class User extends Authenticatable
{
    use HasUuids;
}
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
            $table->foreignUuid('user_id')->nullable()->index();
            $table->string('ip_address', 45)->nullable();
            $table->text('user_agent')->nullable();
            $table->longText('payload');
            $table->integer('last_activity')->index();
        });
    }
};
```

```php app/Models/User.php
<?php
namespace App\Models;

use Illuminate\Database\Eloquent\Concerns\HasUuids;
use Illuminate\Foundation\Auth\User as Authenticatable;

class User extends Authenticatable
{
    use HasUuids;
}
```

## How to fix

`foreignUuid('user_id')->nullable()->index()` (or `foreignUlid`) in the migration of the sessions;
for a table that is there, a migration that drops the column and makes it again: it holds nothing
that is not in the payload too.

## Limits

A model that is built on another class of the application or of a package, or that has traits of
its own, is not judged. SQLite takes any value, and MySQL with `'strict' => false` makes some number
of a text.

## References

- Illuminate/Session/DatabaseSessionHandler.php, Laravel 13.26.1: `addUserInformation`, `userId`,
  `performInsert`.
- Illuminate/Database/Eloquent/Concerns/HasUuids.php, 13.26.1.
- laravel/framework issue 35226.
- MariaDB 10.11: the insert fails (error 1265), the update that follows it changes no row and says
  nothing. PostgreSQL 15: both fail.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.application import at
from holdfast.check.facts.session_table import session_tables
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.project.migrations import Column
from holdfast.project.users import UserKey, user_key
from holdfast.project.values import Unknown

_METHODS = {"uuid": "foreignUuid('user_id')", "ulid": "foreignUlid('user_id')"}


def check(target: Target) -> Iterator[Finding]:
    """Tables of sessions that cannot hold their users' keys."""
    for found in session_tables(target):
        app, project = found.process.app, found.process.settings.project
        column = found.table.column("user_id")
        if found.database not in ("mysql", "mariadb", "pgsql") or not isinstance(column, Column):
            continue
        if column.kind not in ("bigint", "int") or app.directory is None or project is None:
            continue
        strict = project.get(f"database.connections.{found.connection}.strict")
        if isinstance(strict, Unknown) or strict.value is False:
            # Without its strict mode MySQL makes a number of any text, and saves that.
            continue
        key = user_key(app.directory, project)
        if not isinstance(key, UserKey) or key.kind == "int":
            continue
        method = _METHODS.get(key.kind, "string('user_id')")
        yield Finding(
            at(app, column.spot),
            f"Nobody stays logged in to {app.name}: keys of {key.model} are {key.kind}s, and"
            f" user_id of the table «{found.table.name}» is «{column.method}», which holds"
            " numbers.",
            f"$table->{method}->nullable()->index();",
            app.name,
            (Related(at(app, key.spot), "the users' keys"),),
        )


RULE = Rule(
    "HF604",
    "session-user-id-is-a-number",
    "The column of the session's user holds numbers, and the users' keys are none",
    Severity.HIGH,
    check,
    gotchas=("DB-04",),
)
