"""What a shell offers while a value is typed."""

from __future__ import annotations

from typing import Protocol

from holdfast.rehearsal.faults import FAULTS


class Typed(Protocol):
    """A value that is not whole yet (``cyclopts.CompletionContext``)."""

    @property
    def incomplete(self) -> str:
        """What stands there so far."""


def fault_names(typed: Typed) -> list[str]:
    """The faults that can come next, each after those that stand there already: ``kill,roll``."""
    before, comma, _ = typed.incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in FAULTS if name not in before.split(",")]
