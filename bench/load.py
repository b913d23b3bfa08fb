"""What the rehearsal itself can do: its users against the null application, on one core.

    .venv/bin/python bench/load.py [REQUESTS ...]

For each number of requests, in a process of its own: the users send them without a pause and read
every session back, the history goes to a file, and the judge goes over it; a request counts when
all of that is done with it. The null application has another core. No time is asserted; what is,
is that the judge finds nothing wrong with a correct application.
"""

from __future__ import annotations

import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import msgspec
from rich.console import Console
from rich.table import Table

from holdfast.rehearsal.client import http_client
from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.history import Event
from holdfast.rehearsal.judge import judge
from holdfast.rehearsal.recorder import Recorder
from holdfast.rehearsal.users import play, read_back
from holdfast.rehearsal.verdict import Verdict

USERS = 64
SEED = 1
TARGET = 1500
"""Checked requests a second; issue 3 asks for them."""

NULL_APPLICATION = Path(__file__).with_name("null_application.py")


class Measured(msgspec.Struct):
    """One run; times in seconds, ``idle_kib`` and ``peak_kib`` of resident memory."""

    requests: int
    play: float
    judging: float
    cpu: float
    p50_ms: float
    p99_ms: float
    idle_kib: int
    peak_kib: int
    history_bytes: int


def main(*counts: str) -> None:
    table = Table("requests", "checked/s", "per CPU second", "play", "judge", "p50", "p99",
                  "memory", "bytes a request", "history")  # fmt: skip
    slowest = math.inf
    for count in counts or ("10000", "50000"):
        command = [sys.executable, __file__, "one", count]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        run = msgspec.json.decode(done.stdout, type=Measured)
        grown = run.peak_kib - run.idle_kib
        slowest = min(slowest, run.requests / run.cpu)
        table.add_row(
            f"{run.requests:,}",
            f"{run.requests / (run.play + run.judging):,.0f}",
            f"{run.requests / run.cpu:,.0f}",
            f"{run.play:.1f} s",
            f"{run.judging:.1f} s",
            f"{run.p50_ms:.1f} ms",
            f"{run.p99_ms:.1f} ms",
            f"{run.idle_kib / 1024:.0f} + {grown / 1024:.0f} MiB",
            f"{grown * 1024 / run.requests:.0f}",
            f"{run.history_bytes / 1e6:.0f} MB",
        )
    screen = Console(width=120)
    screen.print(table)
    screen.print(
        f"{USERS} users on one core; the target of {TARGET:,} checked requests a second of its time"
        f" is {'reached' if slowest >= TARGET else 'missed'}. Latencies are of requests that the"
        " handler does not hold open, with all users waiting at once."
    )


def one(count: int) -> Measured:
    """Play and judge that many requests in this process."""
    ours, theirs = (sorted(os.sched_getaffinity(0)) * 2)[:2]
    os.sched_setaffinity(0, {ours})
    idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with (
        null_application(theirs) as address,
        tempfile.TemporaryDirectory() as directory,
        Recorder(history := Path(directory, "history.jsonl")) as recorder,
    ):
        cpu, began = time.process_time(), time.perf_counter()
        anyio.run(played, address, recorder, count)
        played_at = time.perf_counter()
        verdict = judge(
            parse_setup("shop=redis", "shop"), recorder.ops(), recorder.events, recorder.elapsed()
        )
        judged_at, cpu = time.perf_counter(), time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        require_clean(verdict)
        times = sorted(
            op.end - op.start for op in recorder.ops() if op.ok and "ms" not in op.sent.args
        )
        return Measured(
            requests=verdict.requests,
            play=played_at - began,
            judging=judged_at - played_at,
            cpu=cpu,
            p50_ms=1000 * times[len(times) // 2],
            p99_ms=1000 * times[len(times) * 99 // 100],
            idle_kib=idle,
            peak_kib=peak,
            history_bytes=history.stat().st_size,
        )


async def played(address: str, recorder: Recorder, count: int) -> None:
    stop = anyio.Event()
    recorder.event(Event(recorder.elapsed(), "phase", fault="calm"))

    def enough(requests: int, _: int) -> None:
        if requests >= count:
            stop.set()

    async with http_client(address) as client:
        browsers = await play(
            client, recorder, users=USERS, seed=SEED, stop=stop, think=0, on_progress=enough
        )
        await read_back(browsers)


def require_clean(verdict: Verdict) -> None:
    """The null application loses nothing and answers everything; else the judge or it is wrong."""
    wrong = verdict.violations or verdict.errors or verdict.unknown
    if wrong or not verdict.writes_acknowledged:
        raise SystemExit(f"the null application was not found correct: {verdict.causes}, {verdict}")


@contextmanager
def null_application(core: int) -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, str(NULL_APPLICATION)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        os.sched_setaffinity(process.pid, {core})
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        sys.stdout.buffer.write(msgspec.json.encode(one(int(sys.argv[2]))))
    else:
        main(*sys.argv[1:])
