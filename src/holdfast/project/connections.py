"""A named connection of ``config/database.php`` with its ``url`` worked in, for Redis and SQL.

What a URL says wins over the rest (Illuminate/Support/ConfigurationUrlParser.php).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec

from holdfast.project.project import Project
from holdfast.project.values import Known, Source, Undecidable, Unknown, Value

_MEMBERS: Final = (
    "driver", "host", "port", "database", "username", "password", "scheme", "prefix",
    "unix_socket",
)  # fmt: skip
_ALIASES: Final = {
    "mssql": "sqlsrv", "mysql2": "mysql", "postgres": "pgsql", "postgresql": "pgsql",
    "sqlite3": "sqlite", "redis": "tcp", "rediss": "tls",
}  # fmt: skip
# What PHP's parse_url() takes apart in one way only; the rest is left undecided.
_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://"
    r"(?:(?P<username>[^:@/?#]*)(?::(?P<password>[^@/?#]*))?@)?"
    r"(?P<host>[^:@/?#\[\]]+|\[[0-9a-fA-F:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?",
    re.IGNORECASE,
)
_PARAMETER = re.compile(r"([A-Za-z_]+)=([^&=\[\]]*)")


@dataclass(frozen=True)
class Connection:
    """A connection of the database or of Redis.

    Args:
        name: under which it is configured.
        members: ``host``, ``port``, ``database``, ...; null where nothing is set.
    """

    name: str
    members: Mapping[str, Value] = field(repr=False)

    def get(self, member: str) -> Value:
        """One of its settings."""
        return self.members[member]


def connection(project: Project, group: str, name: str) -> Connection:
    """A connection as Laravel opens it.

    Args:
        project: whose.
        group: ``database.redis`` or ``database.connections``.
        name: of the connection.
    """
    prefix = f"{group}.{name}"
    members = {member: project.get(f"{prefix}.{member}") for member in _MEMBERS}
    url = project.get(f"{prefix}.url")
    if isinstance(url, Unknown):
        return Connection(name, dict.fromkeys(_MEMBERS, url.hidden()))
    if not url.value:
        return Connection(name, members)
    try:
        said = _said(str(url.value))
    except Undecidable as reason:
        place = ", ".join(url.source.places)
        return Connection(name, dict.fromkeys(_MEMBERS, Unknown(place, "(not shown)", str(reason))))
    source = Source(url.source.places, url.source.uses)
    return Connection(name, members | {member: Known(v, source) for member, v in said.items()})


def _said(url: str) -> dict[str, str | int]:
    """What a URL says, without what it leaves open."""
    # Three slashes name a file; Laravel puts a host there that it takes off again.
    parts = _URL.fullmatch(re.sub(r"^(sqlite3?):///", r"\1://null/", url))
    if parts is None:
        raise Undecidable("Holdfast cannot take this URL apart as PHP would")
    scheme = parts["scheme"]
    said: dict[str, str | int | None] = {"driver": _ALIASES.get(scheme, scheme)}
    said |= {
        name: _native(parts[name])
        for name in ("host", "port", "username", "password")
        if parts[name] is not None
    }
    if parts["path"] not in (None, "", "/"):
        # The slash in front keeps a number from being one: it is taken off afterwards.
        path = _native(parts["path"])
        said["database"] = path[1:] if isinstance(path, str) else path
    for pair in filter(None, (parts["query"] or "").split("&")):
        parameter = _PARAMETER.fullmatch(pair)
        if not parameter:
            raise Undecidable("Holdfast cannot take the query of this URL apart as PHP would")
        if parameter[1] in _MEMBERS:
            said[parameter[1]] = _native(parameter[2].replace("+", " "))
    if said["driver"] in ("tcp", "tls"):
        said.setdefault("scheme", said["driver"])
    return {name: value for name, value in said.items() if value is not None}


def _native(text: str) -> str | int | None:
    """A part of the URL, decoded; a number and null are no text (``parseStringsToNativeTypes``)."""
    try:
        decoded = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise Undecidable("the URL holds what is not UTF-8") from None
    try:
        value = msgspec.json.decode(decoded)
    except (msgspec.DecodeError, RecursionError):
        return decoded
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Undecidable("a part of the URL is JSON")
