"""The service in docs/python-services.md runs as it stands there, and what follows it too."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
import pytest
from prometheus_client import generate_latest

from holdfast.core.digest import handle
from holdfast.laravel.encrypter import Encrypter
from holdfast.rehearsal.app_key import fresh_app_key
from holdfast.stores.contract import SetAside
from holdfast.web.asgi import LaravelSessionMiddleware

pytestmark = pytest.mark.anyio

PAGE = Path(__file__).parents[2] / "docs/python-services.md"
TEXT = PAGE.read_text()
SERVICE, PROMETHEUS, QUARANTINE = re.findall(
    r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL
)
SID = "Q" * 40


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Runs blocks of the page one after the other; the names that they make."""
    monkeypatch.setenv("APP_KEY", key := fresh_app_key())
    monkeypatch.setenv("SESSION_STORE", f"file://{tmp_path}")

    def run(*blocks):
        names: dict[str, object] = {"APP_KEY": key}
        for block in blocks:
            exec(compile(block, str(PAGE), "exec"), names)  # the page's own code
        return names

    return run


def browsing(app, **options):
    transport = httpx2.ASGITransport(app=app)
    return httpx2.AsyncClient(transport=transport, base_url="http://service", **options)


async def test_the_example_runs_as_it_is(run, tmp_path):
    async with browsing(run(SERVICE)["app"]) as client:
        assert (await client.get("/healthz")).json() == {"ok": True}
        assert list(tmp_path.iterdir()) == []
        assert (await client.post("/basket/buoy")).json() == {"items": 1}
        assert (await client.post("/basket/cleat")).json() == {"items": 2}
        assert (await client.get("/basket")).json() == {"user": None, "basket": ["buoy", "cleat"]}
    (session,) = tmp_path.glob("[!.]*")
    assert b"buoy" in session.read_bytes()


def test_the_variables_that_it_needs_are_set_before_it_is_served():
    (commands,) = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    needed = set(re.findall(r'os\.environ\["(\w+)"\]', SERVICE))
    assert set(re.findall(r"^export (\w+)=", commands, re.MULTILINE)) == needed
    assert commands.splitlines()[-1] == "uvicorn service:app"


async def test_prometheus_counts_what_happens(run):
    names = run(SERVICE, PROMETHEUS)

    async def healthy(scope, receive, send):
        await (await names["health"](None))(scope, receive, send)

    app = LaravelSessionMiddleware(
        healthy,
        store=names["opened"].store,
        codec=names["opened"].codec,
        encrypter=Encrypter.from_app_key(names["APP_KEY"]),
        cookie="laravel-session",
        policy=names["policy"],
    )
    async with browsing(app, cookies={"laravel-session": "sealed by others"}) as client:
        await client.get("/")
    counted = b'sessions_events_total{event="cookie_not_opened",reason=""} 1.0'
    assert counted in generate_latest().splitlines()


def test_the_quarantine_is_listed(run, capsys):
    names = run(SERVICE)
    with names["opened"].store.connect() as perform:
        perform(SetAside(SID, b"broken", "serialization"))
    exec(compile(QUARANTINE, str(PAGE), "exec"), names)
    known_by, reason, _at, size = capsys.readouterr().out.split()
    key = Encrypter.from_app_key(names["APP_KEY"]).keys[0]
    assert (known_by, reason, size) == (handle(SID, key), "serialization", "6")
