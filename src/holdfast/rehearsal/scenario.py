"""A rehearsal as a file: ``rehearsal.yaml``, which a team keeps beside its application."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec
from msgspec.structs import fields, replace

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.rehearsal.balancer import Choice
from holdfast.rehearsal.compare import APPS, parse_setup
from holdfast.rehearsal.digits import in_digits
from holdfast.rehearsal.faults import FAULTS, USUAL_FAULTS
from holdfast.rehearsal.located import MAX_BYTES, read
from holdfast.rehearsal.site import require_path, split_login
from holdfast.rehearsal.users import STEPS
from holdfast.rehearsal.verdict import INVARIANTS
from holdfast.rehearsal.visitors import STEPS as VISITOR_STEPS

SUFFIXES = (".yaml", ".yml")
"""By these a scenario is told from a directory and from the applications of our own."""

MAX_REPLICAS = 20
MAX_USERS = 1000
"""A rehearsal is a load on this machine: beyond these it measures the machine, not the sessions."""

MAX_SECONDS = 86_400
MAX_FAULTS = 1000
MAX_WEIGHT = 1_000_000

Located = Callable[[str], AbstractContextManager[None]]
"""Names the place of a setting, ``$.faults[1].at``, in the errors that are raised inside."""


class TimedFault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault, and when it begins: seconds since the users began to play."""

    fault: str
    at: float


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to rehearse, as a person says it; every field has the command line's default.

    Args:
        application: ``laravel``, ``shop``, ``mixed`` (replicas of both by turns), or
            the directory of a Laravel application.
        path: the page of that application which visitors load.
        login: how they log in, see :func:`holdfast.rehearsal.site.parse_login`.
        ready: the path that tells when a replica of it serves; None: as its version has it.
        rendered: a LaravelApp file, in whose rendered pods ``laravel`` runs; None: in plain ones.
        compare: choices of store, run one after the other; the last one is judged.
        store: the URL of a store that is there already, in place of ``compare``.
        replicas: how many stand behind the balancer.
        users: browsers at the same time.
        seconds: how long they play in each run.
        think: mean pause of a user between two steps, seconds.
        steps: what users do: how often each step is taken against the others; empty: as usual.
        faults: names, spread evenly over the seconds in their order; or each with its time.
        balancer: which balancer.
        seed: of the users' choices and the victims.
        judge: what the exit status stands for.
        expect: in place of that, how often each invariant may be violated; what is not named is not
            judged.
    """

    application: str = "laravel"
    path: str = "/"
    login: str | None = None
    ready: str | None = None
    rendered: str | None = None
    compare: list[str] = []
    store: str | None = None
    replicas: int = 3
    users: int = 50
    seconds: float = 30.0
    think: float = 0.5
    steps: dict[str, int] = {}
    faults: list[str | TimedFault] = msgspec.field(default_factory=lambda: list(USUAL_FAULTS))
    balancer: Choice = "auto"
    seed: int = 1
    judge: Literal["survival", "all"] = "all"
    expect: dict[str, int] = {}


def is_scenario(application: str) -> bool:
    """Whether what stands where an application does is the name of a scenario file."""
    return application.endswith(SUFFIXES)


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file. The paths in it are taken from the directory that holds it.

    Raises:
        EnvironmentLacking: it cannot be opened.
        UsageError: it is no scenario; the message has the file's name and the line.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise EnvironmentLacking(
            f"cannot read {path}: {error.strerror}",
            hint="`holdfast rehearse --init` writes one",
        ) from error
    document = read(content, str(path))
    scenario = document.convert(Scenario, _nearest_setting)
    check(scenario, document.at)
    return replace(
        scenario,
        application=_beside(path, scenario.application, APPS),
        store=_store_beside(path, scenario.store),
        rendered=None if scenario.rendered is None else _beside(path, scenario.rendered, ()),
    )


def template() -> str:
    """A scenario with every setting at its default, commented."""
    return resources.files(__package__).joinpath("scenario.yaml").read_text()


def check(scenario: Scenario, located: Located) -> None:
    """Whether a rehearsal can be as it is said; what is compared is read by ``compare``.

    Raises:
        UsageError: it cannot.
    """
    with located("$.replicas"):
        _between(scenario.replicas, 1, MAX_REPLICAS)
    with located("$.users"):
        _between(scenario.users, 1, MAX_USERS)
    with located("$.seconds"):
        _between(scenario.seconds, 1, MAX_SECONDS)
    with located("$.think"):
        _between(scenario.think, 0, MAX_SECONDS)
    for name, weight in scenario.steps.items():
        with located(f"$.steps.{name}"):
            _known("step", name, STEPS if scenario.application in APPS else VISITOR_STEPS)
            _between(weight, 0, MAX_WEIGHT)
    with located("$.faults"):
        _between(len(scenario.faults), 0, MAX_FAULTS)
        if len({type(fault) for fault in scenario.faults}) > 1:
            raise UsageError(
                "some faults have a time and some have none", hint="give all of them one, or none"
            )
    for number, fault in enumerate(scenario.faults):
        path = f"$.faults[{number}]"
        if isinstance(fault, str):
            with located(path):
                _known("fault", fault, FAULTS)
            continue
        with located(f"{path}.fault"):
            _known("fault", fault.fault, FAULTS)
        with located(f"{path}.at"):
            _between(fault.at, 0, scenario.seconds)
    _check_visits(scenario, located)
    with located("$.rendered"):
        if scenario.rendered is not None and scenario.application != "laravel":
            raise UsageError(
                "it is our Laravel fixture that runs in rendered pods",
                hint="leave the application out",
            )
    for name, most in scenario.expect.items():
        with located(f"$.expect.{name}"):
            _known("invariant", name, INVARIANTS)
            _between(most, 0, MAX_WEIGHT)
    with located("$.store"):
        if scenario.store is not None and scenario.compare:
            raise UsageError(
                "a store that is there already, and choices to compare",
                hint="leave out store or compare",
            )
    app = scenario.application if scenario.application in APPS else "laravel"
    for number, choice in enumerate(scenario.compare):
        with located(f"$.compare[{number}]"):
            parse_setup(choice, app)


def _check_visits(scenario: Scenario, located: Located) -> None:
    """What is said of an application of one's own is said of none of ours, and can be."""
    for name in ("path", "login", "ready"):
        value = getattr(scenario, name)
        if value in (None, "/"):
            continue
        with located(f"$.{name}"):
            if scenario.application in APPS:
                raise UsageError(
                    "this is for an application of your own", hint="name its directory"
                )
            if name == "login":
                split_login(value)
            else:
                require_path(value)


def _between(value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        nearest = most if value > most else least
        raise UsageError(
            f"{in_digits(value)} is not between {in_digits(least)} and {in_digits(most)}",
            hint=f"try {in_digits(nearest)}",
        )


def _known(what: str, name: str, names: Collection[str]) -> None:
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        raise UsageError(
            f"no such {what}: {name!r}",
            hint=f"did you mean {near[0]}?" if near else f"one of {', '.join(names)}",
        )


def _nearest_setting(path: str) -> str:
    inside, _, name = path.rpartition(".")
    kind = TimedFault if "faults" in inside else Scenario
    names = [field.name for field in fields(kind)]
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]}?" if near else f"one of {', '.join(names)}"


def _beside(file: Path, text: str, words: tuple[str, ...] = ()) -> str:
    return text if text in words else str(file.parent / text)


def _store_beside(file: Path, store: str | None) -> str | None:
    if store is not None and store.startswith("laravel:"):
        return "laravel:" + _beside(file, store.removeprefix("laravel:"))
    return store
