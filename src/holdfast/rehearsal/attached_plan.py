"""The plan for a deployment that is already there: gentle users, and faults that are the user's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from holdfast.core.errors import UsageError
from holdfast.laravel.encrypter import Encrypter
from holdfast.rehearsal.by_hand import UNNAMED
from holdfast.rehearsal.canary import Watch
from holdfast.rehearsal.compare import Setup
from holdfast.rehearsal.digits import in_digits
from holdfast.rehearsal.observation import Reader
from holdfast.rehearsal.own_application import site_elsewhere
from holdfast.rehearsal.plan import CALM, END, Plan, spread
from holdfast.rehearsal.scenario import MAX_SECONDS, Scenario
from holdfast.rehearsal.site import Site, parse_login, require_path
from holdfast.rehearsal.target import Target

USERS = 10
MOST_USERS = 50
"""Of a deployment that others use too."""

GUESTS = 3
EVERY_SECONDS = 30.0
"""Of a canary: a rollout that takes a minute is seen by each of its sessions."""

LEAST_EVERY_SECONDS = 0.1
MOST_EVERY_SECONDS = 3600.0
"""Sessions that nobody looks at for longer expire, under Laravel's default of two hours."""

REQUESTS_A_STEP = 1.25
"""On average: users who think that long for each request just keep to a rate."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,30}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person says of a rehearsal there; None: as usual.

    Args:
        users: USERS where None.
        seconds, seed: as in Scenario.
        names: what the target's command is told, one run each; None: one run. Without a command,
            what the user does by hand.
        history: as in Plan.
    """

    users: int | None = None
    seconds: float | None = None
    seed: int | None = None
    names: Sequence[str] | None = None
    history: Path | None = None


def attached_plan(target: Target, site: Site, wanted: Wanted, *, keyboard: bool) -> Plan:
    """Make a plan.

    Args:
        target: where it is.
        site: as in Plan.
        wanted: what was said.
        keyboard: whether somebody sits at one, who can mark what is done by hand.

    Raises:
        UsageError: more users than the target's rate allows, no such name, nobody who does it.
    """
    usual = Scenario()
    users = USERS if wanted.users is None else wanted.users
    seconds = usual.seconds if wanted.seconds is None else wanted.seconds
    require_users(users, target)
    if not 1 <= seconds <= MAX_SECONDS:
        raise UsageError(
            f"--seconds {in_digits(seconds)} is not between 1 and {MAX_SECONDS}",
            hint="try --seconds 30",
        )
    for name in wanted.names or ():
        if not _NAME.fullmatch(name) or name in (CALM, END):
            raise UsageError(
                f"--faults {name!r} is no name for what you do to a deployment",
                hint="letters, digits and dashes: rollout, node-drain",
            )
    if wanted.names and not target.command and not keyboard:
        raise UsageError(
            "--faults, and nobody who does them",
            hint="--on-fault COMMAND runs one; at a terminal you can press Enter instead",
        )
    names = [UNNAMED] if wanted.names is None else wanted.names
    return Plan(
        setups=(Setup(target.name, "laravel", "unknown"),),
        replicas=0,
        users=users,
        seconds=seconds,
        think=max(usual.think, REQUESTS_A_STEP * users / target.rate),
        steps={},
        schedule=spread(names if target.command else [], seconds),
        balancer=usual.balancer,
        seed=usual.seed if wanted.seed is None else wanted.seed,
        history=wanted.history,
        target=target,
        site=site,
        keys=tuple(wanted.names or ()) if keyboard and not target.command else None,
    )


def watch_there(
    target: Target, site: Site, *, users: int | None, every: float | None, seconds: float | None
) -> Watch:
    """Make a plan to watch, for ever where ``seconds`` is None.

    Raises:
        UsageError: a number is out of range.
    """
    users = GUESTS if users is None else users
    every = EVERY_SECONDS if every is None else every
    require_users(users, target)
    if not LEAST_EVERY_SECONDS <= every <= MOST_EVERY_SECONDS:
        raise UsageError(
            f"--every {in_digits(every)} is not between {in_digits(LEAST_EVERY_SECONDS)} and"
            f" {in_digits(MOST_EVERY_SECONDS)} seconds",
            hint=f"try --every {EVERY_SECONDS:g}",
        )
    if seconds is not None and not 1 <= seconds <= MAX_SECONDS:
        raise UsageError(
            f"--seconds {in_digits(seconds)} is not between 1 and {MAX_SECONDS}",
            hint="leave it out: a canary watches until it is told to end",
        )
    return Watch(target, site, users, every, seconds)


def require_users(users: int, target: Target) -> None:
    """Raise UsageError where there are too many for the target's rate, or none."""
    most = max(MOST_USERS, int(2 * target.rate))
    if not 1 <= users <= most:
        raise UsageError(
            f"--users {users} is not between 1 and {most} at --rate {target.rate:g}",
            hint="users share the rate: more of them only wait longer for each other",
        )


def attached_site(
    application: str | None,
    environment: Mapping[str, str],
    *,
    path: str | None,
    login: str | None,
) -> Site:
    """What visitors know of it.

    Args:
        application: the directory of a Laravel application, whose cookies it sets; None: they are
            opened with APP_KEY of the environment, if that is set, and found by their names.
        environment: where passwords and keys are.
        path, login: as in Scenario.

    Raises:
        UsageError, EnvironmentLacking, FormatError: something of it cannot be read.
    """
    page = require_path(path or "/")
    form = parse_login(login, environment) if login else None
    if application is not None:
        if not Path(application).is_dir():
            raise UsageError(
                f"--url and the application {application!r}: nothing is started there",
                hint="leave it out, or name the directory of the application that runs there",
            )
        return site_elsewhere(Path(application), environment, path=page, login=form)
    key = environment.get("APP_KEY")
    return Site(Reader("", Encrypter.from_app_key(key) if key else None), page, form)
