"""The service in docs/python-services.md runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
import pytest

from holdfast.rehearsal.app_key import fresh_app_key

pytestmark = pytest.mark.anyio

PAGE = Path(__file__).parents[2] / "docs/python-services.md"


async def test_the_example_runs_as_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("APP_KEY", fresh_app_key())
    monkeypatch.setenv("SESSION_STORE", f"file://{tmp_path}")
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    service: dict[str, object] = {}
    exec(compile(block, str(PAGE), "exec"), service)  # the page's own code
    transport = httpx2.ASGITransport(app=service["app"])
    async with httpx2.AsyncClient(transport=transport, base_url="http://service") as client:
        assert (await client.get("/healthz")).json() == {"ok": True}
        assert list(tmp_path.iterdir()) == []
        assert (await client.post("/basket/buoy")).json() == {"items": 1}
        assert (await client.post("/basket/cleat")).json() == {"items": 2}
        assert (await client.get("/basket")).json() == {"user": None, "basket": ["buoy", "cleat"]}
    (session,) = tmp_path.glob("[!.]*")
    assert b"buoy" in session.read_bytes()
