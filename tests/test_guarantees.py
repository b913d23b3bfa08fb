"""The script that measures docs/guarantees.md, without its long run."""

from __future__ import annotations

import runpy
from pathlib import Path

from holdfast.rehearsal.compare import parse_compare

SCRIPT = runpy.run_path(str(Path(__file__).parents[1] / "scripts" / "guarantees"))


def test_its_choices_can_be_rehearsed():
    names = [setup.name for setup in parse_compare(",".join(SCRIPT["SETUPS"]), "laravel")]
    assert names == list(SCRIPT["SETUPS"])


def test_a_fault_that_cannot_be_done_is_no_zero():
    rows = SCRIPT["table"]({"kill": {"file": 7, "redis": 0}, "evict": {"redis": 3}}, str)
    assert "| `file` | 7 | not applicable |" in rows
    assert "| `redis` | 0 | 3 |" in rows
