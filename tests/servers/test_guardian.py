"""The guardian cleans up after a parent that was killed, and touches nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from holdfast.servers.guardian import Guardian

PARENT = """
import subprocess, sys, time
from pathlib import Path
from holdfast.servers.guardian import Guardian

guardian = Guardian()

def sleeper():
    return subprocess.Popen(["sleep", "600"], start_new_session=True).pid

watched, forgotten, unknown = sleeper(), sleeper(), sleeper()
guardian.watch_group(watched)
guardian.watch_group(forgotten)
guardian.forget_group(forgotten)

here = Path(sys.argv[1])
for name in ("watched", "forgotten"):
    (here / name / "deep").mkdir(parents=True)
    guardian.watch_directory(here / name)
guardian.forget_directory(here / "forgotten")
print(watched, forgotten, unknown, guardian.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def killed(tmp_path):
    """A parent that was killed: the pids of its three sleepers and of its guardian."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        # A terminal's Ctrl-C and a polite end of everything must not end the guardian first.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            kill(pids[3], number)
        assert all(lives(pid) for pid in pids)
        parent.kill()
    yield pids
    for pid in pids[:3]:
        kill(pid, signal.SIGKILL)


def test_after_a_sigkill_what_it_was_told_is_gone_and_all_else_is_there(killed, tmp_path):
    watched, forgotten, unknown, guardian = killed
    poll_until(lambda: not lives(guardian))
    # It was killed; it dies in its own time.
    poll_until(lambda: not lives(watched))
    assert [lives(pid) for pid in (forgotten, unknown)] == [True, True]
    assert [path.name for path in tmp_path.iterdir()] == ["forgotten"]


def test_a_normal_end_with_nothing_left_touches_nothing(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    with Guardian() as guardian:
        guardian.watch_directory(kept)
        guardian.forget_directory(kept)
        assert lives(guardian.pid)
    assert not lives(guardian.pid)
    assert kept.is_dir()


def test_a_guardian_that_was_killed_does_not_take_its_parent_along(tmp_path):
    with Guardian() as guardian:
        kill(guardian.pid, signal.SIGKILL)
        poll_until(lambda: not lives(guardian.pid))
        for _ in range(3):
            guardian.watch_directory(tmp_path)
    assert tmp_path.is_dir()


def lives(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def kill(pid, number):
    import contextlib
    import os

    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def poll_until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
