"""The documentation is run: its Python blocks as they stand, its commands up to their parsing."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from holdfast.cli.app import app
from holdfast.rehearsal.laravel import PACKAGES

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
RUN_ELSEWHERE = {"python-services.md"}  # served by an application of its own: tests/web
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)\)")


def blocks(page: Path, language: str) -> list[str]:
    return [body for kind, body in FENCE.findall(page.read_text()) if kind == language]


def commands() -> list[tuple[str, str]]:
    return [
        (page.name, line[2:].partition("#")[0].strip())
        for page in PAGES
        for body in blocks(page, "console")
        for line in body.splitlines()
        if line.startswith("$ ")
    ]


def with_python() -> list[Path]:
    return [page for page in PAGES if blocks(page, "python") and page.name not in RUN_ELSEWHERE]


@pytest.mark.parametrize("page", with_python(), ids=lambda page: page.name)
def test_python_blocks_run(page):
    names: dict[str, object] = {"__name__": page.stem}
    for body in blocks(page, "python"):
        exec(compile(body, str(page), "exec"), names)


@pytest.mark.parametrize(("page", "command"), commands())
def test_commands_exist(page, command):
    words = shlex.split(command)
    match words[0]:
        case "holdfast":
            function, _bound, _ignored = app.parse_args(
                words[1:], print_error=False, exit_on_error=False
            )
            assert callable(function)
        case "make":
            makefile = (ROOT / "Makefile").read_text()
            assert re.search(rf"^{words[1]}:", makefile, re.MULTILINE)
        case "apt":
            packages = set(words[2:])
            script = (ROOT / "scripts" / "debian-packages").read_text()
            wanted = re.search(r'^packages="(.*)"$', script, re.MULTILINE)
            assert wanted
            assert packages == set(wanted[1].split())
            assert set(PACKAGES.split()) <= packages
        case _:
            pytest.fail(f"{page}: nobody checks `{command}`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), target
