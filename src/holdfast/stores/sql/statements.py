"""One effect as SQL statements, and what a database answers to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

Row = Sequence[Any]


class Tells(Enum):
    """How one knows from an answer whether the statement wrote."""

    NOTHING = "it only reads, or may be sent twice"
    COUNT = "the number of rows that it changed"
    FLAG = "the last column of its row"


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement.

    Args:
        sql: with placeholders in the dialect's own style.
        parameters: by name, in the order in which the text first names them.
        tells: how one knows whether it wrote.
    """

    sql: str
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    tells: Tells = Tells.NOTHING

    @property
    def writes(self) -> bool:
        """Whether a lost answer leaves open what happened."""
        return self.tells is not Tells.NOTHING


@dataclass(frozen=True, slots=True)
class Reply:
    """What one statement gave: its rows, and whether it wrote."""

    rows: Sequence[Row]
    wrote: bool

    @classmethod
    def of(cls, statement: Statement, rows: Sequence[Row], changed: int) -> Reply:
        """Read an answer as the statement says that it tells."""
        match statement.tells:
            case Tells.NOTHING:
                return cls(rows, wrote=False)
            case Tells.COUNT:
                return cls(rows, wrote=changed > 0)
            case Tells.FLAG:
                return cls(rows, wrote=bool(rows) and bool(rows[0][-1]))


REFUSED = Reply((), wrote=False)
"""The answer to an INSERT whose key is taken, where the database calls that an error."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The statements of one effect. Each is sent only if none before it wrote.

    What they must not do is leave the outcome to the interplay of two of them: either one statement
    alone decides and the next ones only look what stood in its way, or the driver holds a lock over
    all of them.

    Args:
        statements: these, as said.
        then: sent if one of them wrote; only where the driver holds a lock over all.
    """

    statements: tuple[Statement, ...]
    then: tuple[Statement, ...] = ()

    @property
    def writes(self) -> bool:
        """Whether any of them may write."""
        return any(statement.writes for statement in self.statements)
