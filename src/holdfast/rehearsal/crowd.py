"""Who uses a deployment: shoppers, where it speaks our protocol, and visitors everywhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Protocol
from urllib.parse import urlsplit

import anyio
import msgspec

from holdfast.rehearsal.browser import TIMEOUT_SECONDS, Browser
from holdfast.rehearsal.client import Client, NoAnswer
from holdfast.rehearsal.guests import Guest, ShopGuest
from holdfast.rehearsal.jar import LARAVEL_SESSION
from holdfast.rehearsal.protocol import State
from holdfast.rehearsal.recorder import Recorder, Recording
from holdfast.rehearsal.site import Site
from holdfast.rehearsal.stored import payloads
from holdfast.rehearsal.users import THINK_SECONDS
from holdfast.rehearsal.users import play as play_shop
from holdfast.rehearsal.users import read_back as read_back_shop
from holdfast.rehearsal.visitors import Visitors
from holdfast.stores.contract import Store


class Crowd(Protocol):
    """People at browsers. One play, then one reading back."""

    @property
    def visit(self) -> bool:
        """Whether they only look and log in, so that nothing can be said of writes and logouts."""

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

    def guest(self, number: int, recording: Recording) -> Guest:
        """One of them, for a session that lasts; ``number`` is whom to log in as, from 1."""


class Shoppers:
    """The users of an application that speaks :mod:`holdfast.rehearsal.protocol`."""

    visit = False

    def __init__(self, client: Client, think: float, steps: Mapping[str, int], cookie: str) -> None:
        self._client = client
        self._cookie = cookie
        self._think = think
        self._steps = steps
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
            self._client,
            recorder,
            users=users,
            seed=seed,
            stop=stop,
            think=self._think,
            steps=self._steps,
            on_progress=on_progress,
            cookie=self._cookie,
        )

    async def read_back(self, rounds: int) -> None:
        """They look at their carts."""
        await read_back_shop(self._browsers, rounds)

    def guest(self, number: int, recording: Recording) -> Guest:
        """See Crowd."""
        return ShopGuest(Browser(f"u{number}", self._client, recording, self._cookie), number)


@asynccontextmanager
async def crowd(
    client: Client,
    address: str,
    site: Site | None,
    store: Store | None,
    *,
    think: float = THINK_SECONDS,
    steps: Mapping[str, int] | None = None,
) -> AsyncIterator[Crowd]:
    """The people for a deployment.

    An application that answers ``GET /state`` as our protocol has it is shopped in, unless somebody
    has said what visitors should do; all others are visited.

    Args:
        client: sends all requests.
        address: where, as users name it: ``http://127.0.0.1:8080``, with the path that the
            application begins at where it has one.
        site: what visitors must know of it; None: it does speak our protocol.
        store: the one that all replicas share; None where it cannot be read from here.
        think: mean pause between two steps of a person, seconds.
        steps: how often each step is taken against the others; default: as usual.
    """
    if site is None or (site.plain and not steps and await speaks_our_protocol(client)):
        cookie = LARAVEL_SESSION if site is None else site.reader.cookie
        yield Shoppers(client, think, steps or {}, cookie)
        return
    url = urlsplit(address)
    async with payloads(store, site) as look:
        yield Visitors(
            client, site, host=url.netloc + url.path, look=look, think=think, steps=steps
        )


async def speaks_our_protocol(client: Client) -> bool:
    """Whether ``GET /state`` is answered with a State."""
    await client.wait_turn()
    try:
        answer = await client.send("GET", "/state", {}, b"", TIMEOUT_SECONDS)
        msgspec.json.decode(answer.body, type=State)
    except (NoAnswer, msgspec.MsgspecError):
        return False
    return answer.status == 200
