"""What scripts/check-pages writes is what is in docs."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = runpy.run_path(str(ROOT / "scripts" / "check-pages"))["PAGES"]


@pytest.mark.parametrize("name", PAGES)
def test_it_is_current(name):
    written = (ROOT / "docs" / name).read_bytes()
    assert written == PAGES[name](), "run .venv/bin/python scripts/check-pages"
