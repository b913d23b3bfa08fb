"""``holdfast render``: one LaravelApp becomes the whole deployment."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from holdfast.cli import exit_status
from holdfast.cli.output import write_json
from holdfast.cli.short_life import short_life
from holdfast.core.errors import UsageError
from holdfast.kube.app import NEWEST, OLDEST, USUAL
from holdfast.kube.emit import emit
from holdfast.kube.read import read
from holdfast.kube.render import render as rendered
from holdfast.project import dotenv
from holdfast.project.dotenv import Loaded

_Flag = Annotated[bool, Parameter(negative="")]


@short_life()
def render(
    file: Path,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    env: str | None = None,
    kubernetes: str = f"1.{USUAL}",
    secret_env: Path | None = None,
    json: _Flag = False,
) -> int:
    """Write the manifests of a Laravel application.

    The same file makes the same bytes, always.

    **Examples**

        holdfast render app.yaml

        holdfast render app.yaml -o manifests --env production

    Exit status: 0 rendered, 2 the file is refused, 3 a file cannot be read or written.

    Args:
        file: The LaravelApp.
        output: A directory for the manifests, a file for each concern. Without it: stdout.
        env: The environment, one of the file's `environments`.
        kubernetes: The oldest Kubernetes that they are applied to.
        secret_env: A `.env` file whose variables become the Secret; without it the Secret is
            somebody else's.
        json: Write objects and decisions as JSON to stdout.
    """
    app = read(
        file.read_bytes(),
        str(file),
        environment=env,
        kubernetes=_minor(kubernetes),
        secret=_secret(secret_env),
    )
    made = rendered(app)
    every = [one for some in made.objects.values() for one in some]
    if json:
        write_json({"objects": every, "decisions": made.decisions}, "-")
    elif output is None:
        sys.stdout.write(emit(every))
    else:
        output.mkdir(parents=True, exist_ok=True)
        for number, (concern, some) in enumerate(made.objects.items(), 10):
            (output / f"{number}-{concern}.yaml").write_text(emit(some))
    return exit_status.HOLDS


def _minor(version: str) -> int:
    major, _, minor = version.removeprefix("v").partition(".")
    if major != "1" or not minor.isascii() or not minor.isdigit():
        raise UsageError(f"--kubernetes {version} is no version", hint=f"for example 1.{USUAL}")
    if not OLDEST <= int(minor) <= NEWEST:
        raise UsageError(
            f"nothing is rendered for Kubernetes {version}", hint=f"1.{OLDEST} to 1.{NEWEST} are"
        )
    return int(minor)


def _secret(file: Path | None) -> Mapping[str, str] | None:
    if file is None:
        return None
    found = dotenv.load(file.read_bytes(), {}, str(file))
    return {name: one.value for name, one in found.items() if isinstance(one, Loaded)}
