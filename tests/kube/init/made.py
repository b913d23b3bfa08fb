"""Laravel projects on disk: the skeletons of Laravel 8 to 13, a shop and a blog."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from holdfast.kube.init.facts import Asked, ImageFacts, read
from holdfast.kube.init.write import Written, write
from holdfast.project.directory import Directory

PROJECTS = Path(__file__).parent / "projects"
SKELETONS = Path(__file__).parents[2] / "project/skeletons"
NAMES = ("shop", "blog", *(str(version) for version in range(8, 14)))


def where(name: str) -> Path:
    """A project of this repository, whose ``.env`` is called ``env``."""
    return (SKELETONS if name.isdigit() else PROJECTS) / name


def copied(name: str, target: Path, *, dotenv: bool = True) -> Path:
    """A project as it is on somebody's machine."""
    shutil.copytree(where(name), target)
    (target / "env").rename(target / ".env")
    if not dotenv:
        (target / ".env").unlink()
    return target


def written(root: Path, image_facts: ImageFacts | None = None, **asked: Any) -> Written:
    """The LaravelApp of a project."""
    return write(read(Directory(root), Asked(**asked), image_facts))


def spec(root: Path, image_facts: ImageFacts | None = None, **asked: Any) -> dict[str, Any]:
    """Its specification."""
    return written(root, image_facts, **asked).app["spec"]


def tasks(root: Path, image_facts: ImageFacts | None = None, **asked: Any) -> str:
    """What is to be done, a line each."""
    return "\n".join(
        f"{task.where}: {task.what}" for task in written(root, image_facts, **asked).tasks
    )
