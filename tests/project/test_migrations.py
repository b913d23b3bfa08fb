"""Tables as the migrations leave them, and the key of those who log in."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.project.directory import Directory
from holdfast.project.migrations import Column, Migrations, Table, migrations
from holdfast.project.project import load
from holdfast.project.users import UserKey, user_key
from holdfast.project.values import Unknown

SKELETONS = Path(__file__).parent / "skeletons"
USE = "use Illuminate\\Support\\Facades\\{DB, Schema};\n"


def migrated(project, *ups: str) -> Migrations:
    """One migration each, in this order."""
    files = {
        f"database/migrations/2024_01_01_00000{number}_x.php": f"<?php\n{USE}"
        "return new class extends Migration { public function up(): void {\n"
        f"{up}\n}} public function down() {{ Schema::drop('sessions'); }} }};"
        for number, up in enumerate(ups)
    }
    return migrations(Directory(project(files)))


def created(columns: str, table: str = "sessions") -> str:
    return f"Schema::create('{table}', function (Blueprint $table) {{\n{columns}\n}});"


def kinds(found: Migrations, table: str = "sessions") -> dict[str, str]:
    columns = found.tables[table].columns
    return {name: c.kind if isinstance(c, Column) else "?" for name, c in columns.items()}


def indexed(table: Table) -> list[str]:
    return [name for name, c in table.columns.items() if isinstance(c, Column) and c.indexed]


@pytest.mark.parametrize("version", range(8, 14))
def test_the_tables_of_a_fresh_application(version):
    found = migrations(Directory(SKELETONS / str(version)))
    assert found.complete
    assert kinds(found, "users")["id"] == "bigint"
    assert ("sessions" in found.tables) is (version >= 11)
    if version >= 11:
        assert kinds(found) == {
            "id": "string", "user_id": "bigint", "ip_address": "string", "user_agent": "text",
            "payload": "longtext", "last_activity": "int",
        }  # fmt: skip
        table = found.tables["sessions"]
        assert indexed(table) == ["id", "user_id", "last_activity"]
        assert table.spot.file.endswith("create_users_table.php")


def test_columns(project):
    found = migrated(
        project,
        created(
            "$table->uuid('user_id')->nullable();\n$table->text('payload');\n$table->id();\n"
            "$table->integer('last_activity');\n$table->index(['last_activity', 'user_id']);\n"
            "$table->foreignUlid('owner')->constrained()->index();\n$table->timestamps();"
        ),
    )
    assert kinds(found) == {
        "user_id": "uuid", "payload": "text", "id": "bigint", "last_activity": "int",
        "owner": "ulid",
    }  # fmt: skip
    columns = found.tables["sessions"].columns
    assert indexed(found.tables["sessions"]) == ["id", "last_activity", "owner"]
    assert str(found.tables["sessions"].spot).endswith("_x.php:4:1")
    column = columns["payload"]
    assert isinstance(column, Column)
    assert str(column.spot).endswith("_x.php:6:9")


def test_later_changes(project):
    found = migrated(
        project,
        created("$table->text('payload')->index();\n$table->string('a');\n$table->string('b');"),
        "Schema::table('sessions', function ($table) { $table->longText('payload')->change();\n"
        "$table->dropColumn(['a']); $table->renameColumn('b', 'c'); });",
    )
    assert kinds(found) == {"payload": "longtext", "c": "string"}
    column = found.tables["sessions"].columns["payload"]
    assert isinstance(column, Column)
    assert column.indexed


def test_dropped_renamed_and_made_again(project):
    found = migrated(
        project,
        created("$table->text('payload');", "old"),
        "Schema::rename('old', 'sessions');",
        created("$table->id();", "gone"),
        "Schema::dropIfExists('gone');",
    )
    assert kinds(found) == {"payload": "text"}
    assert set(found.tables) == {"sessions"}


@pytest.mark.parametrize(
    ("change", "doubted"),
    [
        ("if (x()) Schema::table('sessions', fn ($t) => $t->longText('payload')->change());", ""),
        ("Schema::table('sessions', function ($t) { if (x()) { $t->longText('payload'); } });", ""),
        ("DB::statement('ALTER TABLE sessions MODIFY payload LONGTEXT');", "raw SQL"),
        ("Schema::table('sessions', function ($t) { $t->own(); });", "does not know"),
        ("Schema::table('sessions', $closure);", "elsewhere"),
        ("foreach ([1] as $x) { Schema::table('sessions', function ($t) { $t->own(); }); }",
         "condition"),
    ],
)  # fmt: skip
def test_what_cannot_be_told(project, change, doubted):
    found = migrated(project, created("$table->text('payload');\n$table->id();"), change)
    table = found.tables["sessions"]
    payload = table.column("payload")
    assert isinstance(payload, Unknown)
    if doubted:
        assert table.doubt
        assert doubted in table.doubt.why
    else:
        assert isinstance(table.column("id"), Column)


def test_a_table_that_may_be_there_already(project):
    found = migrated(
        project,
        "if (! Schema::hasTable('sessions')) { " + created("$table->text('payload');") + "}",
    )
    assert isinstance(found.tables["sessions"].column("payload"), Unknown)


@pytest.mark.parametrize(
    "up", ["Schema::create(config('session.table'), fn ($t) => $t->id());", "DB::statement($sql);"]
)
def test_any_table_may_be_concerned(project, up):
    found = migrated(project, up)
    assert not found.complete
    assert found.tables == {}


def test_raw_sql_of_another_table(project):
    found = migrated(
        project, created("$table->id();"), "DB::statement('ALTER TABLE `users` ADD x');"
    )
    assert found.complete
    assert kinds(found) == {"id": "bigint"}


def test_a_migration_that_is_no_php(project):
    found = migrations(Directory(project({"database/migrations/1_x.php": "<?php class {"})))
    assert [str(broken.spot) for broken in found.broken] == ["database/migrations/1_x.php:1:1"]
    assert not found.complete


def test_no_migrations(project):
    found = migrations(Directory(project({})))
    assert not found.there


# The key of those who log in


def key(project, text: str, config: str = "") -> UserKey | Unknown:
    files = {"app/Models/User.php": f"<?php namespace App\\Models;\n{text}"}
    if config:
        files["config/auth.php"] = config
    directory = Directory(project(files))
    return user_key(directory, load(directory, {}))


BASE = "use Illuminate\\Foundation\\Auth\\User as Base;\n"
CONCERNS = "Illuminate\\Database\\Eloquent\\Concerns\\"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("class User extends Base { use \\X\\Notifiable; }", "int"),
        (f"use {CONCERNS}HasUuids;\nclass User extends Base {{ use HasUuids; }}", "uuid"),
        (f"class User extends Base {{ use Notifiable, \\{CONCERNS}HasUlids; }}", "ulid"),
        ("class User extends Base { protected $keyType = 'string'; }", "string"),
        ("class User extends Base { protected $keyType = 'int'; }", "int"),
    ],
)
def test_the_key(project, text, kind):
    found = key(project, BASE + text)
    assert isinstance(found, UserKey)
    assert (found.kind, found.model) == (kind, "App\\Models\\User")


@pytest.mark.parametrize(
    "text",
    [
        BASE + "class User extends Own {}",
        BASE + "class User extends Base { use \\App\\Models\\Uuids; }",
        BASE + "class User extends Base { protected $keyType = KIND; }",
        BASE + "class User extends Base { public function getKeyType() { return 'x'; } }",
        "class Other {}",
        "class {",
    ],
)
def test_a_key_that_cannot_be_told(project, text):
    assert isinstance(key(project, text), Unknown)


def test_another_model(project):
    config = "<?php return ['guards' => ['web' => ['provider' => 'p']], 'providers' => ['p' =>"
    found = key(project, "", f"{config} ['model' => App\\Models\\None::class]]];")
    assert isinstance(found, Unknown)
    found = key(project, "", f"{config} ['driver' => 'database']]];")
    assert isinstance(found, Unknown)


@pytest.mark.parametrize("version", range(8, 14))
def test_the_users_of_a_fresh_application(version):
    directory = Directory(SKELETONS / str(version))
    found = user_key(directory, load(directory, {}))
    assert isinstance(found, UserKey)
    assert found.kind == "int"
