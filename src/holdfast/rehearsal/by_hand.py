"""What a user does to a deployment that is already there: a command that runs, or a key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from holdfast.rehearsal.courtesy import Courtesy
from holdfast.rehearsal.faults import Harm
from holdfast.rehearsal.history import DEPLOYMENT, Event, What
from holdfast.rehearsal.on_fault import COMMAND_SECONDS, keys, run_command
from holdfast.rehearsal.recorder import Recorder

UNNAMED = "fault"
"""What is done, where nobody gave it a name."""


class ByHand:
    """The faults that are the user's.

    Args:
        command: program and arguments; empty: none.
        courtesy: is told when errors are to be expected.
        recorder: is told what is done, and when.
        says: shown to whoever waits.
        doubts: gets a line for each command that did not do what it was to do.
    """

    def __init__(
        self,
        command: Sequence[str],
        courtesy: Courtesy,
        recorder: Recorder,
        says: Callable[[str], None],
        doubts: list[str],
    ) -> None:
        self._command = tuple(command)
        self._courtesy = courtesy
        self._recorder = recorder
        self._says = says
        self._doubts = doubts
        self._done = 0

    def harms(self, names: Iterable[str]) -> dict[str, Harm]:
        """The user's command, by each name that it is to be told."""
        return {
            name: Harm(f"{name}: your command runs", partial(self._run, name)) for name in names
        }

    async def listen(self, descriptor: int, names: Iterable[str]) -> None:
        """Mark what the user does, at each line that is entered, until there is no more.

        Args:
            descriptor: of the terminal.
            names: for the first lines; then UNNAMED.
        """
        left = iter(names)
        async for _ in keys(descriptor):
            name = next(left, UNNAMED)
            self._courtesy.expect()
            self._event("key", name)
            self._recorder.event(Event(self._recorder.elapsed(), "phase", fault=name))
            self._says(f"{name}: begun by hand")

    async def _run(self, name: str, _: object) -> None:
        self._done += 1
        variables = {"HOLDFAST_FAULT": name, "HOLDFAST_FAULT_NUMBER": str(self._done)}
        self._courtesy.expect(COMMAND_SECONDS)
        self._event("command", name)
        outcome = await run_command(self._command, variables)
        self._event("over", name, outcome.status)
        self._courtesy.expect()
        if not outcome.failed:
            self._says(f"{name}: your command is over")
            return
        how = f"ended with status {outcome.status}"
        if not outcome.in_time:
            how = f"had not ended after {COMMAND_SECONDS:g} s"
        self._doubts.append(f"your command for «{name}» {how}")
        self._says(f"{name}: your command {how}: {outcome.last_words or 'it wrote nothing'}")

    def _event(self, what: What, fault: str, status: int | None = None) -> None:
        self._recorder.event(Event(self._recorder.elapsed(), what, DEPLOYMENT, 0, fault, status))
