"""What the refusals of MariaDB mean: one of our errors, a repetition, or an answer that was lost.

By number (MariaDB's documentation, «Error Codes»; MySQL's are the same). The server's own words are
not repeated: they quote values, session ids among them.
"""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.core.errors import StoreError, StoreMisconfigured, StoreReadOnly, StoreUnavailable
from holdfast.stores.drivers.exchange import AnswerLost, RolledBack, unavailable
from holdfast.stores.sql.beside import GUARD
from holdfast.stores.sql.place import Tables

LOCK_SECONDS = 4
"""How long a write waits for a row that another transaction holds."""

DUPLICATE = 1062
"""The key is taken; for us an answer, not an error."""

NO_TLS = 2026
"""The client could not start TLS: the server has none, or a certificate that is not trusted."""


@dataclass(frozen=True, slots=True)
class _Meaning:
    kind: type[StoreError]
    message: str
    hint: str


AGAIN = frozenset({1020, 1213, 1614, 3101})
"""Changed since the snapshot, deadlock, and the same at the commit of a cluster."""

_NO_NULL = 1048

_LOST = frozenset({0, 1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 3169})
"""The server ended the connection, perhaps after the commit; and all of the client's, from 2000."""

_CLIENT = range(2000, 3000)

_TABLE = "is it Laravel's table? compare it with Laravel's migration"
_PASSWORD = _Meaning(
    StoreMisconfigured, "refuses the user name or password", "check both in the store's URL"
)
_FULL = _Meaning(StoreReadOnly, "has no room left", "make room on the server's disk")
_READ_ONLY = _Meaning(
    StoreReadOnly, "takes no writes: a replica, or read-only", "use the primary's address"
)
_BUSY = _Meaning(StoreUnavailable, "takes no more connections", "see its max_connections")
_CUT = _Meaning(
    StoreUnavailable,
    "the statement was interrupted; nothing was written",
    "its max_statement_time is short, or somebody killed it",
)
_UNFIT = _Meaning(StoreMisconfigured, "a value does not fit into a column of {table}", _TABLE)
_RIGHTS = _Meaning(
    StoreMisconfigured,
    "does not let this user at {table}",
    "GRANT SELECT, INSERT, UPDATE, DELETE on it",
)
_MEANINGS = {
    1205: _Meaning(
        StoreUnavailable,
        f"a row stayed locked for {LOCK_SECONDS} s; nothing was written",
        "another transaction holds its lock: SHOW ENGINE INNODB STATUS shows which",
    ),
    1021: _FULL,
    1114: _FULL,
    1036: _READ_ONLY,
    1290: _READ_ONLY,
    1792: _READ_ONLY,
    1836: _READ_ONLY,
    1874: _READ_ONLY,
    1040: _BUSY,
    1041: _BUSY,
    1203: _BUSY,
    1226: _BUSY,
    1047: _Meaning(
        StoreUnavailable, "is a cluster's node that is out of step", "look at wsrep_ready there"
    ),
    1317: _CUT,
    1969: _CUT,
    3024: _CUT,
    1045: _PASSWORD,
    1130: _PASSWORD,
    1251: _PASSWORD,
    1698: _PASSWORD,
    4151: _PASSWORD,
    1044: _Meaning(
        StoreMisconfigured, "does not let this user at the database", "GRANT it the rights"
    ),
    1049: _Meaning(
        StoreMisconfigured, "has no such database", "check the last part of the store's URL"
    ),
    1142: _RIGHTS,
    1143: _RIGHTS,
    1146: _Meaning(StoreMisconfigured, "has no table {table}", "make it with Laravel's migration"),
    1054: _Meaning(StoreMisconfigured, "a column is missing in {table}", _TABLE),
    1048: _UNFIT,
    1264: _UNFIT,
    1364: _UNFIT,
    1366: _UNFIT,
    1452: _UNFIT,
    1406: _Meaning(
        StoreMisconfigured,
        "a value is too long for a column of {table}; nothing was written",
        "payload must be longtext: Laravel 8's text holds 64 KB",
    ),
    1153: _Meaning(
        StoreMisconfigured,
        "the session is too large for one packet; nothing was written",
        "raise the server's max_allowed_packet",
    ),
}


def objected(error: Exception) -> bool:
    """Whether it is the note of a forbidden write that stopped it, see ``sql.beside``."""
    return error.args[:1] == (_NO_NULL,) and GUARD in str(error.args[1:])


def refused(code: int, store: Tables, *, connecting: bool) -> Exception:
    """The exception for an error's number, 0 where it has none.

    Args:
        code: the server's or the client's.
        store: whose server it is.
        connecting: no statement of ours was sent yet.
    """
    if code in _LOST or code in _CLIENT:
        if connecting and code == NO_TLS:
            return StoreMisconfigured(
                f"{store.where} speaks no TLS, or shows a certificate that is not trusted here",
                hint="let SSL_CERT_FILE name the authority that signed it, or leave tls=1 out",
            )
        if connecting:
            return unavailable(store.where, "it cannot be reached")
        return AnswerLost("the connection broke before the answer came")
    if code in AGAIN:
        return RolledBack(str(code))
    meaning = _MEANINGS.get(code)
    if meaning is None:
        return StoreUnavailable(
            f"{store.where}: the server failed with error {code}; nothing was written",
            hint="the server's log says more",
        )
    message = meaning.message.format(table=store.table)
    return meaning.kind(f"{store.where}: {message} ({code})", hint=meaning.hint)
