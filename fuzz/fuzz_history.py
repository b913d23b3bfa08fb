"""Lines of a rehearsal's history: a record, or msgspec's errors; a record comes back.

python fuzz/fuzz_history.py -max_total_time=600
"""

from __future__ import annotations

import atheris
import msgspec
from seeded import start

with atheris.instrument_imports(include=["holdfast.rehearsal.history"]):
    from holdfast.rehearsal.history import Answer, Event, Op, Sent, from_json, to_json
    from holdfast.rehearsal.protocol import State


def one_input(data: bytes) -> None:
    """What libFuzzer calls."""
    try:
        record = from_json(data)
    except (msgspec.ValidationError, msgspec.DecodeError):
        return
    line = to_json(record)
    assert b"\n" not in line
    assert from_json(line) == record
    if isinstance(record, Sent):
        op = Op(record, None)
        assert op.id == record.id
        assert not op.ok


def main() -> None:
    """Start libFuzzer with one record of each kind."""
    state = State("r1", 0, "ab", "u1.1", 7, "t", ["buoy.1"], [], 3, {"k": "v"})
    records = [
        Sent(1, 0.5, "u1", "u1.1", "cart", {"item": "buoy.1"}, "own", 0),
        Sent(2, 0.5, "u1", "u1.1", "state", {}, "old", None, 1),
        Answer(1, 0.75, "ok", 200, state, "r1", 0, set_cookie=True),
        Answer(2, 1e9, "unknown", error="gone"),
        Event(0.0, "kill", "r1", 3, "roll"),
    ]
    lines = [to_json(record) for record in records]
    deep = lines[-1][:-1] + b',"x":' + b"[" * 2000 + b"]" * 2000 + b"}"
    start(one_input, [*lines, deep])


if __name__ == "__main__":
    main()
