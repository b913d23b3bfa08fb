"""What one attempt to merge costs, in processor time, and how that grows with the session.

    .venv/bin/python bench/merges.py

An attempt reads what another request has saved, merges and spells the result; what the store and
the network take is not in it. A session is half a cart, half other attributes. Nothing is asserted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

from holdfast.laravel.payload import Attributes, Codec, Form, Serialization
from holdfast.session import Rules
from holdfast.session.merge import merge

ROUNDS = 20
TURNS = 5
MEMBERS = (100, 500, 1700)
DECLARED = Rules(lists=frozenset({"cart.items"}), counters=frozenset({"cart.count"}))


def main() -> None:
    table = Table(title="one attempt to merge, ms of processor time", title_justify="left")
    for column in ("serialization", "bytes", "other keys", "declared, other keys", "both append"):
        table.add_column(column, justify="right" if column != "serialization" else "left")
    serializations: tuple[Serialization, ...] = ("php", "json")
    for serialization in serializations:
        codec = Codec(Form.PHP_STRING, serialization)
        for members in MEMBERS:
            attributes = codec.new()
            items = [f"w{number}n" for number in range(members)]
            cart: dict[str, Any] = {"items": dict(enumerate(items)), "count": members}
            attributes["cart"] = cart
            attributes.update({f"kw{number}": 1 for number in range(members)})
            data = codec.dumps(attributes)
            table.add_row(
                serialization,
                f"{len(data):,}",
                f"{timed(codec, data, Rules(), append=False):.2f}",
                f"{timed(codec, data, DECLARED, append=False):.2f}",
                f"{timed(codec, data, DECLARED, append=True):.2f}",
            )
    Console().print(table)


def timed(codec: Codec, data: bytes, rules: Rules, *, append: bool) -> float:
    """Milliseconds; the best of some turns, because the rest of the machine only adds to a time."""
    stored = codec.loads(data)
    change(stored, "theirs", append=append)
    theirs = codec.dumps(stored)

    def attempt(base: Attributes, ours: Attributes) -> bytes:
        return codec.dumps(merge(base, ours, codec.loads(theirs), rules).attributes)

    best = float("inf")
    for _ in range(TURNS):
        pairs = [(codec.loads(data), codec.loads(data)) for _ in range(ROUNDS)]
        for _, ours in pairs:
            change(ours, "ours", append=append)
        best = min(best, elapsed(lambda: [attempt(*pair) for pair in pairs]))  # noqa: B023
    return best / ROUNDS * 1e3


def elapsed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def change(attributes: Any, who: str, *, append: bool) -> None:
    if append:
        items = attributes["cart"]["items"]
        items[len(items)] = who
    else:
        attributes[who] = 1


if __name__ == "__main__":
    main()
