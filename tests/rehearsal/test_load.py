"""The benchmark of the rehearsal itself still runs, and finds its null application correct."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[2] / "bench" / "load.py"


def test_the_null_application_is_correct_and_the_judge_says_so():
    # It fails where the judge finds anything wrong, or anything was left without an answer.
    done = subprocess.run(
        [sys.executable, str(BENCH), "one", "600"], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    measured = json.loads(done.stdout)
    assert measured["requests"] >= 600
    assert measured["history_bytes"] > 100 * 600
