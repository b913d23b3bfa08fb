"""Real PHP, phpdotenv and Laravel 8.83 to ask, one process each; projects to read."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent

Ask = Callable[[Any], Any]


@contextmanager
def asking(script: str) -> Iterator[Ask]:
    """A script beside this file in one PHP process: a JSON line in, a JSON line out."""
    command = ["php", "-d", "serialize_precision=-1", "-d", "memory_limit=512M", HERE / script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout

        def ask(request: Any) -> Any:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
            assert line, f"{script} ended at {request}"
            return json.loads(line)

        yield ask
        process.stdin.close()
        assert process.wait(timeout=20) == 0


@pytest.fixture(scope="session")
def ask_php() -> Iterator[Ask]:
    with asking("expressions.php") as ask:
        yield ask


@pytest.fixture(scope="session")
def ask_dotenv() -> Iterator[Ask]:
    with asking("dotenv.php") as ask:
        yield ask


@pytest.fixture(scope="session")
def ask_laravel() -> Iterator[Ask]:
    with asking("laravel.php") as ask:
        yield ask


@pytest.fixture
def project(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """Writes a project's files; composer.lock says 12.67.0 unless it is one of them."""

    def write(files: dict[str, str]) -> Path:
        lock = {"packages": [{"name": "laravel/framework", "version": "v12.67.0"}]}
        for name, text in {"composer.lock": json.dumps(lock), **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write
