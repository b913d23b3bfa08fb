"""Projects to write a LaravelApp from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.kube.init.made import copied

Project = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Makes a project, with other files and further lines in its ``.env``."""

    def make(
        name: str = "12",
        files: Mapping[str, str] | None = None,
        env: str = "",
        *,
        dotenv: bool = True,
    ) -> Path:
        root = copied(name, tmp_path / "project", dotenv=dotenv)
        for path, text in (files or {}).items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        if env:
            with (root / ".env").open("a") as file:
                file.write(env)
        return root

    return make
