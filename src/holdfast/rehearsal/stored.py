"""Sessions as they stand in the store of a run, where it can be read from here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import anyio

from holdfast.core.errors import StoreError
from holdfast.laravel.payload import Codec
from holdfast.rehearsal.observation import Payload, read_payload
from holdfast.rehearsal.site import Site
from holdfast.stores.contract import Find, Found, Store

Look = Callable[[str], Awaitable[Payload | None]]
"""Looks a session up, by its id; None where it is not there or cannot be read."""

LOOK_SECONDS = 1.0
"""How long a look into the store may take; one that is harmed by a fault says nothing."""


def codec_of(store: Store, site: Site) -> Codec:
    """What reads the sessions of a site in a store."""
    encrypter = site.reader.encrypter if site.encrypt else None
    return Codec(store.form, site.serialization, encrypter)


@asynccontextmanager
async def payloads(store: Store | None, site: Site) -> AsyncIterator[Look | None]:
    """What looks sessions up in a store; None where it cannot be read from here."""
    if store is None or (site.encrypt and site.reader.encrypter is None):
        yield None
        return
    codec = codec_of(store, site)
    async with store.aconnect() as perform:

        async def look(session_id: str) -> Payload | None:
            found: Found | None = None
            with anyio.move_on_after(LOOK_SECONDS), suppress(StoreError):
                found = await perform(Find(session_id))
            return read_payload(codec, found.data) if found is not None else None

        yield look
