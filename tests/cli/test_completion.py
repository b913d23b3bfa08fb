"""What a shell offers while a command line is typed."""

from __future__ import annotations

import pytest
from cyclopts.completion._engine import compute_completions  # what the shell's script asks

from holdfast.cli.app import app
from holdfast.rehearsal.faults import FAULTS


def offered(*words):
    return [completion.value for completion in compute_completions(app, list(words))]


@pytest.mark.parametrize(
    ("typed", "before", "used"),
    [("", "", set()), ("ki", "", set()), ("kill,", "kill,", {"kill"}),
     ("kill,roll,s", "kill,roll,", {"kill", "roll"})],
)  # fmt: skip
def test_the_names_of_faults(typed, before, used):
    names = [before + name for name in FAULTS if name not in used]
    assert offered("rehearse", "laravel", "--faults", typed) == names
