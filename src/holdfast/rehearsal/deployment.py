"""Replicas behind a balancer on a store, and what a cluster does to them: kill, roll, scale."""

from __future__ import annotations

import random
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

import anyio
from anyio import CancelScope

from holdfast.core.errors import EnvironmentLacking, HoldfastError
from holdfast.kube.app import App
from holdfast.rehearsal.app_key import fresh_app_key
from holdfast.rehearsal.application import Application, Replica, Shop
from holdfast.rehearsal.backing import Backing, backing
from holdfast.rehearsal.balancer import Balancer, Choice, open_balancer
from holdfast.rehearsal.compare import Program, Setup
from holdfast.rehearsal.harm import Harm
from holdfast.rehearsal.history import STORE, What
from holdfast.rehearsal.laravel import Laravel
from holdfast.rehearsal.own_application import Copies, OwnApplication
from holdfast.rehearsal.pace import Pace
from holdfast.rehearsal.rendered import Rendered
from holdfast.rehearsal.skew import Skew
from holdfast.rehearsal.threads import in_thread
from holdfast.servers.guardian import Guardian

_LONGEST_DIRECTORY = 70
"""Characters; the sockets below it must stay within a unix socket's 107."""


class Emit(Protocol):
    """Told of each change as it happens; the fields are those of ``history.Event``."""

    def __call__(self, what: What, replica: str, generation: int, fault: str) -> None:
        """Called in the event loop's thread; returns at once."""


class Deployment:
    """The replicas of one run; opened by :func:`deploy`. One change is made at a time.

    Args:
        setup: what it was made for.
        address: where browsers connect, ``http://127.0.0.1:PORT``.
        where: the store, for people.
        store: the store of it as replicas reach it; None where each has one of its own.
        harm: what can be done to where its sessions go.
    """

    def __init__(
        self,
        balancer: Balancer,
        store: Backing,
        emit: Emit,
        pace: Pace,
        make: Callable[[str, int, Sequence[str], Skew | None], Replica],
        *,
        setup: Setup,
        app_key: str,
    ) -> None:
        self.setup = setup
        self.address = balancer.address
        self.balancer = balancer.name
        self.where = store.where
        self.store = store.store
        self._balancer = balancer
        self._emit = emit
        self._pace = pace
        self._keys = [app_key]
        self._make = make
        self._replicas: dict[str, Replica] = {}
        self._generations: dict[str, int] = {}
        self._changing = anyio.Lock()
        self.harm = Harm(
            store, lambda what, fault: emit(what, STORE, 0, fault), pace, self._changing
        )

    @property
    def replicas(self) -> dict[str, int]:
        """Name and generation of each replica that takes traffic."""
        return {name: r.endpoint.generation for name, r in sorted(self._replicas.items())}

    async def scale(self, count: int, fault: str = "scale") -> None:
        """Have ``count`` replicas: start the missing ones, or drain and stop the newest."""
        async with self._changing:
            wanted = [f"r{number}" for number in range(1, count + 1)]
            missing = [name for name in wanted if name not in self._replicas]
            await _together(partial(self._launch, name, fault) for name in missing)
            surplus = [name for name in self._replicas if name not in wanted]
            await _together(partial(self._retire, self._replicas.pop(n), fault) for n in surplus)

    async def kill_one(self, rng: random.Random, fault: str = "kill") -> None:
        """SIGKILL one replica in the middle of what it does; a new one takes its place later.

        The balancer keeps it for ``Pace.detection``; its replacement is started after
        ``Pace.restart`` and has the next generation and an empty storage.
        """
        async with self._changing:
            name = rng.choice(sorted(self._replicas))
            victim = self._replicas.pop(name)
            self._emit("kill", name, victim.endpoint.generation, fault)
            await in_thread(victim.kill)
            self._emit("stopped", name, victim.endpoint.generation, fault)
            await anyio.sleep(self._pace.detection)
            await self._balancer.remove(victim.endpoint)
            await anyio.sleep(max(0.0, self._pace.restart - self._pace.detection))
            await self._launch(name, fault)

    async def pause_one(self, rng: random.Random, fault: str = "pause") -> None:
        """Stop one replica in the middle of what it does for ``Pace.pause``, and let it go on.

        What it had read before may be old by then: the requests that it holds save late.
        """
        async with self._changing:
            name = rng.choice(sorted(self._replicas))
            victim = self._replicas[name]
            self._emit("pause", name, victim.endpoint.generation, fault)
            victim.pause()
            try:
                await anyio.sleep(self._pace.pause)
            finally:
                victim.resume()
            self._emit("resume", name, victim.endpoint.generation, fault)

    async def roll(self, fault: str = "roll") -> None:
        """Replace each replica: the new one takes traffic, then the old one drains and stops."""
        async with self._changing:
            for name in sorted(self._replicas):
                await self._replace(name, fault)

    async def rotate(self, fault: str = "rotate") -> None:
        """Change APP_KEY in two rolls: all replicas open with the new key, then all seal with it.

        In a single roll nobody but the new replicas could open what they seal.
        """
        async with self._changing:
            old, new = self._keys[0], fresh_app_key()
            self._keys = [old, new]
            for name in sorted(self._replicas):
                await self._replace(name, fault)
            self._keys = [new, old]
            for name in sorted(self._replicas):
                await self._replace(name, fault, announce="rotate")
            for name in sorted(self._replicas):
                self._emit("over", name, self._generations[name], fault)

    async def skew_one(self, rng: random.Random, skew: Skew, fault: str) -> None:
        """Replace one replica by one with another setting, and after ``Pace.skew`` by a right one.

        A rollout that stops half-way and is taken back does this.
        """
        async with self._changing:
            readers = [n for n in sorted(self._replicas) if self.setup.runs(n) in skew.programs]
            name = rng.choice(readers)
            await self._replace(name, fault, skew, announce="skew")
            await anyio.sleep(self._pace.skew)
            wrong = self._generations[name]
            await self._replace(name, fault)
            self._emit("over", name, wrong, fault)

    async def scale_out_in(self, more: int = 1, fault: str = "scale") -> None:
        """Add replicas, let them serve for ``Pace.peak``, and take them away again."""
        count = len(self._replicas)
        await self.scale(count + more, fault)
        await anyio.sleep(self._pace.peak)
        await self.scale(count, fault)

    async def _replace(
        self, name: str, fault: str, skew: Skew | None = None, announce: What | None = None
    ) -> None:
        old = self._replicas[name]
        await self._launch(name, fault, skew, announce)
        await self._retire(old, fault)

    async def _launch(
        self, name: str, fault: str, skew: Skew | None = None, announce: What | None = None
    ) -> None:
        generation = self._generations.get(name, 0) + 1
        self._generations[name] = generation
        replica = self._make(name, generation, self._keys, skew)
        await in_thread(replica.start, on_cancel=replica.kill)
        if announce is not None:
            # Before it takes traffic: what it does to sessions comes later than this.
            self._emit(announce, name, generation, fault)
        await self._balancer.add(replica.endpoint)
        self._replicas[name] = replica
        self._emit("start", name, generation, fault)

    async def _retire(self, replica: Replica, fault: str) -> None:
        name, generation = replica.endpoint.name, replica.endpoint.generation
        stop = partial(in_thread, partial(replica.stop, self._pace.grace), on_cancel=replica.kill)
        if self._pace.lag:
            # As in a cluster: both begin at once, and the hook waits for the endpoint to be gone.
            self._emit("stop", name, generation, fault)
            await _together([stop, partial(self._remove_late, replica, fault)])
        else:
            await self._balancer.remove(replica.endpoint)
            self._emit("drain", name, generation, fault)
            await anyio.sleep(self._pace.drain)
            self._emit("stop", name, generation, fault)
            await stop()
        self._emit("stopped", name, generation, fault)

    async def _remove_late(self, replica: Replica, fault: str) -> None:
        await anyio.sleep(self._pace.lag)
        await self._balancer.remove(replica.endpoint)
        self._emit("drain", replica.endpoint.name, replica.endpoint.generation, fault)


@asynccontextmanager
async def deploy(
    setup: Setup,
    *,
    replicas: int,
    emit: Emit,
    balancer: Choice = "auto",
    own: OwnApplication | None = None,
    rendered: App | None = None,
    store: str | None = None,
    app_key: str | None = None,
    pace: Pace | None = None,
    proxied: bool = False,
) -> AsyncIterator[Deployment]:
    """Start a store, a balancer and replicas in a temporary directory; take all of it away again.

    At the end, on an error and on cancellation (Ctrl-C) every process is killed and the directory
    removed; where this process is killed itself, its guardian does both.

    Args:
        setup: which application on which store.
        replicas: how many there are at first.
        emit: told of every change; the first starts have an empty fault, the end is not told.
        balancer: see :func:`holdfast.rehearsal.balancer.open_balancer`.
        own: a Laravel application in place of our own fixture.
        rendered: the deployment whose pods our fixture runs in, as they were rendered.
        store: the URL of a store that is there already.
        app_key: Laravel's APP_KEY, default: :func:`fresh_app_key`.
        pace: how fast the cluster is.
        proxied: put a proxy between replicas and the store where it is a server that can be
            reached through one.

    Raises:
        EnvironmentLacking, StoreUnavailable, StoreMisconfigured: something is missing or did not
            start; nothing is left running.
        UsageError: the project is not a Laravel application.
    """
    applications = _applications(setup, own)
    if rendered is not None:
        fixture = Rendered(rendered, setup)
        applications, pace = {"laravel": fixture}, pace or fixture.pace
    key = app_key or fresh_app_key()
    everything = ExitStack()
    try:
        directory, guardian, backed = await in_thread(
            partial(
                _prepare,
                everything,
                list(applications.values()),
                setup,
                key,
                store,
                proxied=proxied,
            )
        )

        def make(name: str, generation: int, keys: Sequence[str], skew: Skew | None) -> Replica:
            replica = Replica(
                applications[setup.runs(name)],
                name,
                generation,
                directory,
                app_key=keys[0],
                previous_keys=keys[1:],
                handle_key=key,
                backing=backed,
                guardian=guardian,
                skew=skew,
            )
            everything.callback(replica.kill)
            return replica

        async with AsyncExitStack() as stack:
            opened = await stack.enter_async_context(
                open_balancer(
                    balancer, directory, affinity=setup.affinity is not None, guardian=guardian
                )
            )
            deployment = Deployment(
                opened, backed, emit, pace or Pace(), make, setup=setup, app_key=key
            )
            await deployment.scale(replicas, fault="")
            yield deployment
    finally:
        with CancelScope(shield=True):
            await in_thread(everything.close)


def _applications(setup: Setup, own: OwnApplication | None) -> dict[Program, Application]:
    fixture_or_own = Laravel(setup) if own is None else Copies(own, setup)
    return {program: Shop() if program == "shop" else fixture_or_own for program in setup.programs}


def _prepare(
    everything: ExitStack,
    applications: Sequence[Application],
    setup: Setup,
    app_key: str,
    store: str | None,
    *,
    proxied: bool,
) -> tuple[Path, Guardian, Backing]:
    for application in applications:
        application.require()
    guardian = everything.enter_context(Guardian())
    directory = Path(tempfile.mkdtemp(prefix="holdfast-"))
    guardian.watch_directory(directory)
    everything.callback(guardian.forget_directory, directory)
    everything.callback(shutil.rmtree, directory, ignore_errors=True)
    if not re.fullmatch(r"[\w./-]+", str(directory), re.ASCII):
        raise EnvironmentLacking(
            f"{directory} has characters that the servers' configurations have no quotes for",
            hint="set TMPDIR to /tmp",
        )
    if len(str(directory)) > _LONGEST_DIRECTORY:
        raise EnvironmentLacking(
            f"{directory} is too long a path for the sockets below it", hint="set TMPDIR to /tmp"
        )
    backed = everything.enter_context(
        backing(
            setup,
            directory,
            guardian,
            app_key=app_key,
            create_tables=applications[0].create_tables,
            url=store,
            proxied=proxied,
        )
    )
    return directory, guardian, backed


async def _together(steps: Iterable[Callable[[], Awaitable[object]]]) -> None:
    """Take all steps at once; raise the first error of ours bare, not in a group."""
    errors: list[HoldfastError] = []

    async def attempt(step: Callable[[], Awaitable[object]]) -> None:
        try:
            await step()
        except HoldfastError as error:
            errors.append(error)

    async with anyio.create_task_group() as tasks:
        for step in steps:
            tasks.start_soon(attempt, step)
    if errors:
        raise errors[0]
