"""Loading a session from a store.

Unlike Laravel's (Illuminate/Session/Store.php) it refuses to adopt an id that the store does not
know, and to take a payload that cannot be read for an empty session.
"""

from __future__ import annotations

from holdfast.core.flow import Flow, do
from holdfast.laravel.names import is_session_id
from holdfast.laravel.payload import Codec
from holdfast.session.session import Record, Session, random_text
from holdfast.stores.contract import Find


def load(sid: str | None, codec: Codec) -> Flow[Session]:
    """The session of an id; a new one under a fresh id where the store has none.

    Args:
        sid: what the cookie said; None, malformed and unknown ones come to the same.
        codec: what reads the stored value.

    Raises:
        Undecodable: something stands there that is no session of this application.
        StoreError: the store could not be read.
    """
    if sid is not None and is_session_id(sid):
        found = yield from do(Find(sid))
        if found is not None:
            return Session(codec.loads(found.data), sid, Record(sid, found))
    return Session(codec.new(), random_text())
