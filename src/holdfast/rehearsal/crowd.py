"""Who uses a deployment: shoppers, where it speaks our protocol, and visitors everywhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol
from urllib.parse import urlsplit

import anyio
import httpx2
import msgspec

from holdfast.rehearsal.browser import TIMEOUT_SECONDS, Browser
from holdfast.rehearsal.protocol import State
from holdfast.rehearsal.recorder import Recorder
from holdfast.rehearsal.site import Site
from holdfast.rehearsal.users import play as play_shop
from holdfast.rehearsal.users import read_back as read_back_shop
from holdfast.rehearsal.visitors import Visitors, payloads
from holdfast.stores.contract import Store


class Crowd(Protocol):
    """People at browsers. One play, then one reading back."""

    async def check(self) -> None:
        """Try, before anything counts, whether their sessions can be observed.

        Raises:
            EnvironmentLacking: they cannot; the hint says what would help.
        """

    async def play(
        self,
        recorder: Recorder,
        *,
        users: int,
        seed: int,
        stop: anyio.Event,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Use the application until ``stop`` is set; requests in flight then are waited for.

        Args:
            recorder: keeps the history.
            users: how many, all at the same time.
            seed: the same seed makes the same people.
            stop: ends the play.
            on_progress: told the number of requests, and of sessions that were found gone.
        """

    async def read_back(self, rounds: int) -> None:
        """Read every session that somebody believes to have, ``rounds`` times."""


class Shoppers:
    """The users of an application that speaks :mod:`holdfast.rehearsal.protocol`."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client
        self._browsers: list[Browser] = []

    async def check(self) -> None:
        """Their sessions show themselves in every answer."""

    async def play(
        self,
        recorder: Recorder,
        *,
        users: int,
        seed: int,
        stop: anyio.Event,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """They shop; see :func:`holdfast.rehearsal.users.play`."""
        self._browsers = await play_shop(
            self._client, recorder, users=users, seed=seed, stop=stop, on_progress=on_progress
        )

    async def read_back(self, rounds: int) -> None:
        """They look at their carts."""
        await read_back_shop(self._browsers, rounds)


@asynccontextmanager
async def crowd(
    client: httpx2.AsyncClient, address: str, site: Site | None, store: Store | None
) -> AsyncIterator[Crowd]:
    """The people for a deployment.

    An application that answers ``GET /state`` as our protocol has it is shopped in, unless the site
    names a page or a login of its own; all others are visited.

    Args:
        client: sends all requests.
        address: where, ``http://127.0.0.1:8080``.
        site: what visitors must know of it; None: it does speak our protocol.
        store: the one that all replicas share; None where it cannot be read from here.
    """
    if site is None or (site.plain and await speaks_our_protocol(client)):
        yield Shoppers(client)
        return
    async with payloads(store, site) as look:
        yield Visitors(client, site, host=urlsplit(address).netloc, look=look)


async def speaks_our_protocol(client: httpx2.AsyncClient) -> bool:
    """Whether ``GET /state`` is answered with a State."""
    try:
        answer = await client.get("/state", timeout=TIMEOUT_SECONDS)
        msgspec.json.decode(answer.content, type=State)
    except (httpx2.HTTPError, msgspec.MsgspecError):
        return False
    return answer.status_code == 200
