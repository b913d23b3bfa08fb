"""What an application declares of its attributes, for merges."""

from __future__ import annotations

from dataclasses import dataclass, fields

from holdfast.core.arguments import require_texts


@dataclass(frozen=True, slots=True)
class Rules:
    """What an application says of its attributes, by dotted keys: ``cart.count``.

    Args:
        counters: numbers that are only ever added to; two parallel additions are both counted.
        lists: arrays with numbers as keys that are appended to and taken from; two parallel
            appendings are both kept.
        exclusive: what is not to be merged: two parallel changes, unless they are equal, are an
            error for the later one, which may run again on the session as it is then. To remove or
            replace the array that it is in is a change too.

    Raises:
        UsageError: one of them is no collection of keys: ``counters="cart.count"``.
    """

    counters: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    exclusive: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for kind in fields(self):
            require_texts(f"Rules.{kind.name}", getattr(self, kind.name))


NO_RULES = Rules()
