"""What the migrations of a project make of its tables.

Read in Laravel's order, ``up()`` alone. What is done under a condition, in a loop, by raw SQL or by
a method of somebody's own puts a table in doubt: its columns are then not told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from holdfast.project.classes import classes
from holdfast.project.directory import Directory
from holdfast.project.script import Call, Script, functions, is_facade, receiver
from holdfast.project.syntax import PhpFile, word
from holdfast.project.values import Array, Broken, Known, Spot, Unknown, Value

if TYPE_CHECKING:
    from tree_sitter import Node

_DIRECTORY: Final = "database/migrations"
MAX_FILES: Final = 5_000

_COLUMNS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("id", "bigIncrements", "foreignId", "unsignedBigInteger"), "bigint"),
    **dict.fromkeys(("bigInteger", "increments", "integerIncrements", "mediumIncrements"), "int"),
    **dict.fromkeys(("smallIncrements", "tinyIncrements"), "int"),
    **{
        prefix + size: "bigint" if size.lower().startswith("big") else "int"
        for prefix, sizes in (
            ("", ("integer", "tinyInteger", "smallInteger", "mediumInteger", "bigInteger")),
            ("unsigned", ("Integer", "TinyInteger", "SmallInteger", "MediumInteger", "BigInteger")),
        )
        for size in sizes
    },
    **dict.fromkeys(("uuid", "foreignUuid"), "uuid"),
    **dict.fromkeys(("ulid", "foreignUlid"), "ulid"),
    **dict.fromkeys(("string", "char", "enum", "set"), "string"),
    "tinyText": "tinytext",
    "text": "text",
    "mediumText": "mediumtext",
    "longText": "longtext",
    **dict.fromkeys(
        (
            "binary", "boolean", "date", "dateTime", "dateTimeTz", "decimal", "double", "float",
            "geography", "geometry", "ipAddress", "json", "jsonb", "macAddress", "time", "timeTz",
            "timestamp", "timestampTz", "unsignedDecimal", "year",
        ),
        "other",
    ),
}  # fmt: skip
"""The methods of Illuminate/Database/Schema/Blueprint.php that make a column, and what it holds."""

_NAMELESS: Final = {"id": "id", "uuid": "uuid", "ulid": "ulid", "ipAddress": "ip_address"}
_INDEXES: Final = ("index", "unique", "primary")
_HARMLESS: Final = frozenset((
    "timestamps", "timestampsTz", "nullableTimestamps", "softDeletes", "softDeletesTz", "morphs",
    "nullableMorphs", "uuidMorphs", "nullableUuidMorphs", "ulidMorphs", "nullableUlidMorphs",
    "rememberToken", "foreign", "engine", "charset", "collation", "comment", "temporary",
    "dropForeign", "dropIndex", "dropUnique", "dropPrimary", "dropTimestamps", "dropSoftDeletes",
    "dropRememberToken", "fullText", "spatialIndex", "dropMorphs", "rawIndex", "dropFullText",
    "innoDb", "dropConstrainedForeignId", "renameIndex", "dropSpatialIndex", "foreignIdFor",
    "dateTimes", "datetimes",
))  # fmt: skip
"""What changes nothing that is asked for here."""


class Column(msgspec.Struct, frozen=True):
    """A column.

    Args:
        method: that made it: ``longText``, ``foreignId``.
        kind: ``bigint``, ``int``, ``uuid``, ``ulid``, ``string``, ``tinytext``, ``text``,
            ``mediumtext``, ``longtext`` or ``other``.
        indexed: whether an index begins with it.
        spot: where it was made, or changed last.
    """

    method: str
    kind: str
    indexed: bool
    spot: Spot


@dataclass
class Table:
    """A table as the migrations leave it.

    Args:
        name: of it.
        spot: where it is created.
        columns: by name.
        doubt: why the columns cannot be told; None where they are sure.
    """

    name: str
    spot: Spot
    columns: dict[str, Column | Unknown] = field(default_factory=dict)
    doubt: Unknown | None = None

    def column(self, name: str) -> Column | Unknown | None:
        """A column; None where it surely is not there."""
        return self.doubt or self.columns.get(name)


class Migrations(msgspec.Struct, frozen=True):
    """What all migrations make.

    Args:
        tables: by name.
        doubts: of tables whose names are not known, and of raw SQL: any table may be concerned.
        broken: the files that cannot be read.
        there: whether the project has migrations at all.
    """

    tables: Mapping[str, Table]
    doubts: tuple[Unknown, ...] = ()
    broken: tuple[Broken, ...] = ()
    there: bool = True

    @property
    def complete(self) -> bool:
        """Whether a table that is not here surely is not created by the project's migrations."""
        return not self.doubts and not self.broken


def migrations(directory: Directory) -> Migrations:
    """Read a project's migrations; those of packages are not looked at."""
    top = directory.root / _DIRECTORY
    names = sorted(path.name for path in top.glob("*.php")) if top.is_dir() else []
    reader = _Reader()
    broken: list[Broken] = []
    for name in names[:MAX_FILES]:
        file = directory.tree(f"{_DIRECTORY}/{name}")
        if isinstance(file, Broken):
            broken.append(file)
        elif file is not None:
            reader.read(file)
    if len(names) > MAX_FILES:
        reader.doubts.append(Unknown(_DIRECTORY, "", f"more than {MAX_FILES} migrations"))
    return Migrations(reader.tables, tuple(reader.doubts), tuple(broken), bool(names))


class _Reader:
    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}
        self.doubts: list[Unknown] = []

    def read(self, file: PhpFile) -> None:
        script = Script(file)
        body = next((body for found in classes(script) if (body := found.body("up"))), None)
        done = 0
        for call in script.calls(body) if body is not None else ():
            if call.node.start_byte < done:
                # Within a call that was followed, or what that was made on.
                continue
            if is_facade(call, "Schema") or _on_a_connection(call):
                self._schema(script, call)
                done = call.node.end_byte
            elif call.name in ("DB::statement", "DB::unprepared"):
                self._raw(file, call)

    def _schema(self, script: Script, call: Call) -> None:
        method = call.name.rpartition("::")[2].removeprefix("->")
        if method not in ("create", "table", "drop", "dropIfExists", "rename", "dropColumns"):
            return
        name = _text(call.argument(0, "table"))
        if name is None:
            self.doubts.append(script.file.unknown(call.node, "the name of the table"))
            return
        sure = call.sure
        match method:
            case "create":
                self._create(name, call, sure=sure)
            case "table":
                self.tables.setdefault(name, Table(name, call.spot, doubt=self._elsewhere(call)))
            case "rename":
                table = self.tables.pop(name, None)
                if (new := _text(call.argument(1, "to"))) and table:
                    self.tables[new] = table
            case _ if sure:
                self.tables.pop(name, None)
                return
        table = self.tables.get(name)
        if table is None:
            return
        blueprints = list(functions(call.node))
        if len(blueprints) != 1:
            table.doubt = _doubt(call, "what it does stands elsewhere")
            return
        _blueprint(script, table, blueprints[0], sure=sure)

    def _create(self, name: str, call: Call, *, sure: bool) -> None:
        before = self.tables.get(name)
        if before is None or sure:
            self.tables[name] = Table(name, call.spot)
        if not sure:
            self.tables[name].doubt = _doubt(call, "it is done under a condition")

    def _elsewhere(self, call: Call) -> Unknown:
        return _doubt(call, "the table is created elsewhere")

    def _raw(self, file: PhpFile, call: Call) -> None:
        sql = _text(call.argument(0, "query"))
        if sql is None:
            self.doubts.append(file.unknown(call.node, "raw SQL"))
            return
        words = {word.strip("`\"';(),.").lower() for word in sql.split()}
        for table in self.tables.values():
            if table.name.lower() in words:
                table.doubt = _doubt(call, "raw SQL changes it")


def _on_a_connection(call: Call) -> bool:
    """``Schema::connection('x')->create(...)``: another database, whose tables are told too."""
    on = receiver(call.node)
    return (
        call.name in ("->create", "->table", "->drop", "->dropIfExists", "->rename")
        and on is not None
        and word(on).lstrip("\\").startswith("Schema::")
    )


def _blueprint(script: Script, table: Table, function: Node, *, sure: bool) -> None:
    """What one function does with a table."""
    chains: dict[int, tuple[Call, set[str]]] = {}
    # What a chain of calls begins with stands behind what follows on it.
    for call in reversed(list(script.calls(function))):
        on = receiver(call.node)
        if on is not None and (chain := chains.get(on.id)) is not None:
            chain[1].add(call.name.removeprefix("->"))
            chains[call.node.id] = chain
        elif on is not None and on.type == "variable_name":
            chains[call.node.id] = (call, set())
    heads = {id(head): (head, chained) for head, chained in reversed(list(chains.values()))}
    for head, chained in heads.values():
        if sure and head.sure:
            _apply(table, head, chained)
        else:
            _maybe(table, head)


def _maybe(table: Table, head: Call) -> None:
    """What is done under a condition: the columns that it names are in doubt."""
    method = head.name.removeprefix("->")
    why = "it is done under a condition"
    names = _names(head)
    if method == "renameColumn" and (to := _text(head.argument(1, "to"))):
        names.append(to)
    if method in (*_COLUMNS, *_INDEXES, "dropColumn", "renameColumn") and names:
        table.columns |= dict.fromkeys(names, _doubt(head, why))
    elif method not in _HARMLESS:
        table.doubt = _doubt(head, why)


def _apply(table: Table, head: Call, chained: set[str]) -> None:
    method = head.name.removeprefix("->")
    names = _names(head)
    given = head.argument(0, "column") is not None
    first = table.columns.get(names[0]) if names else None
    if method in _COLUMNS:
        name = names[0] if names else None if given else _NAMELESS.get(method)
        if name is None:
            table.doubt = _doubt(head, "the name of a column")
            return
        indexed = bool(chained & set(_INDEXES)) or method == "id" or "ncrements" in method
        kept = "change" in chained and isinstance(first, Column) and first.indexed
        table.columns[name] = Column(method, _COLUMNS[method], indexed or kept, head.spot)
    elif method in _INDEXES:
        if isinstance(first, Column):
            table.columns[names[0]] = replace(first, indexed=True)
    elif method == "dropColumn":
        if not names:
            table.doubt = _doubt(head, "the name of a column")
        for name in names:
            table.columns.pop(name, None)
    elif method == "renameColumn":
        to = _text(head.argument(1, "to"))
        if first is not None and to:
            table.columns[to] = table.columns.pop(names[0])
    elif method not in _HARMLESS:
        table.doubt = _doubt(head, "Holdfast does not know this method")


def _names(head: Call) -> list[str]:
    return _texts(head.argument(0, "column") or head.argument(0, "columns"))


def _doubt(call: Call, why: str) -> Unknown:
    return Unknown(str(call.spot), call.name, why)


def _text(value: Value | None) -> str | None:
    return value.value if isinstance(value, Known) and isinstance(value.value, str) else None


def _texts(value: Value | None) -> list[str]:
    if isinstance(value, Known) and isinstance(value.value, Array) and not value.value.rest:
        texts = [_text(element) for element in value.value.items.values()]
        return [text for text in texts if text is not None]
    text = _text(value)
    return [] if text is None else [text]
