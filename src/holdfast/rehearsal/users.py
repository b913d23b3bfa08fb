"""What the users of a rehearsal do: browse, shop, log in and out, in parallel and again and again.

A user's choices come from the run's seed alone; what it sends next follows from what it was shown.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial

import anyio

from holdfast.rehearsal.browser import Browser
from holdfast.rehearsal.client import Client
from holdfast.rehearsal.history import Op
from holdfast.rehearsal.jar import LARAVEL_SESSION, Jar
from holdfast.rehearsal.protocol import GRACE_SECONDS, PRODUCTS
from holdfast.rehearsal.recorder import Recorder

THINK_SECONDS = 0.5
"""Mean pause between two steps: 20 users then make about 50 requests a second."""

READERS = 8
"""Browsers that read back at the same time."""

MARKS = ("colour", "size", "note", "gift")
"""Keys of the marks; each step sets different ones in parallel."""

Step = Callable[["User"], Awaitable[None]]


class User:
    """One person: a browser, a seeded will, and a count of what was sent."""

    def __init__(self, browser: Browser, number: int, seed: int) -> None:
        self.browser = browser
        self.id = number
        self.will = random.Random(f"{seed}:{browser.name}")
        self._tags = itertools.count(1)

    def item(self) -> dict[str, str]:
        """A cart item that nobody has sent before."""
        return {"item": f"{self.will.choice(PRODUCTS)}.{self.browser.name}-{next(self._tags)}"}

    def mark(self, key: str) -> dict[str, str]:
        """A mark with a value that nobody has sent before."""
        return {"key": key, "value": f"{self.browser.name}-{next(self._tags)}"}

    def slowly(self, args: dict[str, str]) -> dict[str, str]:
        """The same fields, held open by the handler as a slow query does."""
        return {**args, "ms": str(self.will.randrange(80, 300))}

    async def together(self, *requests: tuple[str, dict[str, str]]) -> None:
        """Send requests in parallel and reload where one was refused."""
        refused: list[Op] = []

        async def one(kind: str, args: dict[str, str]) -> None:
            op = await self.browser.send(kind, **args)
            if op.refused:
                refused.append(op)

        async with anyio.create_task_group() as tasks:
            for kind, args in requests:
                tasks.start_soon(one, kind, args)
        if refused:
            await self.look()

    async def look(self) -> None:
        """Load a page; where an answer showed the session gone, the browser learns it here too."""
        await self.browser.send("state")


async def play(
    client: Client,
    recorder: Recorder,
    *,
    users: int,
    seed: int,
    stop: anyio.Event,
    think: float = THINK_SECONDS,
    steps: Mapping[str, int] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    cookie: str = LARAVEL_SESSION,
) -> list[Browser]:
    """Let users shop until ``stop`` is set; requests in flight then are waited for.

    Args:
        client: sends all requests, to the balancer or into an application.
        recorder: keeps the history.
        users: how many, all at the same time.
        seed: the same seed makes the same users.
        stop: ends the play.
        think: mean pause between two steps of a user, seconds.
        steps: how often each of STEPS is taken against the others; default: as shops are used.
        on_progress: told the number of requests, and of sessions that were found gone.
        cookie: the session cookie's name.

    Returns:
        The browsers, with what they believe to have.
    """
    people = [
        User(Browser(f"u{number}", client, recorder, cookie), number, seed)
        for number in range(1, users + 1)
    ]
    gone = 0

    async def live(user: User) -> None:
        nonlocal gone
        await pause(user.will, think, stop)
        while not stop.is_set():
            before = user.browser.lineage, user.browser.opened
            step = _next_step(user, steps or {})
            await step(user)
            left = step in (log_out, log_out_in_flight)
            if before[1] and not left and user.browser.lineage != before[0]:
                gone += 1
            if on_progress:
                on_progress(recorder.next_id() - 1, gone)
            await pause(user.will, think, stop)

    async with anyio.create_task_group() as tasks:
        for user in people:
            tasks.start_soon(live, user)
    return [user.browser for user in people]


async def read_back(browsers: Iterable[Browser], rounds: int = 3) -> None:
    """Read every session that a browser believes to have, ``rounds`` times and in no hurry.

    Then look whether the id from before each browser's last login is dead: a grace is over by then.
    """
    everyone = list(browsers)
    limiter = anyio.CapacityLimiter(READERS)

    async def read(browser: Browser) -> None:
        async with limiter:
            for _ in range(rounds):
                if browser.opened:
                    await browser.send("state")

    async def probe(browser: Browser, jar: Jar, login: int) -> None:
        async with limiter:
            await browser.probe(jar, login)

    async with anyio.create_task_group() as tasks:
        for browser in everyone:
            tasks.start_soon(read, browser)
    given_up = [(browser, *browser.before_login) for browser in everyone if browser.before_login]
    if given_up:
        await anyio.sleep(GRACE_SECONDS)
    async with anyio.create_task_group() as tasks:
        for browser, jar, login in given_up:
            tasks.start_soon(probe, browser, jar, login)


async def start(user: User) -> None:
    """Come to the site and get a session."""
    await user.look()
    await user.browser.send("open", lineage=user.browser.lineage)


async def visit(user: User) -> None:
    """Look around."""
    await user.together(("catalogue", {}), ("state", {}))


async def add(user: User) -> None:
    """Put one thing into the cart, and see it there."""
    await user.together(("cart", user.item()))
    await user.look()


async def add_in_parallel(user: User) -> None:
    """Click several things at once, one of them answered slowly."""
    await user.together(
        ("cart", user.slowly(user.item())), ("cart", user.item()), ("count", {}), ("state", {})
    )
    await user.look()


async def count(user: User) -> None:
    """Count, once or several times at once."""
    await user.together(*[("count", {})] * user.will.randrange(1, 4))
    await user.look()


async def mark_in_parallel(user: User) -> None:
    """Set different marks at once, as a page with several widgets does."""
    keys = user.will.sample(MARKS, user.will.randrange(2, len(MARKS) + 1))
    await user.together(*[("mark", user.mark(key)) for key in keys])
    await user.look()


async def check_out(user: User) -> None:
    """Turn the cart into an order."""
    await user.together(("checkout", {}))
    await user.look()


async def log_in(user: User) -> None:
    """Log in quietly; the cookies from before must be dead then."""
    await _log_in(user, [])


async def log_in_in_flight(user: User) -> None:
    """Log in while other requests of the page are still being answered."""
    await _log_in(user, [("cart", user.slowly(user.item())), ("state", user.slowly({}))])


async def log_out(user: User) -> None:
    """Log out quietly; the old cookies must be dead then."""
    await _log_out(user, [])


async def log_out_in_flight(user: User) -> None:
    """Log out while a slow request is still being answered."""
    await _log_out(user, [("cart", user.slowly(user.item()))])


_GUEST_STEPS: dict[Step, int] = {
    visit: 1,
    add: 2,
    mark_in_parallel: 1,
    log_in: 2,
    log_in_in_flight: 2,
}
_MEMBER_STEPS: dict[Step, int] = {
    visit: 2,
    add: 4,
    add_in_parallel: 4,
    count: 4,
    mark_in_parallel: 4,
    check_out: 2,
    log_out: 2,
    log_out_in_flight: 1,
}
STEPS: dict[str, Step] = {
    step.__name__.replace("_", "-"): step for step in {**_GUEST_STEPS, **_MEMBER_STEPS}
}
"""What a user who has a session can do, by name; guests and members each have their share."""


def _next_step(user: User, weights: Mapping[str, int]) -> Step:
    if not user.browser.opened:
        return start
    steps = _GUEST_STEPS if user.browser.user is None else _MEMBER_STEPS
    if weights:
        steps = {STEPS[name]: weight for name, weight in weights.items() if STEPS[name] in steps}
    if not any(steps.values()):
        return visit
    return user.will.choices(list(steps), list(steps.values()))[0]


async def _log_in(user: User, in_flight: list[tuple[str, dict[str, str]]]) -> None:
    old = user.browser.jar.copy()
    login: list[Op] = []

    async def then() -> None:
        login.append(await user.browser.send("login", user=str(user.id)))

    await _while_in_flight(user, in_flight, then)
    await user.look()
    if login[0].ok:
        await user.browser.probe(old, login[0].id)
        user.browser.before_login = old, login[0].id


async def _log_out(user: User, in_flight: list[tuple[str, dict[str, str]]]) -> None:
    old = user.browser.jar.copy()
    logout: list[Op] = []

    async def then() -> None:
        logout.append(await user.browser.send("logout"))

    await _while_in_flight(user, in_flight, then)
    if logout[0].ok:
        for _ in range(2):
            await user.browser.probe(old, logout[0].id)
    else:
        await user.look()


async def _while_in_flight(
    user: User, in_flight: list[tuple[str, dict[str, str]]], then: Callable[[], Awaitable[None]]
) -> None:
    async with anyio.create_task_group() as tasks:
        for kind, args in in_flight:
            tasks.start_soon(partial(user.browser.send, kind, **args))
        if in_flight:
            # Long enough that the others have read the session, short enough that they hold it.
            await anyio.sleep(0.03)
        await then()


async def pause(will: random.Random, think: float, stop: anyio.Event) -> None:
    """Think, and now and then go away for a while and come back."""
    seconds = will.expovariate(1 / think) if think else 0.0
    if will.random() < 0.05:
        seconds *= 4
    with anyio.move_on_after(min(seconds, 6 * think)):
        await stop.wait()
