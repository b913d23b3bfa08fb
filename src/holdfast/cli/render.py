"""``holdfast render``: one LaravelApp becomes the whole deployment."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from holdfast.cli import exit_status
from holdfast.cli.output import write_json
from holdfast.cli.printable import printable
from holdfast.cli.short_life import short_life
from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.kube import directory as directories
from holdfast.kube import immutable, steps
from holdfast.kube.app import NEWEST, OLDEST, USUAL, App, Object
from holdfast.kube.directory import Plan, plan
from holdfast.kube.emit import emit
from holdfast.kube.files import files
from holdfast.kube.kustomize import ALONE, kustomized
from holdfast.kube.needed import needed
from holdfast.kube.read import read
from holdfast.kube.render import Rendered
from holdfast.kube.render import render as rendered
from holdfast.kube.secret_file import secret
from holdfast.kube.session_path import session_path
from holdfast.manifests.yaml import MAX_BYTES
from holdfast.project.reading import MAX_CONFIG_BYTES

_USUAL = "holdfast render app.yaml -o manifests"
_NAMES_DIRECTORY = "-o names a directory that is there or can be made, and be written"
_Flag = Annotated[bool, Parameter(negative="")]
_VERSION = re.compile(r"v?1[.](?P<minor>[0-9]{1,3})([.+-][-0-9A-Za-z.+]*)?")
"""As ``kubectl version`` says it, too: v1.33.2, v1.33.2+k3s1, v1.33.2-eks-1234."""
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


@short_life()
def render(
    file: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None,
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

        holdfast render app.yaml -o manifests --env production

        holdfast render app.yaml --diff manifests

        holdfast render app.yaml | kubectl apply --dry-run=server -f -

    With `-o` it ends with the commands that apply it: a version runs after it has migrated. Piped
    into `kubectl apply`, it would not wait.

    Exit status: 0 rendered, 1 `--diff` found a difference, 2 the file is refused or a file in the
    directory was edited, 3 a file cannot be read or written.

    Args:
        file: The LaravelApp, as `holdfast init` writes one; `-` is standard input.
        output: A directory for the manifests, a file for each concern. Without it: stdout.
        format: `kustomize` makes a base, components and an overlay for each environment.
        env: The environment, one of the file's `environments`; refused with kustomize, which has
            all of them.
        kubernetes: The oldest Kubernetes that they are applied to, 1.31 to 1.37.
        secret_env: A `.env` file whose variables become a Secret; without it somebody makes that.
        diff: Show what would change in this directory, and change nothing.
        force: Overwrite what somebody edited in the directory, or what is not ours.
        json: Write everything as JSON to stdout.
        quiet: No summary.
    """
    if file is None:
        raise UsageError("name the LaravelApp file", hint=f"{_USUAL}; holdfast init writes one")
    _require_sense(format, env, output=output, diff=diff, json=json)
    data, minor, values = _content(file), _minor(kubernetes), _secret(secret_env)

    def of(environment: str | None) -> App:
        return read(data, str(file), environment=environment, kubernetes=minor, secret=values)

    app = of(env)
    environments = {name: of(name) for name in app.spec.environments if format == "kustomize"}
    if environments:
        namesakes = (name for one in environments.values() for name in one.namesakes)
        app = replace(app, namesakes=tuple(dict.fromkeys(namesakes)))
    made = rendered(app)
    if json:
        write_json(_as_json(app, made), "-")
        return exit_status.HOLDS
    directory = output or diff
    if directory is None:
        sys.stdout.write(emit(_every(made)))
        sys.stdout.flush()
        commands = steps.of_stdout(made)
    else:
        bodies = kustomized(app, environments) if format == "kustomize" else files(made)
        found = _plan(directory, app, bodies)
        if diff is not None:
            return _difference(found, str(diff))
        if not force:
            _require_ours(found, app, str(directory))
        _write(directory, found)
        if format == "kustomize":
            commands = _of_overlays(environments or {ALONE: app}, directory)
        else:
            commands = steps.of_files(made, str(directory), found.strangers)
        commands = [*immutable.commands(found.changes), *commands]
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
    # What is longer is refused where it is read.
    return _read(file, MAX_BYTES + 1, "holdfast init writes a LaravelApp")


def _read(file: Path, size: int, way_out: str) -> bytes:
    """The bytes of a file, ``size`` of them at most; it may be a pipe."""
    try:
        with file.open("rb") as opened:
            return opened.read(size)
    except FileNotFoundError as error:
        raise EnvironmentLacking(f"there is no file {file}", hint=way_out) from error
    except IsADirectoryError as error:
        raise EnvironmentLacking(f"{file} is a directory", hint=f"a file; {way_out}") from error


def _minor(version: str) -> int:
    found = _VERSION.fullmatch(version)
    if found is None:
        raise UsageError(f"--kubernetes {version} is no version", hint=f"for example 1.{USUAL}")
    minor = int(found["minor"])
    if not OLDEST <= minor <= NEWEST:
        raise UsageError(
            f"nothing is rendered for Kubernetes {version}", hint=f"1.{OLDEST} to 1.{NEWEST} are"
        )
    return minor


def _secret(file: Path | None) -> Mapping[str, str] | None:
    if file is None:
        return None
    data = _read(file, MAX_CONFIG_BYTES + 1, "KEY=value, a line each")
    if len(data) > MAX_CONFIG_BYTES:
        raise EnvironmentLacking(
            f"{file} has more than {MAX_CONFIG_BYTES} bytes and is not read",
            hint="is this a .env file? A Secret has 1 MiB at most",
        )
    return secret(data, str(file))


def _owner(app: App) -> str:
    return app.name if app.environment is None else f"{app.name} in {app.environment}"


def _plan(directory: Path, app: App, bodies: Mapping[str, str]) -> Plan:
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory} is no directory", hint=_NAMES_DIRECTORY)
    with _in_directory(directory):
        return plan(directory, _owner(app), bodies)


def _write(directory: Path, found: Plan) -> None:
    with _in_directory(directory):
        directories.write(directory, found.changes)


@contextmanager
def _in_directory(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EnvironmentLacking(
            f"{error.filename or directory}: {error.strerror or error}", hint=_NAMES_DIRECTORY
        ) from error


def _of_overlays(environments: Mapping[str, App], directory: Path) -> list[str]:
    """The commands for each environment, one after the other."""
    commands = []
    for name, app in environments.items():
        if len(environments) > 1:
            commands.append(f"# {name}")
        commands += steps.of_overlay(rendered(app), f"{directory}/overlays/{name}")
    return commands


def _require_ours(found: Plan, app: App, output: str) -> None:
    """Raise where somebody's work would be overwritten."""
    if found.edited:
        raise UsageError(
            f"somebody edited {_listed(found.edited, output)}",
            hint=f"--diff {output} shows it; put the change into the LaravelApp, or --force",
        )
    if found.foreign:
        raise UsageError(
            f"{_listed(found.foreign, output)} {'were' if len(found.foreign) > 1 else 'was'} not"
            f" rendered for {_owner(app)}",
            hint="a directory for each application and each environment, or --force",
        )


def _listed(paths: Sequence[str], output: str) -> str:
    also = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"{output}/{paths[0]}{also}"


def _difference(found: Plan, name: str) -> int:
    from rich.text import Text

    from holdfast.cli.screen import stderr, stdout

    for change in found.changes:
        for line in directories.difference(change, name):
            stdout.print(Text(printable(line), style=_STYLES.get(line[:1], "")), soft_wrap=True)
    for command in immutable.commands(found.changes):
        stderr.print(Text(printable(command)), soft_wrap=True)
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
