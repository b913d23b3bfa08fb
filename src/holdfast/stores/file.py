"""The file store: names and the arithmetic of expiry. The protocol is in ``drivers.file``.

Files are Laravel's: ``<directory>/<id>``, the payload and nothing else, expiry by the time of the
last modification (Illuminate/Session/FileSessionHandler.php, 8 to 13). That time is set to
``expires_at - lifetime``. Laravel still reads a file whose age equals its lifetime; here it has
expired in that second, by the contract.

What is kept beside the sessions is in ``<directory>/.holdfast``. No operation is a round trip here:
a read locks and reads one file, a save writes it; a write id, a fence and a move lock and write one
more of each id.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.core.clock import Clock, wall_clock
from holdfast.core.flow import APerform, Perform
from holdfast.laravel.payload import Form
from holdfast.stores.contract import FAST_ALONE, Level, Move, Moved
from holdfast.stores.url import StoreUrl


@dataclass(frozen=True)
class FileStore:
    """Sessions in the files of one directory.

    Args:
        directory: where; must exist, Laravel does not make it either.
        lifetime: seconds that a session lives after its last save.
        clock: what judges expiry.
    """

    directory: Path
    lifetime: int = 7200
    clock: Clock = wall_clock
    name: str = field(default="file", init=False)
    levels: Collection[Level] = field(default=FAST_ALONE, init=False)
    form: Form = field(default=Form.BARE, init=False)

    @property
    def where(self) -> str:
        """``file://`` and the directory."""
        return f"file://{self.directory}"

    @property
    def details(self) -> Mapping[str, str]:
        """Nothing more to say."""
        return {}

    @contextmanager
    def connect(self) -> Iterator[Perform]:
        """As ``Store.connect``."""
        from holdfast.stores.drivers import file

        with file.connect(self) as perform:
            yield perform

    @asynccontextmanager
    async def aconnect(self) -> AsyncIterator[APerform]:
        """As ``Store.aconnect``."""
        from holdfast.stores.drivers import file

        async with file.aconnect(self) as perform:
            yield perform

    @property
    def beside(self) -> bool:
        """Whether ``.holdfast`` is there or can be made; it is made when it is needed first."""
        from holdfast.stores.drivers.file_beside import BesideFiles

        return BesideFiles(self.directory, self.clock).there

    def ending(self, move: Move) -> tuple[int, Moved, int]:
        """Until when the id that a move leaves is fenced; where it leads; readers until when."""
        now, grace = self.clock(), move.grace
        gone_until = now + move.fence_seconds if move.fence_seconds else 0
        if grace is None:
            return gone_until, Moved(move.to, b""), 0
        return gone_until, Moved(move.to, grace.seal), now + grace.seconds

    def path(self, sid: str) -> Path:
        """The file of a session; the contract has checked that the id is letters and digits."""
        return self.directory / sid

    def modified(self, expires_at: int) -> int:
        """The modification time that stands for an expiry, epoch seconds."""
        return expires_at - self.lifetime

    def expires_at(self, modified: int) -> int:
        """The expiry that a modification time stands for, both in whole epoch seconds."""
        return modified + self.lifetime

    def live(self, modified: int) -> bool:
        """Whether a file of this modification time has not expired."""
        return self.expires_at(modified) > self.clock()


def from_url(url: StoreUrl) -> FileStore:
    """``file:///directory``."""
    return FileStore(Path(url.absolute_path()), lifetime=url.lifetime)
