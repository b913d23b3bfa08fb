"""Requests of one browser that race, through Holdfast and through other session libraries.

    .venv/bin/python bench/races.py [ROUNDS]

Each library has its own middleware, cookie and key prefix, all on one Redis of ours. Requests that
race are held in their handlers until all of them have loaded the session; then all of them save.
A write counts as lost when its request was answered with 200 and it is not there. The figures are
of this run only. That Holdfast loses nothing is asserted; of the others nothing is.
"""

from __future__ import annotations

import asyncio
import json
import platform
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import redis
from peers import django, flask_session, holdfast, starsessions
from peers.site import Answer, Site
from rich.console import Console
from rich.table import Table

from holdfast.servers.redis import redis_server

WRITERS = 40
DEADLINE = 60
"""Seconds for one race; what takes longer hangs."""

SITES: Sequence[Callable[[str], AbstractAsyncContextManager[Site]]] = (
    holdfast.declared,
    holdfast.undeclared,
    flask_session.site,
    django.site,
    starsessions.site,
)


@dataclass(frozen=True)
class Outcome:
    """``count`` of ``of``, and how many requests failed meanwhile."""

    count: int
    of: int
    failed: int

    def __str__(self) -> str:
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{self.count} of {self.of}{failed}"


@dataclass(frozen=True)
class Races:
    """What the races of one library came to, in the table's order."""

    lost: Outcome
    kept: Outcome
    counter: Outcome
    items: Outcome
    undone_by_write: Outcome
    undone_by_read: Outcome
    undone_by_new_id: Outcome

    @property
    def clean(self) -> bool:
        kept, lost = (
            (self.kept, self.counter, self.items),
            (self.lost, self.undone_by_write, self.undone_by_read, self.undone_by_new_id),
        )
        return (
            all(outcome.count == outcome.of for outcome in kept)
            and not any(outcome.count for outcome in lost)
            and not any(outcome.failed for outcome in (*kept, *lost))
        )


def main(rounds: int = 200) -> None:
    table = Table(
        "library", "racing pairs:\nwrites lost", f"{WRITERS} writers,\nkeys kept",
        f"{WRITERS} increments,\ncounter at", f"{WRITERS} appends,\nitems kept",
        "logout under a\nwrite: undone", "logout under a\nread: undone",
        "logout under a\nnew id: undone",
    )  # fmt: skip
    screen = Console(width=180)
    times = []
    with tempfile.TemporaryDirectory() as directory, redis_server(Path(directory)) as server:
        with redis.Redis(port=server.port) as client:
            version = client.info("server")["redis_version"]
        for site, races, seconds in asyncio.run(played(server.url, rounds)):
            table.add_row(site.name, *(str(getattr(races, field.name)) for field in fields(races)))
            times.append(f"{site.name}: " + " ".join(f"{taken:.1f}" for taken in seconds))
            if site.ours and not races.clean:
                screen.print(table)
                raise SystemExit(f"{site.name} has lost something: {races}")
    screen.print(table)
    screen.print(
        f"{rounds} rounds of each race of two, on {datetime.now(UTC):%d %B %Y}, Redis {version},"
        f" Python {platform.python_version()}. «Failed»: requests that were answered with an error."
    )
    screen.print("Aside, the time of each column in seconds:", style="dim")
    for line in times:
        screen.print(line, style="dim")


async def played(url: str, rounds: int) -> list[tuple[Site, Races, list[float]]]:
    """What came of each library, and the seconds that each race took."""
    results = []
    for opened in SITES:
        async with opened(url) as site:
            await require_sound(site)
            results.append((site, *await run_races(site, rounds)))
    return results


async def run_races(site: Site, rounds: int) -> tuple[Races, list[float]]:
    outcomes, seconds = [], []
    for race in (
        pairs(site, rounds),
        writers(site, [f"put-k{n}" for n in range(WRITERS)], kept_keys),
        writers(site, ["count"] * WRITERS, lambda seen: seen["count"]),
        writers(site, [f"append-k{n}" for n in range(WRITERS)], kept_items),
        logouts(site, rounds, "put-late"),
        logouts(site, rounds, "read"),
        overtaken_logouts(site, rounds),
    ):
        began = time.perf_counter()
        outcomes.append(await race)
        seconds.append(time.perf_counter() - began)
    return Races(*outcomes), seconds


async def require_sound(site: Site) -> None:
    """One request after the other everything is kept; else the shop is wrong, not the library."""
    answers = [await site.ask("/login", "")]
    for what in ("put-a", "put-b", "count", "count", "append-a", "append-b", "read"):
        answers.append(await site.ask(f"/change/{what}", answers[-1].cookie))
    cookie = answers[-1].cookie
    seen = await look(site, cookie)
    answers.append(await site.ask("/logout", cookie))
    whole = {"a", "b"} <= set(seen["keys"]) and (seen["count"], seen["items"]) == (2, ["a", "b"])
    out = seen["user"] == 7 and (await look(site, cookie))["user"] is None
    if not (whole and out and all(answer.ok for answer in answers)):
        raise SystemExit(f"{site.name}: the shop does not work on it: {seen}, {answers}")


async def pairs(site: Site, rounds: int) -> Outcome:
    """Two requests change different keys of one session."""
    lost = failed = 0
    for _ in range(rounds):
        cookie = await logged_in(site)
        answers = await race(site, cookie, ["put-left", "put-right"])
        keys = (await look(site, cookie))["keys"]
        for answer, key in zip(answers, ("left", "right"), strict=True):
            lost += answer.ok and key not in keys
            failed += not answer.ok
    return Outcome(lost, 2 * rounds, failed)


async def writers(
    site: Site, changes: Sequence[str], kept: Callable[[dict[str, Any]], int]
) -> Outcome:
    """Many requests change one session at once."""
    cookie = await logged_in(site)
    answers = await race(site, cookie, changes)
    failed = sum(not answer.ok for answer in answers)
    return Outcome(kept(await look(site, cookie)), len(changes), failed)


def kept_keys(seen: dict[str, Any]) -> int:
    return sum(f"k{n}" in seen["keys"] for n in range(WRITERS))


def kept_items(seen: dict[str, Any]) -> int:
    return sum(f"k{n}" in seen["items"] for n in range(WRITERS))


async def logouts(site: Site, rounds: int, change: str) -> Outcome:
    """A logout is answered while a slow request is in flight; then that one ends."""
    undone = failed = 0
    for _ in range(rounds):
        cookie = await logged_in(site)

        async def log_out(cookie: str = cookie) -> None:
            answer = await site.ask("/logout", cookie)
            if not answer.ok or (await look(site, cookie))["user"] is not None:
                raise SystemExit(f"{site.name}: a logout had no effect: {answer}")

        (slow,) = await race(site, cookie, [change], log_out)
        failed += not slow.ok
        undone += (await look(site, cookie))["user"] is not None
    return Outcome(undone, rounds, failed)


async def overtaken_logouts(site: Site, rounds: int) -> Outcome:
    """The session gets a new id while a slow logout is in flight; then that one ends."""
    undone = failed = 0
    for _ in range(rounds):
        cookie = await logged_in(site)
        renewed: list[Answer] = []

        async def renew(cookie: str = cookie, renewed: list[Answer] = renewed) -> None:
            renewed.append(await site.ask("/renew", cookie))
            if renewed[0].cookie == cookie or (await look(site, renewed[0].cookie))["user"] != 7:
                raise SystemExit(f"{site.name}: it was given no new id: {renewed[0]}")

        (slow,) = await race(site, cookie, ["logout"], renew)
        failed += not slow.ok
        seen = [await look(site, known) for known in (cookie, renewed[0].cookie)]
        undone += any(session["user"] is not None for session in seen)
    return Outcome(undone, rounds, failed)


async def race(
    site: Site,
    cookie: str,
    changes: Sequence[str],
    meanwhile: Callable[[], Awaitable[None]] | None = None,
) -> list[Answer]:
    """Requests that have all read the session before any of them saves it."""
    answers: dict[int, Answer] = {}

    async def one(number: int, change: str) -> None:
        answers[number] = await site.ask(f"/change/{change}", cookie)

    site.gate.close(len(changes))
    with anyio.fail_after(DEADLINE):
        async with anyio.create_task_group() as tasks:
            for number, change in enumerate(changes):
                tasks.start_soon(one, number, change)
            try:
                await site.gate.full()
                if meanwhile is not None:
                    await meanwhile()
            finally:
                site.gate.open()
    return [answers[number] for number in range(len(changes))]


async def logged_in(site: Site) -> str:
    """A new browser's cookie."""
    return (await site.ask("/login", "")).cookie


async def look(site: Site, cookie: str) -> dict[str, Any]:
    answer = await site.ask("/look", cookie)
    if not answer.ok:
        raise SystemExit(f"{site.name}: its session cannot be read: {answer}")
    seen: dict[str, Any] = json.loads(answer.body)
    return seen


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
