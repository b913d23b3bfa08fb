"""Locks in files, as Laravel's ``file`` cache store has them (Illuminate/Cache/FileStore.php).

``<directory>/<first two hex digits>/<next two>/<sha1 of the name>``: the expiry as ten digits, then
the owner as PHP serializes it. Laravel tests and writes under an exclusive flock on the file itself
(``add``), but never asks whether the path still names that file, and gives back without any flock:
it reads, compares, unlinks. While a lock is alive that is safe: whoever opened the file before it
was unlinked finds an unexpired owner in it. Once it has expired under its holder two of Laravel's
may both get it. Ours look again under the flock, and unlink only what is alive.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from holdfast.core.clock import Clock, wall_clock
from holdfast.core.flow import APerform, Perform
from holdfast.stores.url import StoreUrl

NAME_PREFIX = "file-store-lock:"
"""What Laravel puts before the name from 12.36 on (Illuminate/Cache/FileStore.php, ``lock``)."""

_EXPIRY_DIGITS = 10


@dataclass(frozen=True)
class FileLocks:
    """Locks in the files of one directory: ``lock_path``, or the cache's own ``path``.

    Args:
        directory: where; must exist, what is below it is made.
        prefix: what Laravel puts before a lock's name.
        clock: what judges expiry.
    """

    directory: Path
    prefix: str = NAME_PREFIX
    clock: Clock = wall_clock

    @property
    def where(self) -> str:
        """``file://`` and the directory."""
        return f"file://{self.directory}"

    @contextmanager
    def connect(self) -> Iterator[Perform]:
        """As ``Locks.connect``."""
        from holdfast.stores.drivers import file_locks

        with file_locks.connect(self) as perform:
            yield perform

    @asynccontextmanager
    async def aconnect(self) -> AsyncIterator[APerform]:
        """As ``Locks.aconnect``."""
        from holdfast.stores.drivers import file_locks

        async with file_locks.aconnect(self) as perform:
            yield perform

    def path(self, key: str) -> Path:
        """The file of a lock."""
        name = hashlib.sha1((self.prefix + key).encode(), usedforsecurity=False).hexdigest()
        return self.directory / name[:2] / name[2:4] / name

    def content(self, owner: str, expires_at: int) -> bytes:
        """What stands in it."""
        return b"%010d" % expires_at + self.spelt(owner)

    def holder(self, content: bytes) -> bytes | None:
        """The owner as it is spelt there, None where nobody holds it; as Laravel reads it."""
        expiry, holder = content[:_EXPIRY_DIGITS], content[_EXPIRY_DIGITS:]
        if not content or (expiry.isdigit() and int(expiry) <= self.clock()):
            return None
        return holder

    def spelt(self, owner: str) -> bytes:
        """An owner as PHP serializes it."""
        return b's:%d:"%s";' % (len(owner), owner.encode())


def from_url(url: StoreUrl) -> FileLocks:
    """``file:///directory?prefix=...``."""
    default = NAME_PREFIX if url.laravel >= 12 else ""
    return FileLocks(Path(url.absolute_path()), url.parameters.get("prefix", default))
