"""``holdfast render``: one LaravelApp becomes the whole deployment."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from holdfast.cli import exit_status
from holdfast.cli.output import write_json
from holdfast.cli.printable import printable
from holdfast.cli.short_life import short_life
from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.kube import directory as directories
from holdfast.kube.app import NEWEST, OLDEST, USUAL, App, Object
from holdfast.kube.directory import Plan, plan
from holdfast.kube.emit import emit
from holdfast.kube.files import files, steps
from holdfast.kube.kustomize import ALONE, kustomized
from holdfast.kube.needed import needed
from holdfast.kube.read import read
from holdfast.kube.render import Rendered
from holdfast.kube.render import render as rendered
from holdfast.kube.session_path import session_path
from holdfast.manifests.yaml import MAX_BYTES
from holdfast.project import dotenv
from holdfast.project.dotenv import Loaded
from holdfast.project.reading import MAX_CONFIG_BYTES

_Flag = Annotated[bool, Parameter(negative="")]
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


@short_life()
def render(
    file: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    format: Literal["yaml", "kustomize"] = "yaml",
    env: str | None = None,
    kubernetes: str = f"1.{USUAL}",
    secret_env: Path | None = None,
    diff: Path | None = None,
    force: _Flag = False,
    json: _Flag = False,
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], negative="")] = False,
) -> int:
    """Write the manifests of a Laravel application, from one LaravelApp file.

    The same file makes the same bytes, always. At the end, on stderr, it says how a session gets
    from the cookie to the store, what was decided and why, and what is still to be done.

    **Examples**

        holdfast render app.yaml | kubectl apply -f -

        holdfast render app.yaml -o manifests --env production

        holdfast render app.yaml --diff manifests

    Exit status: 0 rendered, 1 `--diff` found a difference, 2 the file is refused or a file in the
    directory was edited, 3 a file cannot be read or written.

    Args:
        file: The LaravelApp; `-` is standard input.
        output: A directory for the manifests, a file for each concern. Without it: stdout.
        format: `kustomize` makes a base, components and an overlay for each environment.
        env: The environment, one of the file's `environments`.
        kubernetes: The oldest Kubernetes that they are applied to.
        secret_env: A `.env` file whose variables become a Secret; without it somebody makes that.
        diff: Show what would change in this directory, and change nothing.
        force: Overwrite what somebody edited in the directory.
        json: Write everything as JSON to stdout.
        quiet: No summary.
    """
    _require_sense(format, env, output=output, diff=diff, json=json)
    data, minor, secret = _content(file), _minor(kubernetes), _secret(secret_env)

    def of(environment: str | None) -> App:
        return read(data, str(file), environment=environment, kubernetes=minor, secret=secret)

    app = of(env)
    made = rendered(app)
    if json:
        write_json(_as_json(app, made), "-")
        return exit_status.HOLDS
    directory = output or diff
    if directory is None:
        sys.stdout.write(emit(_every(made)))
        sys.stdout.flush()
        commands: Sequence[str] = []
    else:
        if format == "kustomize":
            environments = {name: of(name) for name in app.spec.environments}
            bodies = kustomized(app, environments)
            commands = [f"kubectl apply -k {directory}/overlays/{next(iter(environments), ALONE)}"]
        else:
            bodies, commands = files(made), steps(made, str(directory))
        found = plan(directory, app.name, bodies)
        if diff is not None:
            return _difference(found, str(diff))
        if not force:
            _require_ours(found, str(directory))
        directories.write(directory, found.changes)
    if not quiet:
        _summarize(app, made, commands)
    return exit_status.HOLDS


def _require_sense(
    format: str, env: str | None, *, output: Path | None, diff: Path | None, json: bool
) -> None:
    """Raise where options are given of which one would be without effect."""
    if sum((output is not None, diff is not None, json)) > 1:
        raise UsageError("-o, --diff and --json exclude each other", hint="one after the other")
    if format == "kustomize":
        if output is None and diff is None:
            raise UsageError("kustomizations are many files", hint="-o DIR says where they go")
        if env is not None:
            raise UsageError(
                "--env is without effect: each environment is an overlay", hint="leave it out"
            )


def _content(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    # Since - is a file, cyclopts takes for one whatever else begins so and is no option.
    if str(file).startswith("-"):
        raise UsageError(f"there is no option {file}", hint="holdfast render --help lists them")
    return _start(file, MAX_BYTES + 1)  # what is longer is refused where it is read


def _start(file: Path, size: int) -> bytes:
    """The bytes of a file, ``size`` of them at most; it may be a pipe."""
    with file.open("rb") as opened:
        return opened.read(size)


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
    data = _start(file, MAX_CONFIG_BYTES + 1)
    if len(data) > MAX_CONFIG_BYTES:
        raise EnvironmentLacking(
            f"{file} has more than {MAX_CONFIG_BYTES} bytes and is not read",
            hint="is this a .env file? A Secret has 1 MiB at most",
        )
    found = dotenv.load(data, {}, str(file))
    return {name: one.value for name, one in found.items() if isinstance(one, Loaded)}


def _require_ours(found: Plan, output: str) -> None:
    """Raise where somebody's work would be overwritten."""
    if found.edited:
        raise UsageError(
            f"somebody edited {_listed(found.edited, output)}",
            hint=f"--diff {output} shows it; put the change into the LaravelApp, or --force",
        )
    if found.foreign:
        raise UsageError(
            f"{_listed(found.foreign, output)} was not rendered for this application",
            hint="another directory for each application, or --force",
        )


def _listed(paths: Sequence[str], output: str) -> str:
    also = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"{output}/{paths[0]}{also}"


def _difference(found: Plan, name: str) -> int:
    from rich.text import Text

    from holdfast.cli.screen import stdout

    for change in found.changes:
        for line in directories.difference(change, name):
            stdout.print(Text(printable(line), style=_STYLES.get(line[:1], "")), soft_wrap=True)
    return exit_status.VIOLATED if found.changes else exit_status.HOLDS


def _summarize(app: App, made: Rendered, commands: Sequence[str]) -> None:
    # A rendering alone does without rich, which takes longer to load than all else.
    from holdfast.cli.render_summary import show_summary
    from holdfast.cli.screen import stderr

    every = _every(made)
    path = session_path(app, every)
    show_summary(stderr, path, made.decisions, needed(app, every), commands)


def _as_json(app: App, made: Rendered) -> dict[str, Any]:
    every = _every(made)
    return {
        "application": app.name,
        "environment": app.environment,
        "kubernetes": f"1.{app.kubernetes}",
        "objects": made.objects,
        "path": session_path(app, every),
        "decisions": made.decisions,
        "needed": needed(app, every),
    }


def _every(made: Rendered) -> list[Object]:
    return [one for some in made.objects.values() for one in some]
