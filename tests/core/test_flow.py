"""Flows: results, errors, and clean-up that is performed whatever ends the flow."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import anyio
import pytest

from holdfast.core import flow
from holdfast.core.flow import Effect, Flow, arun, do, run


@dataclass(frozen=True)
class Step(Effect[str]):
    name: str


def locked_work() -> Flow[str]:
    yield from do(Step("lock"))
    try:
        return (yield from do(Step("work")))
    finally:
        yield from do(Step("unlock"))


def test_run_returns_what_the_flow_returns():
    log: list[str] = []

    def perform(step):
        log.append(step.name)
        return step.name

    assert run(locked_work(), perform) == "work"
    assert log == ["lock", "work", "unlock"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_run_performs_the_clean_up_after_an_error(error):
    log: list[str] = []

    def perform(step):
        log.append(step.name)
        if step.name == "work":
            raise error
        return step.name

    with pytest.raises(error):
        run(locked_work(), perform)
    assert log == ["lock", "work", "unlock"]


def test_a_flow_may_answer_an_error_itself():
    def patient() -> Flow[str]:
        try:
            return (yield from do(Step("work")))
        except ValueError:
            return (yield from do(Step("again")))

    def perform(step):
        if step.name == "work":
            raise ValueError
        return step.name

    assert run(patient(), perform) == "again"


class Recorder:
    """An async performer whose step named ``work`` hangs or fails."""

    def __init__(self, error: type[Exception] | None = None) -> None:
        self.error = error
        self.log: list[str] = []
        self.working = anyio.Event()

    async def __call__(self, step):
        self.log.append(step.name)
        if step.name == "work":
            self.working.set()
            if self.error:
                raise self.error
            await anyio.sleep_forever()
        await anyio.lowlevel.checkpoint()
        self.log.append(f"{step.name} done")


CLEANED = ["lock", "lock done", "work", "unlock", "unlock done"]


@pytest.mark.anyio
async def test_arun_performs_the_clean_up_after_an_error():
    recorder = Recorder(ValueError)
    with pytest.raises(ValueError):  # noqa: PT011 - the very error that the step raised
        await arun(locked_work(), recorder)
    assert recorder.log == CLEANED


@pytest.mark.anyio
async def test_arun_performs_the_clean_up_when_its_scope_is_cancelled():
    recorder = Recorder()
    async with anyio.create_task_group() as group:
        group.start_soon(arun, locked_work(), recorder)
        await recorder.working.wait()
        group.cancel_scope.cancel()
    assert recorder.log == CLEANED


@pytest.mark.anyio
async def test_arun_performs_the_clean_up_when_asyncio_cancels_its_task():
    recorder = Recorder()
    task = asyncio.create_task(arun(locked_work(), recorder))
    await recorder.working.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert recorder.log == CLEANED


@pytest.mark.anyio
async def test_a_slow_clean_up_is_an_error_in_the_flow_and_never_a_stale_answer(monkeypatch):
    monkeypatch.setattr(flow, "CLEANUP_SECONDS", 0.05)
    seen: list[str] = []
    working = anyio.Event()

    def careful() -> Flow[None]:
        try:
            yield from do(Step("work"))
        finally:
            try:
                seen.append((yield from do(Step("unlock"))))
            except TimeoutError:
                seen.append("too slow")

    async def perform(step):
        if step.name == "work":
            working.set()
        await anyio.sleep_forever()

    async with anyio.create_task_group() as group:
        group.start_soon(arun, careful(), perform)
        await working.wait()
        group.cancel_scope.cancel()
    assert seen == ["too slow"]
