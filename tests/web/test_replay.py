"""Requests that are run again: how often, with what, and what is answered in the end."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
import pytest

from holdfast.core.errors import (
    EnvironmentLacking,
    HoldfastError,
    SessionConflict,
    StoreUnavailable,
    Undecodable,
    UsageError,
)
from holdfast.web import replay
from holdfast.web.replay import ATTEMPT, MAX_BODY_BYTES, ReplayMiddleware

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch):
    monkeypatch.setattr(replay, "PAUSE_SECONDS", 0)


class Application:
    """Raises the errors one after the other, then answers what it was sent."""

    def __init__(self, *errors, early=False):
        self.errors = list(errors)
        self.early = early
        self.attempts = []

    async def __call__(self, scope, receive, send):
        self.attempts.append(scope[ATTEMPT])
        body = b""
        while True:
            message = await receive()
            body += message["body"]
            if not message["more_body"]:
                break
        if self.early:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        if self.errors:
            raise self.errors.pop(0)
        if not self.early:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})


async def post(app, content=b"item=buoy"):
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as client:
        return await client.post("/cart", content=content)


async def chunks(*parts):
    for part in parts:
        yield part


async def test_a_conflict_runs_the_request_again_with_its_whole_body():
    app = Application(SessionConflict("changed"), SessionConflict("changed"))
    answer = await post(ReplayMiddleware(app), chunks(b"item=", b"", b"buoy"))
    assert (answer.status_code, answer.content) == (200, b"item=buoy")
    assert app.attempts == [0, 1, 2]


@pytest.mark.parametrize("replays", [0, 5])
async def test_after_the_last_replay_it_is_refused(replays):
    app = Application(*[SessionConflict("somebody else saved it on 10.0.0.7")] * 9)
    answer = await post(ReplayMiddleware(app, replays))
    assert answer.status_code == 409
    assert "nothing was written" in answer.json()["error"]
    assert "10.0.0.7" not in answer.text
    assert answer.headers["content-type"] == "application/json"
    assert app.attempts == list(range(replays + 1))


PAGE = Path(__file__).parents[2] / "docs/python-services.md"
OF_A_START = {UsageError, EnvironmentLacking}
"""No request raises them."""


def every(error):
    below = [child for child in error.__subclasses__() if child.__module__ == error.__module__]
    return [*below, *(deeper for child in below for deeper in every(child))]


def documented():
    """The answer to each error, from the page's table; None: it is raised on."""
    _, section = PAGE.read_text().split("## When it does not work out\n")
    answers = {}
    for errors, _, answer in re.findall(
        r"^\| (`.*?) \| (.*) \| (.*) \|$", section.partition("\n## ")[0], re.MULTILINE
    ):
        status = None if "raises it on" in answer else int(answer[-3:])
        answers |= dict.fromkeys(re.findall(r"`(\w+)`", errors), status)
    return answers


def cases():
    answers, found = documented(), []
    for error in every(HoldfastError):
        lines = [base.__name__ for base in error.__mro__ if base.__name__ in answers]
        if error not in OF_A_START:
            assert lines, f"{PAGE.name} does not say how {error.__name__} is answered"
            found.append(pytest.param(error, answers[lines[0]], id=error.__name__))
    return found


def made(error):
    return error("10.0.0.7", **({"reason": "size"} if error is Undecodable else {}), hint="look")


@pytest.mark.parametrize(("error", "status"), cases())
async def test_every_error_is_answered_as_documented(error, status):
    app = Application(made(error))
    middleware = ReplayMiddleware(app, replays=0)
    if status is None:
        with pytest.raises(error):
            await post(middleware)
    else:
        assert (await post(middleware)).status_code == status
    assert app.attempts == [0]


@pytest.mark.parametrize(
    ("error", "status"),
    [case for case in cases() if case.values[0] is not SessionConflict and case.values[1]],
)
async def test_what_cannot_be_helped_is_answered_at_once(error, status, caplog):
    app = Application(made(error))
    answer = await post(ReplayMiddleware(app))
    assert answer.status_code == status
    assert len(answer.json()["error"]) > 20
    assert "10.0.0.7" not in answer.text  # where the store is, is nobody's business outside
    assert ("10.0.0.7 (hint: look)" in caplog.text) == (status == 503)
    assert app.attempts == [0]


@pytest.mark.parametrize("error", [UsageError("a bug"), KeyError("a bug")])
async def test_other_errors_are_raised_on(error):
    with pytest.raises(type(error)):
        await post(ReplayMiddleware(Application(error)))


@pytest.mark.parametrize("error", [SessionConflict("late"), StoreUnavailable("late")])
async def test_nothing_is_run_again_or_answered_twice_once_the_answer_has_started(error):
    app = Application(error, early=True)
    with pytest.raises(type(error)):
        await post(ReplayMiddleware(app))
    assert app.attempts == [0]


async def test_a_body_that_is_too_large_to_keep_is_refused_unseen():
    app = Application()
    answer = await post(ReplayMiddleware(app), b"x" * MAX_BODY_BYTES)
    assert (answer.status_code, len(answer.content)) == (200, MAX_BODY_BYTES)
    answer = await post(ReplayMiddleware(app), chunks(b"x" * MAX_BODY_BYTES, b"x", b"x"))
    assert (answer.status_code, app.attempts) == (413, [0])


async def test_a_client_that_leaves_before_its_body_is_complete_runs_nothing():
    messages = [
        {"type": "http.request", "body": b"item=", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive():
        return messages.pop(0)

    async def send(message):
        pytest.fail(f"sent {message}")

    app = Application()
    await ReplayMiddleware(app)({"type": "http"}, receive, send)
    assert app.attempts == []


async def test_what_is_no_request_passes():
    passed = []

    async def app(scope, _receive, _send):
        passed.append(scope)

    await ReplayMiddleware(app)({"type": "lifespan"}, None, None)
    assert passed == [{"type": "lifespan"}]
