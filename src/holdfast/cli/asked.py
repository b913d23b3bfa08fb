"""What to rehearse, from the options of the command line and a scenario file, if one is named."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.project.store import rehearsal_url
from holdfast.rehearsal.compare import APPS
from holdfast.rehearsal.scenario import Scenario, check, is_scenario, read_scenario, template

SCENARIO = "rehearsal.yaml"


def asked(application: str | None, options: Mapping[str, Any]) -> Scenario:
    """The scenario of a command line; its options come before the file's settings.

    Args:
        application: the argument: an application, or a scenario file.
        options: by name; None where an option was not given. ``driver`` is a comparison of one.

    Raises:
        UsageError: it cannot be read, or contradicts itself.
        EnvironmentLacking: the file cannot be opened.
    """
    given = {name: value for name, value in options.items() if value is not None}
    choices = [name for name in ("compare", "driver", "store") if name in given]
    for name in choices:
        if not given[name].strip():
            raise UsageError(f"--{name} is empty", hint="say what to rehearse, or leave it out")
    if len(choices) > 1:
        raise UsageError(
            "--compare, --driver and --store exclude each other",
            hint="--compare names several drivers, --driver one, --store a store that is there",
        )
    for text in (application, given.get("compare"), given.get("driver")):
        if text is not None and "://" in text:
            # Not quoted: it may hold a password.
            raise UsageError(
                "a store's URL is no application and no driver",
                hint="--store URL, or --url URL for a deployment",
            )
    base = _base(application)
    if given.get("path") == "/" and base.application in APPS:
        # In a file it stands for «as usual».
        raise UsageError(
            "--path: this is for an application of your own", hint="name its directory"
        )
    if "driver" in given:
        given["compare"] = given.pop("driver")
    if "compare" in given:
        given |= {"compare": [part.strip() for part in given["compare"].split(",")], "store": None}
    elif "store" in given:
        given["compare"] = []
    if "judge" in given:
        given["expect"] = {}
    if "faults" in given:
        given["faults"] = [name for part in given["faults"].split(",") if (name := part.strip())]
    scenario = replace(base, **given)
    check(scenario, _option)
    store = scenario.store
    return replace(scenario, store=rehearsal_url(store, os.environ)) if store else scenario


def _base(application: str | None) -> Scenario:
    if application is None:
        return Scenario()
    if is_scenario(application):
        return read_scenario(Path(application))
    return replace(Scenario(), application=application)


def write_scenario(application: str | None) -> Path:
    """Write a commented scenario file, and give its path.

    Args:
        application: the file's name; default: SCENARIO, here.

    Raises:
        UsageError: it is there already, or is no name of a scenario file.
        EnvironmentLacking: it cannot be written.
    """
    path = Path(application or SCENARIO)
    if not is_scenario(path.name):
        raise UsageError(f"{path} is no name of a scenario file", hint=f"for example {SCENARIO}")
    try:
        with path.open("x") as file:
            file.write(template())
    except FileExistsError as error:
        raise UsageError(f"{path} is there already", hint="name another file") from error
    except OSError as error:
        raise EnvironmentLacking(
            f"cannot write {path}: {error.strerror}",
            hint="name a file in a directory that is there",
        ) from error
    return path


@contextmanager
def _option(path: str) -> Iterator[None]:
    """Name the option in errors, which ``check`` names by the setting's path."""
    try:
        yield
    except UsageError as error:
        name = path.removeprefix("$.").partition("[")[0]
        raise UsageError(f"--{name}: {error}", hint=error.hint) from error
