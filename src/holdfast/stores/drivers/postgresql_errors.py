"""What PostgreSQL's refusals mean: one of our errors, a repetition, or an answer that was lost.

By SQLSTATE (PostgreSQL's documentation, appendix A). The server's own words are not repeated: they
may quote a row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import psycopg
from psycopg import pq

from holdfast.core.errors import StoreError, StoreMisconfigured, StoreReadOnly, StoreUnavailable
from holdfast.stores.drivers.exchange import AnswerLost, RolledBack, unavailable
from holdfast.stores.sql.beside import GUARD
from holdfast.stores.sql.place import Tables
from holdfast.stores.sql.postgresql import LOCK_SECONDS


@dataclass(frozen=True, slots=True)
class _Meaning:
    kind: type[StoreError]
    message: str
    hint: str


_AGAIN = frozenset({"40001", "40P01"})
"""Serialization failure, deadlock."""

_OBJECTED = ("23502", GUARD)
"""The note of a forbidden write, see ``sql.beside``."""

_LOST = frozenset({"40003", "57P01", "57P02", "57P04", "57P05"})
"""The server ended the connection, perhaps after the commit; and all of class 08."""

_TABLE = "is it Laravel's table? compare it with Laravel's migration"
_LOCKED = _Meaning(
    StoreUnavailable,
    f"a row stayed locked for {LOCK_SECONDS} s; nothing was written",
    "another transaction holds its lock: pg_stat_activity shows which",
)
_MEANINGS = {
    "25006": _Meaning(
        StoreReadOnly, "takes no writes: a standby, or read-only", "use the primary's address"
    ),
    "53100": _Meaning(StoreReadOnly, "has no room on its disk", "make room on the server's disk"),
    "55P03": _LOCKED,
    "57014": _Meaning(
        StoreUnavailable,
        "the statement was cancelled; nothing was written",
        "its statement_timeout is short, or somebody cancelled it",
    ),
    "42P01": _Meaning(
        StoreMisconfigured, "has no table {table}", "make it with Laravel's migration"
    ),
    "42703": _Meaning(StoreMisconfigured, "a column is missing in {table}", _TABLE),
    "42P10": _Meaning(
        StoreMisconfigured,
        "the column id of {table} is not unique",
        "make it the primary key, as Laravel's migration does",
    ),
    "42501": _Meaning(
        StoreMisconfigured,
        "does not let this user at {table}",
        "GRANT SELECT, INSERT, UPDATE, DELETE on it",
    ),
    "28P01": _Meaning(
        StoreMisconfigured, "refuses the user name or password", "check both in the store's URL"
    ),
}
_CLASSES = {
    "22": _Meaning(StoreMisconfigured, "a value does not fit into a column of {table}", _TABLE),
    "23": _Meaning(StoreMisconfigured, "a constraint of {table} forbids the write", _TABLE),
    "42": _Meaning(StoreMisconfigured, "a statement does not fit {table}", _TABLE),
    "53": _Meaning(StoreUnavailable, "has no room for another session", "see its max_connections"),
}


def refused(answer: pq.abc.PGresult, store: Tables) -> Exception:
    """The exception for an answer that is an error."""
    state = (answer.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
    column = (answer.error_field(pq.DiagnosticField.COLUMN_NAME) or b"").decode()
    if not state or state in _LOST or state.startswith("08"):
        return AnswerLost("the connection broke before the answer came")
    if state in _AGAIN or (state, column) == _OBJECTED:
        return RolledBack(state)
    meaning = _MEANINGS.get(state) or _CLASSES.get(state[:2])
    if meaning is None:
        return StoreUnavailable(
            f"{store.where}: the server failed with {state}; nothing was written",
            hint="the server's log says more",
        )
    message = meaning.message.format(table=store.table)
    return meaning.kind(f"{store.where}: {message} ({state})", hint=meaning.hint)


_PASSWORD = re.compile(
    r"password|authentication|pg_hba\.conf|role .* (does not exist|is not permitted)"
)
_DATABASE = re.compile(r"database .* does not exist|permission denied for database")
_CERTIFICATE = re.compile(r"certificate|does not support SSL|sslrootcert")


def unreachable(error: psycopg.Error, where: str) -> StoreError:
    """The error for a connection that could not be made. libpq gives no code for it, only words."""
    said = str(error)
    libpq = getattr(error, "pgconn", None)
    if _DATABASE.search(said):
        return StoreMisconfigured(
            f"{where}: there is no such database for this user",
            hint="check the last part of the store's URL",
        )
    if _PASSWORD.search(said):
        return StoreMisconfigured(
            f"{where} refuses the user name or password", hint="check both in the store's URL"
        )
    if _CERTIFICATE.search(said):
        return StoreMisconfigured(
            f"{where} shows no certificate that this machine trusts",
            hint="let SSL_CERT_FILE name the authority that signed it, or leave tls=1 out",
        )
    # The words may be in another language; who was asked for a password was not let in.
    if libpq is not None and libpq.used_password and "too many" not in said:
        return StoreMisconfigured(
            f"{where} lets this user not in, or not at this database",
            hint="check user, password and database in the store's URL",
        )
    return unavailable(where, "it cannot be reached")
