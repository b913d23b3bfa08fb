"""The history: in memory for the judge, and as JSON lines that read back the same."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.rehearsal.compare import Setup
from holdfast.rehearsal.history import Answer, Event, Op, Sent, to_json
from holdfast.rehearsal.judge import judge
from holdfast.rehearsal.protocol import State
from holdfast.rehearsal.recorder import Recorder, read_history

SENT = Sent(1, 0.5, "u1", "u1.1", "cart", {"item": "buoy.«1»\n"}, "own", None)
PROBE = Sent(2, 0.75, "u1", "u1.1", "state", {}, "old", 1, old_of=1)
STATE = State("r1", 3, "h", "u1.1", 7, "t", ["buoy.«1»\n"], [], 2, {"k": "\u2028"})
ANSWER = Answer(1, 1.25, "ok", 200, STATE, "r1", 3, set_cookie=True)
KILL = Event(1.0, "kill", "r1", 3, "kill")


def record(recorder: Recorder) -> None:
    recorder.sent(SENT)
    recorder.sent(PROBE)
    recorder.event(KILL)
    recorder.answer(ANSWER)


def test_halves_are_joined_and_a_request_without_an_answer_is_kept():
    with Recorder() as recorder:
        assert recorder.next_id() == 1
        record(recorder)
        assert recorder.next_id() == 3
    assert recorder.ops() == [Op(SENT, ANSWER), Op(PROBE, None)]
    assert recorder.events == [KILL]
    answered, silent = recorder.ops()
    assert (answered.id, answered.start, answered.end, answered.ok) == (1, 0.5, 1.25, True)
    assert answered.state == STATE
    assert (silent.end, silent.ok, silent.state) == (float("inf"), False, None)


def test_the_clock_begins_with_the_recorder_and_never_goes_back():
    recorder = Recorder()
    times = [recorder.elapsed() for _ in range(100)]
    assert times == sorted(times)
    assert times[0] >= 0


def test_what_was_written_is_read_back(tmp_path: Path):
    file = tmp_path / "history.jsonl"
    with Recorder(file) as recorder:
        record(recorder)
        assert len(file.read_bytes().splitlines()) == 4, "each line is out before the next one"
    assert read_history(file) == (recorder.ops(), recorder.events)


def test_a_written_history_gives_the_same_verdict(tmp_path: Path, written):
    file = tmp_path / "history.jsonl"
    ops = written("""
        0-1 open
        2-4 cart a -> cart=a
        3-5 count -> count=1
        6- logout
        u2 2-9 state -> ?
        8-9 state -> nothing
    """)
    with Recorder(file) as recorder:
        for op in ops:
            recorder.sent(op.sent)
        recorder.event(KILL)
        for op in ops:
            if op.answer:
                recorder.answer(op.answer)
    setup = Setup("redis", "shop", "redis")
    assert judge(setup, *read_history(file), 10.0) == judge(setup, ops, [KILL], 10.0)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "truncated"),
        (to_json(ANSWER)[:-9], "truncated"),
        (b"\xff\xfe", "malformed"),
        (b"[]", "Expected `object`"),
        (b'{"type":"said","at":1}', "Invalid value 'said'"),
        (b'{"type":"sent","id":"one"}', "Expected `int`"),
        (b'{"type":"event","at":1,"what":"stroke"}', "stroke"),
        (to_json(SENT).replace(b'"item"', b'"thing"'), "a request of cart without item"),
        (
            b'{"type":"event","at":1,"what":"skew","fault":"kill"}',
            "nobody knows the setting: 'kill'",
        ),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: bytes, reason: str):
    file = tmp_path / "history.jsonl"
    file.write_bytes(to_json(SENT) + b"\n" + line + b"\n" + to_json(ANSWER) + b"\n")
    with pytest.raises(UsageError) as refusal:
        read_history(file)
    assert str(refusal.value).startswith(f"{file}, line 2: not a record of a history: ")
    assert reason in str(refusal.value)
    assert "--history" in refusal.value.hint


def test_a_request_cannot_be_made_without_what_it_says():
    with pytest.raises(ValueError, match="login without user"):
        msgspec.convert({**msgspec.to_builtins(SENT), "kind": "login"}, Sent)


def test_a_file_that_is_not_there_or_cannot_be_written(tmp_path: Path):
    with pytest.raises(UsageError, match=r"cannot read .*/nothing: No such file"):
        read_history(tmp_path / "nothing")
    with pytest.raises(EnvironmentLacking, match=r"cannot write .*/away/h: No such file"):
        Recorder(tmp_path / "away" / "h")


def test_a_disk_that_is_full_is_told_as_such():
    full = Recorder(Path("/dev/full"))
    with pytest.raises(EnvironmentLacking, match="cannot write /dev/full: No space left"):
        full.sent(SENT)
    with pytest.raises(EnvironmentLacking, match="No space left"):
        full.__exit__(None, None, None)
