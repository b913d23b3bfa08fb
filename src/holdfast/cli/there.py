"""The options for a deployment that is already there, and the plan that comes of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from holdfast.core.errors import UsageError
from holdfast.rehearsal.attached_plan import (
    Wanted,
    attached_plan,
    attached_site,
    watch_there,
)
from holdfast.rehearsal.canary import Watch
from holdfast.rehearsal.on_fault import read_command
from holdfast.rehearsal.plan import Plan
from holdfast.rehearsal.target import RATE, Target, target

ITS_OWN = ("compare", "driver", "store", "replicas", "balancer", "ready", "rendered")
"""The options that say what is to be started."""

NOT_WATCHED = ("faults", "on-fault", "seed", "judge", "json", "html", "junit", "history")
"""The options that mean nothing to a canary."""


@dataclass(frozen=True, slots=True)
class There:
    """A deployment that is already there.

    Args:
        url: Use the deployment at this URL (`https://staging.example.com`, with a path where it has
            one): users only, nothing is started. `--users` is then 10, and `--faults` are names for
            `--on-fault`.
        host: Ask for this host there, in the Host header and in TLS: an ingress by its address.
        ca_file: Trust the authorities in this PEM file instead of the system's.
        insecure: Take any certificate.
        basic: Basic authentication, `USER:env:NAME`: the password is in the environment variable
            `NAME`. `https://user:password@host` works too, and is masked in reports.
        rate: Requests a second that all users together may send; 20.
        on_fault: The command that is run at each of `--faults`, spread over the seconds; without
            `--faults` once, in the middle. It is run without a shell (`sh -c '...'` where you need
            one) and told `HOLDFAST_FAULT` and `HOLDFAST_FAULT_NUMBER`. Without a command, press
            Enter when you do it yourself.
        watch: Watch a few sessions for as long as they live, as a canary: `--users` is then 3, and
            without `--seconds` there is no end but SIGTERM or Ctrl-C. Each loss is a line on
            stderr; exit status 1 where there was one.
        every: Seconds between two looks at a watched session; 30.
        metrics: Serve Prometheus text while watching, at `/metrics` on this `PORT` of the loopback
            interface, or on `ADDRESS:PORT`.
    """

    url: str | None = None
    host: str | None = None
    ca_file: Path | None = None
    insecure: Annotated[bool, Parameter(negative="")] = False
    basic: str | None = None
    rate: float | None = None
    on_fault: str | None = None
    watch: Annotated[bool, Parameter(negative="")] = False
    every: float | None = None
    metrics: str | None = None

    def require_url(self) -> None:
        """Raise UsageError where an option means nothing without another that is not there."""
        for field in fields(self):
            if self.url is None and getattr(self, field.name) != field.default:
                raise UsageError(
                    f"--{field.name.replace('_', '-')} without --url",
                    hint="it is for a deployment that is already there: --url URL",
                )
        for name in ("every", "metrics"):
            if not self.watch and getattr(self, name) is not None:
                raise UsageError(f"--{name} without --watch", hint="a canary has it: --watch")

    def target(self, environment: Mapping[str, str]) -> Target:
        """Where it is.

        Raises:
            UsageError: something of it cannot be read, or contradicts the rest.
            EnvironmentLacking: a variable or program that it names is not there.
        """
        assert self.url is not None
        return target(
            self.url,
            host=self.host,
            ca_file=self.ca_file,
            insecure=self.insecure,
            basic=self.basic,
            rate=RATE if self.rate is None else self.rate,
            command=() if self.on_fault is None else read_command(self.on_fault),
            environment=environment,
        )


NOWHERE = There()


def watch_of(
    application: str | None,
    there: There,
    options: Mapping[str, Any],
    environment: Mapping[str, str],
) -> Watch:
    """What to watch; the arguments are those of ``plan_there``.

    Raises:
        UsageError, EnvironmentLacking, FormatError: something of it cannot be, or be read.
    """
    refuse_what_starts(options)
    for name, value in {**options, "on-fault": there.on_fault}.items():
        if name in NOT_WATCHED and value is not None:
            raise UsageError(
                f"--watch and --{name}: a canary does no harm and keeps no history",
                hint=f"leave out --{name}, or --watch",
            )
    return watch_there(
        there.target(environment),
        attached_site(application, environment, path=options["path"], login=options["login"]),
        users=options["users"],
        every=there.every,
        seconds=options["seconds"],
    )


def refuse_what_starts(options: Mapping[str, Any]) -> None:
    """Raise UsageError where an option says what is to be started, and nothing is."""
    for name in ITS_OWN:
        if options[name] is not None:
            raise UsageError(
                f"--url and --{name}: nothing is started there", hint=f"leave out --{name}"
            )


def _keyboard() -> bool:
    """Whether somebody sits at one."""
    return sys.stdin is not None and sys.stdin.isatty()


def plan_there(
    application: str | None,
    there: There,
    options: Mapping[str, Any],
    environment: Mapping[str, str],
    history: Path | None,
) -> Plan:
    """The plan for a deployment that is already there.

    Args:
        application: the directory of the application that runs there, if it is known.
        there: the options for it.
        options: those of every rehearsal, by name; None where one was not given.
        environment: where passwords are.
        history: see Plan.

    Raises:
        UsageError, EnvironmentLacking, FormatError: something of it cannot be, or be read.
    """
    refuse_what_starts(options)
    faults = options["faults"]
    wanted = Wanted(
        users=options["users"],
        seconds=options["seconds"],
        seed=options["seed"],
        names=None if faults is None else [n for part in faults.split(",") if (n := part.strip())],
        history=history,
    )
    site = attached_site(application, environment, path=options["path"], login=options["login"])
    return attached_plan(there.target(environment), site, wanted, keyboard=_keyboard())
