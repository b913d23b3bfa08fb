"""The script that measures docs/durability.md, without its run; and the page as it is."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from holdfast.rehearsal.durability import FAULTS, LEVELS, Outcome

ROOT = Path(__file__).parents[1]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "durability"))
LOST = re.compile(r"^\| \*\*(.+)\*\*: acknowledged writes lost \|(.+)\|$", re.MULTILINE)


def test_what_was_lost_is_on_the_page():
    outcomes = {
        (fault, level): Outcome(16, acknowledged=1000 + n, lost=n, rolled_back=n % 16)
        for n, (fault, level) in enumerate((f, lv) for f in FAULTS for lv in LEVELS)
    }
    page = SCRIPT["page"](outcomes, dict.fromkeys(LEVELS, 1.25), "16", "1")
    assert "scripts/durability 16 1" in page.replace("\n", " ")
    found = dict(LOST.findall(page))
    cells = found["planned failover"].split("|")
    assert [cell.strip() for cell in cells] == ["**0** of 1000", "**1** of 1001", "**2** of 1002"]
    assert len(found) == len(FAULTS)


def test_the_page_says_that_strict_lost_nothing():
    rows = LOST.findall((ROOT / "docs" / "durability.md").read_text())
    assert len(rows) == len(FAULTS)
    for _, cells in rows:
        assert cells.split("|")[-1].strip().startswith("**0** of ")
