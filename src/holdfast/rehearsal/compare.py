"""What a rehearsal compares: ``[APP=]driver[:engine][+block][@affinity]``, by comma."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

from holdfast.core.errors import UsageError

Program = Literal["laravel", "shop"]
App = Literal[Program, "mixed"]
Driver = Literal["array", "file", "cookie", "redis", "memcached", "database", "unknown"]
Locality = Literal["request", "replica", "client", "shared", "unknown"]

EXAMPLE = "file,file@cookie,redis,laravel=redis+block,shop=redis"

APPS: tuple[App, ...] = ("laravel", "shop", "mixed")
_DRIVERS: dict[Driver, tuple[str, ...]] = {
    "array": (),
    "file": ("own", "shared"),
    "cookie": (),
    "redis": ("memory", "aof", "sentinel"),
    "memcached": (),
    "database": ("sqlite", "postgresql", "mariadb"),
}
"""Every driver with its engines; the first is the default."""

_AFFINITIES = ("cookie",)
_LARAVEL_ALONE: dict[Driver, str] = {"cookie": "cookies", "memcached": "memcached"}
_LOCKING: tuple[Driver, ...] = ("file", "redis", "memcached", "database")
_NOT_SHARED: dict[Driver, str] = {
    "array": "each keeps them in its own memory, or not at all",
    "file": "each replica has files of its own",
    "cookie": "they are in cookies, which the shop cannot do",
    "memcached": "they are in memcached, which the shop cannot do",
}
_GRAMMAR = re.compile(
    r"(?:(?P<app>[^=]*)=)?(?P<driver>[^=:+@]*)(?::(?P<engine>[^=:+@]*))?"
    r"(?P<options>(?:\+[^=:+@]*)*)(?:@(?P<affinity>[^=:+@]*))?"
)


@dataclass(frozen=True, slots=True)
class Setup:
    """One column of a comparison.

    Args:
        name: as it was written; unique in a comparison.
        app: which application the replicas run; ``mixed``: some Laravel, some the shop.
        driver: Laravel's word for the choice of store; ``unknown`` for a deployment that is there
            already, which nobody can ask for in a comparison.
        engine: which kind of that driver; None where it has no kinds. ``file:own`` is a directory
            for each replica, ``file:shared`` one for all; ``database:sqlite`` is one shared file,
            ``database:postgresql`` and ``database:mariadb`` are servers. ``redis:memory`` keeps
            nothing when it ends, ``redis:aof`` what its append-only file holds; ``redis:sentinel``
            is a primary with replicas and Sentinels.
        block: Laravel's session locks (``session.block``) on every route.
        affinity: ``cookie`` where the balancer brings a browser back to the replica it was on.
        given: the store was there before the run, and is not ours to stop or to empty.
        tls: its server is reached with TLS, whose certificate is verified.
        discovered: the server is the one that Sentinels name at the time.
    """

    name: str
    app: App
    driver: Driver
    engine: str | None = None
    block: bool = False
    affinity: Literal["cookie"] | None = None
    given: bool = False
    tls: bool = False
    discovered: bool = False

    @property
    def on_server(self) -> bool:
        """Whether the sessions are on a server, which replicas reach by TCP."""
        return self.driver in ("redis", "memcached") or (
            self.driver == "database" and self.engine != "sqlite"
        )

    @property
    def volatile(self) -> bool:
        """Whether a server that was started for the run forgets everything when it ends."""
        return self.driver == "memcached" or (self.driver, self.engine) == ("redis", "memory")

    @property
    def programs(self) -> tuple[Program, ...]:
        """What its replicas run."""
        return ("laravel", "shop") if self.app == "mixed" else (self.app,)

    def runs(self, replica: str) -> Program:
        """What a replica runs; of mixed ones the odd are Laravel and the even are the shop."""
        if self.app != "mixed":
            return self.app
        return "laravel" if replica.endswith(("1", "3", "5", "7", "9")) else "shop"

    @property
    def locality(self) -> Locality:
        """Where a session lives: in one request, one replica, the browser, or for all replicas;
        unknown where a deployment is there already.
        """
        match self.driver, self.engine:
            case "array", _:
                # PHP forgets it with the request; a Python process keeps it while it lives.
                return "request" if self.app == "laravel" else "replica"
            case "file", "own":
                return "replica"
            case "cookie", _:
                return "client"
            case "unknown", _:
                return "unknown"
            case _:
                return "shared"


def parse_compare(text: str, default_app: App) -> list[Setup]:
    """Read a whole comparison; the application is ``default_app`` where no prefix stands.

    Raises:
        UsageError: one of them cannot be read or cannot be, or two have the same name.
    """
    setups = [parse_setup(part, default_app) for part in text.split(",")]
    seen: set[str] = set()
    for setup in setups:
        if setup.name in seen:
            raise UsageError(f"{setup.name!r} is compared twice", hint="name each choice once")
        seen.add(setup.name)
    return setups


def parse_setup(text: str, default_app: App) -> Setup:
    """Read one choice of the grammar.

    Raises:
        UsageError: it cannot be read, or names what cannot be.
    """
    name = text.strip()
    match = _GRAMMAR.fullmatch(name)
    if not name or match is None:
        raise UsageError(
            f"{name!r} is not [laravel=|shop=|mixed=]driver[:engine][+block][@affinity]",
            hint=f"for example {EXAMPLE}",
        )
    app = cast(App, _one_of("application", match["app"], APPS, name, default_app))
    driver = cast(Driver, _one_of("driver", match["driver"], _DRIVERS, name))
    engines = _DRIVERS[driver]
    if match["engine"] is not None and not engines:
        raise UsageError(f"the driver {driver} has no engines, in {name!r}", hint=f"write {driver}")
    options = match["options"].split("+")[1:]
    for option in options:
        _one_of("option", option, ("block",), name)
    if len(options) > 1:
        raise UsageError(f"+block stands twice in {name!r}", hint="write it once")
    setup = Setup(
        name=name,
        app=app,
        driver=driver,
        engine=_one_of("engine", match["engine"], engines, name, next(iter(engines), None)),
        block=bool(options),
        affinity=cast(
            "Literal['cookie'] | None",
            _one_of("affinity", match["affinity"], _AFFINITIES, name, None),
        ),
    )
    _check(setup)
    return setup


def _check(setup: Setup) -> None:
    alone = setup.locality != "shared" or setup.driver in _LARAVEL_ALONE
    if setup.app == "mixed" and alone:
        raise UsageError(
            f"Laravel and the shop share no sessions where {_NOT_SHARED[setup.driver]},"
            f" in {setup.name!r}",
            hint="for example mixed=redis, mixed=database or mixed=file:shared",
        )
    if setup.app == "shop" and setup.driver in _LARAVEL_ALONE:
        raise UsageError(
            f"the shop cannot keep sessions in {_LARAVEL_ALONE[setup.driver]}, in {setup.name!r}",
            hint=f"write laravel={setup.driver}: it is Laravel that has this driver",
        )
    if setup.block and setup.app != "laravel":
        raise UsageError(
            f"+block is Laravel's session lock, and the shop takes none, in {setup.name!r}",
            hint=f"write laravel={setup.driver}+block; the shop's saves are conditional anyway",
        )
    if setup.block and setup.driver not in _LOCKING:
        raise UsageError(
            f"+block needs a store for its locks, and {setup.driver} has none, in {setup.name!r}",
            hint=f"+block goes with {', '.join(_LOCKING)}",
        )


def _one_of(
    what: str, word: str | None, known: Iterable[str], name: str, default: str | None = None
) -> str | None:
    if word is None:
        return default
    words = list(known)
    if word in words:
        return word
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    raise UsageError(
        f"no such {what}: {word!r}, in {name!r}",
        hint=f"did you mean {near[0]}?" if near else f"one of {', '.join(words)}",
    )
