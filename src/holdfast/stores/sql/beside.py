"""The SQL of what lies beside the sessions: two tables, ``holdfast_beside_<table>`` and
``holdfast_aside_<table>``; what is kept there, and how much, says ``stores.beside``.

The first has one row an id: its last writes (each a comma and the write's id, newest first), until
when nothing is created under it, and where its session moved. The second is the quarantine.

On a server a write looks first whether it is fenced or was performed already, and writes if not.
What others commit between that look and its own commit is met by the note of the write, which is
made last: it then puts NULL where none may be, the whole transaction is undone and sent again, and
the look sees what was there. So no lock is held that an ordinary write does not need.
"""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.stores.beside import WRITES
from holdfast.stores.contract import Commit, Move

NOTE_LENGTH = 17
"""Of one write: a comma and the write's id."""

SWEEP_BATCH = 1000
"""The most rows that one sweep removes."""

GUARD = "gone_until"
"""The column that a forbidden write's note sets to NULL."""

GONE = "{kept}gone_until > :now"
"""The condition that nothing may be created under the id of a row."""

TOLD = f"({GONE} OR {{kept}}moved_until > :now)"
"""The condition that a delete is told where the session of a row has moved."""


@dataclass(frozen=True, slots=True)
class Words:
    """How one kind of database says what these statements need.

    Args:
        table: ``{beside}`` as the table of an INSERT, with the alias that ``kept`` names.
        kept: what stands before a column to mean that of the row that is there.
        fresh: that of the row that was to be inserted; ``{}`` is the column.
        taken: what follows an INSERT to say what becomes of a row that is there already.
        greatest: the function that gives the largest of its arguments.
        joined: the expression of two texts one after the other.
        noted: the condition that the row's writes have ``:note`` among them.
    """

    table: str
    kept: str
    fresh: str
    taken: str
    greatest: str
    joined: str
    noted: str

    def note(self, rows: str, objection: str) -> str:
        """Remember a write; with an objection that is true of the row, undo everything.

        Args:
            rows: where the row comes from: ``SELECT {} FROM new``, ``VALUES ({})``.
            objection: a condition, as :meth:`objection` gives it; empty for none.
        """
        row = rows.format(":noted, :note, :note_until")
        guard = ""
        if objection:
            # First: MariaDB's assignments see what those before them have assigned.
            kept = f"{self.kept}{GUARD}"
            guard = f"{GUARD} = CASE WHEN {objection} THEN NULL ELSE {kept} END, "
        writes = self.joined.format(self._fresh("writes"), f"{self.kept}writes")
        return (
            f"INSERT INTO {self.table} (id, writes, until) {row} {self.taken} {guard}"
            f"writes = substr({writes}, 1, {WRITES * NOTE_LENGTH}), {self._latest('until')}"
        )

    def leave(self, rows: str) -> str:
        """Fence an id, and note where its session has moved."""
        fields = ("moved_to", "seal", "moved_until")
        return self._end(rows, *(f"{field} = {self._fresh(field)}" for field in fields))

    def end(self, rows: str) -> str:
        """Fence an id; where its session has moved is remembered as long, if it still was."""
        told = TOLD.format(kept=self.kept)
        # First: MariaDB's assignments see what those before them have assigned.
        return self._end(rows, f"moved_to = CASE WHEN {told} THEN {self.kept}moved_to END")

    def _end(self, rows: str, *assignments: str) -> str:
        row = rows.format(":id, '', :gone_until, :moved_to, :seal, :moved_until, :end_until")
        latest = (self._latest("gone_until"), self._latest("until"))
        return (
            f"INSERT INTO {self.table} "
            f"(id, writes, gone_until, moved_to, seal, moved_until, until) {row} "
            f"{self.taken} {', '.join((*assignments, *latest))}"
        )

    def objection(self, write: Commit | Move) -> str:
        """The condition on a row beside that forbids a write; empty where nothing can."""
        fenced = isinstance(write, Commit) and write.base is None
        conditions = (GONE.format(kept=self.kept) if fenced else "", self.again(write))
        return " OR ".join(filter(None, conditions))

    def again(self, write: Commit | Move) -> str:
        """The condition on a row beside that a write was performed; empty for one that is new."""
        return self.noted if write.again and write.write_id is not None else ""

    def _fresh(self, column: str) -> str:
        return self.fresh.format(column)

    def _latest(self, column: str) -> str:
        return f"{column} = {self.greatest}({self.kept}{column}, {self._fresh(column)})"
