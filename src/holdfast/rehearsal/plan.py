"""What to rehearse: the plan that a scenario makes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, cast

from holdfast.core.errors import UsageError
from holdfast.laravel.encrypter import Encrypter
from holdfast.rehearsal.backing import setup_for_url
from holdfast.rehearsal.balancer import Choice
from holdfast.rehearsal.compare import App, Setup, parse_compare
from holdfast.rehearsal.scenario import MAX_SECONDS, Scenario, TimedFault
from holdfast.rehearsal.target import Target
from holdfast.stores.url import parse

CALM, END = "calm", "end"
"""The phases of a run beside those of its faults."""

USERS_THERE = 10
MOST_USERS_THERE = 50
"""Of a deployment that others use too."""

REQUESTS_A_STEP = 1.25
"""On average: users who think that long for each request just keep to a rate."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,30}")


class Scheduled(NamedTuple):
    """A fault, and when it begins: seconds since the users began to play."""

    at: float
    fault: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to rehearse.

    Args:
        setups: the choices of store, in the order of running; the last one is judged.
        replicas: how many stand behind the balancer.
        users: browsers at the same time.
        seconds: how long they play in each run.
        think, steps: as in Scenario.
        schedule: what is done to the replicas and their store meanwhile, in order of time.
        balancer: which balancer.
        seed: of the users' choices and the victims.
        project: the Laravel application in place of our fixture.
        store: URL of a store that is there already, for a single setup.
        app_key: Laravel's APP_KEY for all replicas; None: a fresh one for each run.
        history: directory for one JSON-lines file a setup; None: kept in a temporary file.
        target: a deployment that is there already; nothing is started then, and a scheduled fault
            is what its command is told.
        keys: names for what the user does by hand and marks with a key, in their order; None: there
            is no keyboard.
    """

    setups: tuple[Setup, ...]
    replicas: int
    users: int
    seconds: float
    think: float
    steps: Mapping[str, int]
    schedule: tuple[Scheduled, ...]
    balancer: Choice
    seed: int
    project: Path | None = None
    store: str | None = None
    app_key: str | None = field(default=None, repr=False)
    history: Path | None = None
    target: Target | None = None
    keys: tuple[str, ...] | None = None

    @property
    def faults(self) -> tuple[str, ...]:
        """The names of the scheduled faults, each once, in their order."""
        return tuple(dict.fromkeys(fault for _, fault in self.schedule))


def plan(scenario: Scenario, history: Path | None = None) -> Plan:
    """Make a plan of a scenario that was checked.

    Args:
        scenario: see :func:`holdfast.rehearsal.scenario.check`.
        history: as in Plan.

    Raises:
        UsageError: its application, store or comparison cannot be.
    """
    app, project = _application(scenario.application)
    if scenario.store is not None:
        setups = [setup_for_url(scenario.store, app)]
    else:
        setups = parse_compare(",".join(scenario.compare or ["redis"]), app)
    return Plan(
        setups=tuple(setups),
        replicas=scenario.replicas,
        users=scenario.users,
        seconds=scenario.seconds,
        think=scenario.think,
        steps=scenario.steps,
        schedule=_schedule(scenario),
        balancer=scenario.balancer,
        seed=scenario.seed,
        project=project,
        store=scenario.store,
        app_key=_app_key(scenario.store) if scenario.store else None,
        history=history,
    )


def attached_plan(
    target: Target,
    *,
    users: int | None,
    seconds: float | None,
    names: Sequence[str] | None,
    seed: int | None,
    keyboard: bool,
    history: Path | None,
) -> Plan:
    """Make a plan for a deployment that is there already.

    Args:
        target: where it is.
        users: USERS_THERE where None.
        seconds, seed: as in Scenario.
        names: what the target's command is told, one run each; None: one run. Without a command,
            what the user does by hand.
        keyboard: whether somebody sits at one, who can mark what is done by hand.
        history: as in Plan.

    Raises:
        UsageError: more users than the target's rate allows, no such name, nobody who does it.
    """
    usual = Scenario()
    users = USERS_THERE if users is None else users
    seconds = usual.seconds if seconds is None else seconds
    most = max(MOST_USERS_THERE, int(2 * target.rate))
    if not 1 <= users <= most:
        raise UsageError(
            f"--users {users} is not between 1 and {most} at --rate {target.rate:g}",
            hint="users share the rate: more of them only wait longer for each other",
        )
    if not 1 <= seconds <= MAX_SECONDS:
        raise UsageError(
            f"--seconds {seconds:g} is not between 1 and {MAX_SECONDS}", hint="try --seconds 30"
        )
    for name in names or ():
        if not _NAME.fullmatch(name) or name in (CALM, END):
            raise UsageError(
                f"--faults {name!r} is no name for what you do to a deployment",
                hint="letters, digits and dashes: rollout, node-drain",
            )
    if names and not target.command and not keyboard:
        raise UsageError(
            "--faults, and nobody who does them",
            hint="--on-fault COMMAND runs one; at a terminal you can press Enter instead",
        )
    doing = (["fault"] if names is None else names) if target.command else []
    return Plan(
        setups=(Setup(target.name, "laravel", "unknown"),),
        replicas=0,
        users=users,
        seconds=seconds,
        think=max(usual.think, REQUESTS_A_STEP * users / target.rate),
        steps={},
        schedule=spread(doing, seconds),
        balancer=usual.balancer,
        seed=usual.seed if seed is None else seed,
        history=history,
        target=target,
        keys=tuple(names or ()) if keyboard and not target.command else None,
    )


def spread(faults: Sequence[str], seconds: float) -> tuple[Scheduled, ...]:
    """The faults in this order, at equal distances over the seconds of a play."""
    gap = seconds / (len(faults) + 1)
    return tuple(Scheduled(gap * number, fault) for number, fault in enumerate(faults, start=1))


def _schedule(scenario: Scenario) -> tuple[Scheduled, ...]:
    """Faults without times at equal distances over the play; those with times as they say."""
    faults = scenario.faults
    gap = scenario.seconds / (len(faults) + 1)
    spread = [
        Scheduled(fault.at, fault.fault)
        if isinstance(fault, TimedFault)
        else Scheduled(gap * number, fault)
        for number, fault in enumerate(faults, start=1)
    ]
    return tuple(sorted(spread, key=lambda scheduled: scheduled.at))


def _application(text: str) -> tuple[App, Path | None]:
    if text in ("laravel", "shop"):
        return cast(App, text), None
    directory = Path(text)
    if directory.is_dir():
        return "laravel", directory
    raise UsageError(
        f"no such application: {text!r}",
        hint="laravel, shop, or the directory of a Laravel application",
    )


def _app_key(store: str) -> str | None:
    """The key that a store's URL names: the replicas then have it too, as the application has."""
    name = parse(store).parameters.get("key")
    if name is None:
        return None
    if name != "env:APP_KEY":
        raise UsageError(
            "key= in the store's URL: a rehearsal knows one key, its replicas' APP_KEY",
            hint="write key=env:APP_KEY, with APP_KEY in the environment or left to the rehearsal",
        )
    key = os.environ.get("APP_KEY")
    if key:
        Encrypter.from_app_key(key)
    return key or None
