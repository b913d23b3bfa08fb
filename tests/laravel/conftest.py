"""What real Laravel wrote, and Debian's real Laravel to ask."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parent
VECTORS = SCRIPTS.parent / "vectors"


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The directory of the golden bytes."""
    return VECTORS


@pytest.fixture(scope="session")
def golden() -> Callable[[str], Any]:
    """Reads one JSON file of the vectors."""
    return lambda name: json.loads((VECTORS / name).read_bytes())


@pytest.fixture(scope="session")
def ask_laravel() -> Callable[[str, Iterable[Any]], list[Any]]:
    """Runs a script beside this file in one PHP process: JSON lines in, JSON lines out."""

    def ask(script: str, requests: Iterable[Any]) -> list[Any]:
        lines = [json.dumps(request) for request in requests]
        done = subprocess.run(
            ["php", "-d", "serialize_precision=-1", "-d", "memory_limit=512M", SCRIPTS / script],
            input="".join(line + "\n" for line in lines).encode(),
            capture_output=True,
            timeout=60,
            check=True,
        )
        assert not done.stderr, done.stderr[:2000]
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(answers) == len(lines)
        return answers

    return ask
