"""Small rehearsals from end to end, on real replicas. Only «nothing was lost» is asserted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
import pytest

from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.judge import judge
from holdfast.rehearsal.recorder import read_history
from holdfast.rehearsal.verdict import Verdict

SMALL = ("--users", "8", "--seconds", "4", "--seed", "7")


class Written(msgspec.Struct):
    judge: str
    interrupted: bool
    verdicts: list[Verdict]


def verdicts(path: Path) -> list[Verdict]:
    return msgspec.json.decode(path.read_bytes(), type=Written).verdicts


def survived(verdict: Verdict) -> bool:
    assert verdict.sessions_opened > 0
    assert verdict.writes_acknowledged > 0
    return not [v for v in verdict.violations if v.heading == "survival"]


@pytest.mark.timeout(180)
def test_laravel_file_and_redis(holdfast, tmp_path):
    ended = holdfast(
        *("rehearse", "laravel", "--compare", "file,redis", *SMALL, "--judge", "survival"),
        *("--json", f"{tmp_path}/v.json", "--history", f"{tmp_path}/histories"),
    )
    assert ended.status == 0, ended.out
    contrast, judged = verdicts(tmp_path / "v.json")
    assert (contrast.name, judged.name) == ("file", "redis")
    assert survived(judged)
    assert f"redis: 0 sessions lost of {judged.sessions_opened}, 0 writes lost" in ended.out
    assert re.search(r"sessions LOST +\d+ +0 *$", ended.out, re.MULTILINE)
    assert "redis (2/2)" in ended.err  # progress goes to stderr

    ops, events = read_history(tmp_path / "histories" / "redis.jsonl")
    again = judge(parse_setup("redis", "laravel"), ops, events, judged.seconds)
    assert again == judged
    assert {event.fault for event in events if event.what == "phase"} == {
        *("calm", "kill", "roll", "scale", "end")
    }


@pytest.mark.timeout(180)
def test_block_has_no_lost_updates(holdfast, tmp_path):
    ended = holdfast(
        *("rehearse", "--driver", "redis+block", *SMALL, "--judge", "survival"),
        *("--json", f"{tmp_path}/v.json"),
    )
    assert ended.status == 0, ended.out
    (judged,) = verdicts(tmp_path / "v.json")
    assert survived(judged)
    assert judged.lost_updates == 0


@pytest.mark.timeout(180)
@pytest.mark.parametrize("driver", ["redis", "database", "file:shared"])
def test_shop(holdfast, driver):
    ended = holdfast(
        *("rehearse", "shop", "--driver", driver, *SMALL, "--judge", "survival"),
        *("--balancer", "builtin", "--json", "-"),
    )
    assert ended.status == 0, ended.err
    assert "sessions LOST" in ended.err  # where people look while a program reads stdout
    (judged,) = msgspec.json.decode(ended.out, type=Written).verdicts
    assert survived(judged)
    assert (judged.lost_updates, judged.resurrections) == (0, 0)


@pytest.mark.timeout(180)
def test_the_array_driver_is_found_out(holdfast):
    """Not a race: this driver keeps nothing from one request to the next."""
    ended = holdfast("rehearse", "--driver", "array", "--users", "2", "--seconds", "1",
                     "--faults", "", "--replicas", "1")  # fmt: skip
    assert ended.status == 1
    assert "the array driver forgets a session when its request ends" in ended.out
    assert "violated: missing" in ended.out


@pytest.fixture
def short_directory():
    """As short as a run's own must be, for the sockets below it."""
    with tempfile.TemporaryDirectory(prefix="hf-") as directory:
        yield Path(directory)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(short_directory, number):
    environment = {**os.environ, "TMPDIR": str(short_directory)}
    words = ["rehearse", "laravel", "--compare", "redis,file", "--users", "4", "--seconds", "600"]
    with subprocess.Popen(
        [sys.executable, "-m", "holdfast", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "users play" in line:
                break
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "sessions opened" in out  # what was seen until then is still reported
    assert "redis" in out
    assert "file (2/2)" not in err
    assert "holdfast: interrupted" in err
    assert list(short_directory.iterdir()) == []
    assert not _processes_in(short_directory)


def _processes_in(directory: Path) -> list[str]:
    """Command lines of living processes that name the directory or work in it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace")
            cwd = str((process / "cwd").readlink())
        except OSError:
            continue
        if str(directory) in command or cwd.startswith(str(directory)):
            found.append(command)
    return found
