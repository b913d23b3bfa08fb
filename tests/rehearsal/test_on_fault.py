"""The user's own fault: real commands, and keys on a real terminal."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import anyio
import pytest

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.rehearsal.on_fault import LAST_WORDS_BYTES, keys, read_command, run_command

pytestmark = pytest.mark.anyio


def test_a_command_is_split_as_a_shell_splits_it():
    assert read_command("sh -c 'kill -9 \"$PID\"' now") == ("sh", "-c", 'kill -9 "$PID"', "now")


@pytest.mark.parametrize("text", ["", "  ", "sh -c 'no end"])
def test_what_is_no_command(text):
    with pytest.raises(UsageError):
        read_command(text)


def test_a_program_that_is_not_there_is_said_before_anything_starts():
    with pytest.raises(EnvironmentLacking, match="no such program: kubectll") as said:
        read_command("kubectll rollout restart deploy/shop")
    assert "sh -c" in said.value.hint


async def test_it_is_told_which_fault_it_is(tmp_path):
    command = ("sh", "-c", f'printf %s "$HOLDFAST_FAULT $HOLDFAST_FAULT_NUMBER" > {tmp_path}/out')
    outcome = await run_command(command, {"HOLDFAST_FAULT": "roll", "HOLDFAST_FAULT_NUMBER": "2"})
    assert not outcome.failed
    assert (tmp_path / "out").read_text() == "roll 2"


async def test_a_failure_has_its_status_and_last_words():
    outcome = await run_command(("sh", "-c", "echo begun; echo not allowed >&2; exit 7"), {})
    assert (outcome.status, outcome.last_words, outcome.failed) == (7, "not allowed", True)


async def test_of_much_output_little_is_kept():
    words = f"print('x' * {10 * LAST_WORDS_BYTES})"
    outcome = await run_command((sys.executable, "-c", words), {})
    assert outcome.last_words == "x" * (LAST_WORDS_BYTES - 1)


async def test_one_that_does_not_end_is_ended(tmp_path):
    command = ("sh", "-c", f"echo $$ > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; sleep 600")
    seconds = 0.5
    while not (tmp_path / "pid").exists():
        outcome = await run_command(command, {}, seconds)
        seconds *= 4
    assert (outcome.status, outcome.in_time, outcome.failed) == (-15, False, True)
    assert not alive(tmp_path / "pid")


async def test_cancelled_it_is_ended(tmp_path):
    command = ("sh", "-c", f"echo $$ > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; sleep 600")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_command, command, {})
        await appears(tmp_path / "pid")
        tasks.cancel_scope.cancel()
    assert not alive(tmp_path / "pid")


async def test_what_it_leaves_in_the_background_is_not_waited_for(tmp_path):
    script = (
        f"(until [ -e {tmp_path}/go ]; do sleep 0.01; done; echo late; touch {tmp_path}/over) &"
    )
    outcome = await run_command(("sh", "-c", script), {})
    assert not outcome.failed
    (tmp_path / "go").touch()
    await appears(tmp_path / "over")


async def test_each_line_on_a_terminal_is_a_key():
    ours, theirs = os.openpty()
    try:
        pressed = 0
        os.write(ours, b"\nnow\n")
        with anyio.fail_after(60):
            async for _ in keys(theirs):
                pressed += 1
                if pressed == 2:
                    os.write(ours, b"\x04")  # the end of the input, as Ctrl-D says it
        assert pressed == 2
    finally:
        os.close(ours)
        os.close(theirs)


def alive(file: Path) -> bool:
    deadline = time.monotonic() + 60
    process = Path(f"/proc/{file.read_text().strip()}")
    while process.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return process.exists()


async def appears(file: Path) -> None:
    with anyio.fail_after(60):
        while not file.exists():  # noqa: ASYNC110, ASYNC240 - nobody sets an event for a file
            await anyio.sleep(0.01)
