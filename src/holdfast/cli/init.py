"""``holdfast init``: a LaravelApp from a Laravel project, asking nothing that can be read."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.text import Text

from holdfast.check.image.base import published
from holdfast.check.sources.dockerfile import Dockerfile
from holdfast.check.sources.dockerfile import read as read_dockerfile
from holdfast.check.sources.stages import effective, stages
from holdfast.cli import exit_status
from holdfast.cli.output import write_in_place, write_json, write_new
from holdfast.cli.screen import stderr
from holdfast.cli.variables import variables
from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.kube.init.commented import one_line
from holdfast.kube.init.facts import Asked, ImageFacts, read
from holdfast.kube.init.write import Written, write
from holdfast.project.directory import Directory

_Flag = Annotated[bool, Parameter(negative="")]
_DOCKERFILES = (
    *("Dockerfile", "docker/Dockerfile", ".docker/Dockerfile", "deploy/Dockerfile"),
    *("docker/production/Dockerfile", "docker/prod/Dockerfile", "docker/app/Dockerfile"),
    *("docker/php/Dockerfile", "Dockerfile.prod", "Dockerfile.production"),
)


def init(
    directory: Path,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    image: str | None = None,
    host: str | None = None,
    name: str | None = None,
    env: Annotated[list[str] | None, Parameter(negative="", consume_multiple=False)] = None,
    laravel: int | None = None,
    force: _Flag = False,
    json: _Flag = False,
) -> int:
    """Write a LaravelApp from a Laravel project, which `holdfast render` makes manifests of.

    What can be read is read: version, runtime, sessions, cache, database, queues, Horizon, the
    schedule, uploads. Behind each value stands where it is from. Sessions keep their cookie and
    their prefix, so that nobody is logged out. What is to be filled in, and what is to be done in
    the project, is listed at the end, on stderr. No value of a secret is copied; nothing is run.

    **Examples**

        holdfast init ~/shop -o app.yaml

        holdfast init ~/shop --image registry.example.com/shop:1.4.2 --host shop.example.com

        holdfast init ~/shop --env APP_ENV=production --env SESSION_COOKIE=shop_session

    Exit status: 0 written, 2 no Laravel project or the file is there already, 3 unreadable.

    Args:
        directory: The directory that holds `composer.json` and `config`.
        output: The file to be written; without it: stdout.
        image: The image of the application, by digest or by a tag that never moves.
        host: Where users find the application.
        name: Of the LaravelApp; all objects are called after it.
        env: `NAME=VALUE` on top of `.env`, as the application has it where it runs now.
        laravel: The major version, where nothing in the directory says it.
        force: Overwrite the file.
        json: Write JSON to stdout: the LaravelApp, gaps, tasks, and where values are from.
    """
    if output is not None and not force and os.path.lexists(output):
        raise UsageError(f"{output} is there already", hint="another name, or --force")
    there = Directory(directory)
    asked = Asked(name=name, image=image, host=host, env=variables(env or []), laravel=laravel)
    written = write(read(there, asked, _image(there)))
    if output is not None:
        (write_in_place if force else write_new)(written.text.encode(), str(output))
    if json:
        write_json(_as_json(written), "-")
    elif output is None:
        sys.stdout.write(written.text)
        sys.stdout.flush()
    _say(written, output)
    return exit_status.HOLDS


def _image(there: Directory) -> ImageFacts | None:
    """What the project's Dockerfile says of its image; None where there is none to be read."""
    for name in _DOCKERFILES:
        try:
            data = there.read(name)
        except EnvironmentLacking:
            continue
        found = read_dockerfile(data, name) if data else None
        stage = effective(found) if isinstance(found, Dockerfile) and stages(found) else None
        if stage is not None:
            user = ((stage.user.text if stage.user else None) or "").partition(":")[0]
            process = [part.words or () for part in (stage.entrypoint, stage.cmd) if part]
            known = published(stage.base)
            return ImageFacts(
                file=name,
                base=stage.base.reference or "",
                workdir=stage.workdir or (known.workdir if known else None),
                user=int(user) if user.isascii() and user.isdigit() else None,
                command=tuple(word for words in process for word in words),
                text="\n".join(run.instruction.arguments.string for run in stage.runs),
            )
    return None


def _say(written: Written, output: Path | None) -> None:
    """What is left to do."""
    if written.gaps:
        _print("To be filled in, since nothing in the project says it:")
        for gap in written.gaps:
            _print(f"  {gap.path}: {gap.what}")
    if written.tasks:
        _print("To be done in the project or its image:")
        for task in written.tasks:
            _print(f"  {task.where}: {task.what}")
    if output is not None:
        _print(f"Written: {output}. Next: holdfast render {output}")


def _print(line: str) -> None:
    stderr.print(Text(one_line(line)), soft_wrap=True)


def _as_json(written: Written) -> dict[str, Any]:
    return {
        "app": written.app,
        "gaps": written.gaps,
        "tasks": written.tasks,
        "read": {each.path: each.where for each in written.read},
    }
