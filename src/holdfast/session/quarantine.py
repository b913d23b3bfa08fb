"""Reading what was set aside because it was no session, see ``load`` and ``stores.beside``."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.core.flow import Perform
from holdfast.stores.beside import Aside, ScanAside


def quarantined(perform: Perform) -> Iterator[Aside]:
    """Every entry of a store's quarantine, in no order that means anything.

    A few are in memory at once, each at most ``beside.ASIDE_BYTES``; there are at most
    ``beside.ASIDE_ENTRIES`` or so. Nothing is changed. ``Codec.loads`` with the key that was
    missing reads an entry's data.

    Args:
        perform: of the store, ``with store.connect() as perform``.

    Raises:
        StoreError: the store could not be read.
    """
    page = perform(ScanAside())
    yield from page.entries
    while page.cursor is not None:
        page = perform(ScanAside(page.cursor))
        yield from page.entries
