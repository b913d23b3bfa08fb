"""Golden bytes that PHP 8.2 and Laravel wrote, and PHP itself to ask."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

VECTORS = Path(__file__).parents[2] / "vectors"
SCRIPTS = Path(__file__).parent


@dataclass(frozen=True)
class Vector:
    """One serialized value; `described` says in JSON what PHP made of it (None if it does not)."""

    name: str
    raw: bytes
    described: Any


@dataclass(frozen=True)
class Verdict:
    """What PHP does with serialized bytes when it knows no class (allowed_classes=false)."""

    accepted: bool
    needs_class: bool  # it refused only because it does not know an enum
    again: bytes  # serialize(unserialize(...)), empty where refused


@pytest.fixture(scope="session")
def vectors() -> list[Vector]:
    found = []
    for version in ("laravel8", "laravel12"):
        directory = VECTORS / f"php-serialize-{version}"
        for entry in json.loads((directory / "index.json").read_bytes())["vectors"]:
            raw = (directory / entry["file"]).read_bytes()
            found.append(Vector(f"{version}/{entry['name']}", raw, entry.get("value")))
    assert len(found) == 119
    return found


@pytest.fixture(scope="session")
def edges() -> list[tuple[bytes, bool]]:
    """What unserialize() of PHP 8.2 took and refused, the enum of the vectors being known to it."""
    index = json.loads((VECTORS / "php-serialize-laravel8" / "index.json").read_bytes())
    found = []
    for entry in index["unserialize_edge"]:
        text = entry["input"]
        if "…" in text:  # too long for the index, which says how deep it was
            depth = int(text.split("depth ")[1].rstrip(")"))
            text = "a:1:{i:0;" * depth + "i:1;" + "}" * depth
        found.append((text.encode(), entry["ok"]))
    assert len(found) == 63
    return found


@pytest.fixture(scope="session")
def run_php() -> Callable[[str, Iterable[dict[str, Any]]], list[dict[str, Any]]]:
    """Runs a script beside this file in one PHP process: JSON lines in, JSON lines out."""

    def run(script: str, requests: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        done = subprocess.run(
            ["php", "-d", "serialize_precision=-1", "-d", "memory_limit=512M", SCRIPTS / script],
            input="".join(json.dumps(request) + "\n" for request in requests).encode(),
            capture_output=True,
            timeout=60,
            check=True,
        )
        assert not done.stderr, done.stderr[:2000]
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


@pytest.fixture(scope="session")
def ask_php(run_php) -> Callable[[list[bytes]], list[Verdict]]:
    def ask(payloads: list[bytes]) -> list[Verdict]:
        answers = run_php(
            "unserialize.php", ({"data": base64.b64encode(data).decode()} for data in payloads)
        )
        assert len(answers) == len(payloads)
        return [
            Verdict(
                accepted=answer["accepted"],
                needs_class=answer["needs_class"],
                again=base64.b64decode(answer["again"]),
            )
            for answer in answers
        ]

    return ask
