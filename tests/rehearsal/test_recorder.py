"""The history: JSON lines in a file, which read back the same."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

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
REDIS = Setup("redis", "shop", "redis")
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
        assert list(recorder.ops()) == [Op(SENT, ANSWER), Op(PROBE, None)]
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
        ops, events = read_history(file)
        assert (list(ops), events) == (list(recorder.ops()), recorder.events)
    assert ops.cut == 0


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
    assert judge(REDIS, *read_history(file), 10.0) == judge(REDIS, ops, [KILL], 10.0)


@pytest.mark.parametrize("left", [1, 60, len(to_json(ANSWER)) - 1])
def test_a_last_line_that_breaks_off_is_told_and_left_out(tmp_path: Path, left: int):
    file = tmp_path / "history.jsonl"
    whole = to_json(SENT) + b"\n" + to_json(KILL) + b"\n"
    file.write_bytes(whole + to_json(ANSWER)[:left])
    ops, events = read_history(file)
    assert (list(ops), events, ops.cut) == ([Op(SENT, None)], [KILL], left)
    verdict = judge(REDIS, ops, events, 10.0)
    assert (verdict.requests, verdict.unknown) == (1, 1)


def test_a_last_line_without_its_end_is_a_record(tmp_path: Path):
    file = tmp_path / "history.jsonl"
    file.write_bytes(to_json(SENT) + b"\n" + to_json(ANSWER))
    ops, _ = read_history(file)
    assert (list(ops), ops.cut) == ([Op(SENT, ANSWER)], 0)


def test_what_was_killed_in_the_middle_can_be_judged(tmp_path: Path):
    file = tmp_path / "history.jsonl"
    script = f"""
import os, signal, sys
from pathlib import Path
from holdfast.rehearsal.history import Sent
from holdfast.rehearsal.recorder import Recorder
recorder = Recorder(Path({str(file)!r}))
for number in range(1, 101):
    recorder.sent(Sent(number, 1.0, "u1", "u1.1", "state", {{}}, "own", None))
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    assert killed.returncode == -signal.SIGKILL
    ops, _ = read_history(file)
    assert [op.id for op in ops] == list(range(1, 101))


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
        (to_json(SENT), "request 1 where 2 comes next"),
        (to_json(replace(SENT, id=3)), "request 3 where 2 comes next"),
        (to_json(replace(ANSWER, id=2)), "an answer to request 2, which was not sent"),
        (to_json(replace(ANSWER, id=0)), "an answer to request 0, which was not sent"),
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


def test_a_write_that_breaks_off_is_written_over(tmp_path: Path):
    file = tmp_path / "history.jsonl"
    with Recorder(file) as recorder:
        recorder.sent(SENT)
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 20, most))
        try:
            with pytest.raises(EnvironmentLacking, match="File too large"):
                recorder.answer(ANSWER)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        recorder.answer(ANSWER)
        ops, _ = read_history(file)
        assert list(ops) == list(recorder.ops()) == [Op(SENT, ANSWER)]


def test_records_of_any_length_are_read_back():
    big = replace(ANSWER, state=replace(STATE, cart=[f"buoy.{n}" for n in range(50_000)]))
    with Recorder() as recorder:
        recorder.sent(SENT)
        recorder.answer(big)
        recorder.sent(PROBE)
        assert recorder.ops()[0:2] == [Op(SENT, big), Op(PROBE, None)]


def test_a_recorder_without_a_file_leaves_none_behind(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Recorder() as recorder:
        record(recorder)
        assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "away"))
    with pytest.raises(EnvironmentLacking, match=r"a history in .*/away: No such file"):
        Recorder()


REQUESTS = 10_000
BROWSERS = 100


def test_memory_is_an_index_and_one_story(tmp_path: Path):
    file = tmp_path / "history.jsonl"
    state = State("r1", 1, "", None, None, "a long token" * 100, [], [], 0, {})
    tracemalloc.start()
    try:
        with Recorder(file) as recorder:
            before, _ = tracemalloc.get_traced_memory()
            for number in range(1, REQUESTS + 1):
                name = f"u{number % BROWSERS}"
                recorder.sent(Sent(number, 1.0, name, f"{name}.1", "state", {}, "own", None))
                shown = replace(state, session=f"the session of {name}")
                recorder.answer(Answer(number, 2.0, "ok", 200, shown))
            after, _ = tracemalloc.get_traced_memory()
            assert (after - before) / REQUESTS < 24, "two positions in the file, and room to grow"
            tracemalloc.reset_peak()
            verdict = judge(REDIS, recorder.ops(), [], 10.0)
            _, peak = tracemalloc.get_traced_memory()
        story = list(read_history(file)[0][: REQUESTS // BROWSERS])
        one_story = sum(len(to_json(op.answer)) for op in story if op.answer)
        assert (peak - after - 8 * one_story) / REQUESTS < 100
    finally:
        tracemalloc.stop()
    assert verdict.requests == REQUESTS
    assert file.stat().st_size > 1000 * REQUESTS
