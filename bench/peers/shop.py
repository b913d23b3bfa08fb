"""What the handlers do, the same for every library; only logins and logouts are each one's own."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from typing import Any

Session = MutableMapping[str, Any]


def change(session: Session, what: str) -> None:
    """What a request does once it may: ``put-KEY``, ``count``, ``append-ITEM``, ``read``."""
    verb, _, key = what.partition("-")
    match verb:
        case "put":
            session[key] = 1
        case "count":
            session["count"] = session.get("count", 0) + 1
        case "append":
            # A new list, because most libraries do not see that one has grown.
            session["items"] = [*session.get("items", ()), key]


def look(session: Session, user: Any, items: Iterable[Any]) -> dict[str, Any]:
    """What stands in the session, as JSON can say it."""
    return {
        "user": user,
        "keys": sorted(map(str, session.keys())),  # not every session can be iterated over
        "count": session.get("count", 0),
        "items": list(items),
    }
