"""A real Laravel replica, and our own store on its sessions."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from holdfast.laravel import cookies
from holdfast.laravel.encrypter import Encrypter
from holdfast.rehearsal.app_key import fresh_app_key
from holdfast.rehearsal.application import Replica
from holdfast.rehearsal.backing import backing
from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.laravel import Laravel
from holdfast.servers.guardian import Guardian
from holdfast.servers.ports import LOOPBACK
from holdfast.stores.contract import Commit
from holdfast.stores.open import open as open_store

COOKIE = "laravel_session"


class Shared:
    """A Laravel replica and our own store on the same sessions."""

    cookie = COOKIE

    def __init__(self, replica, opened, encrypter, perform):
        self.opened = opened
        self.base = f"http://{LOOPBACK}:{replica.endpoint.port}"
        self.encrypter = encrypter
        self.codec = opened.codec
        self.lifetime = opened.store.lifetime
        self.perform = perform

    def browser(self, sid=None):
        sealed = {} if sid is None else {COOKIE: self.seal(sid)}
        return httpx2.Client(base_url=self.base, cookies=sealed, timeout=60)

    def post(self, browser, path, **fields):
        """What an action shows, as the pages that Laravel serves send it."""
        token = browser.get("/state").json()["token"]
        answer = browser.post(path, data=fields, headers={"X-CSRF-TOKEN": token})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def seal(self, sid):
        return cookies.to_wire(cookies.seal(self.encrypter, COOKIE, sid))

    def sid(self, browser):
        wire = next(c.value for c in browser.cookies.jar if c.name == COOKIE)
        return cookies.open(self.encrypter, COOKIE, wire).value

    def commit(self, sid, base, attributes):
        ends = int(time.time()) + self.lifetime
        return self.perform(Commit(sid, base, self.codec.dumps(attributes), ends))


@pytest.fixture(scope="module")
def shared(request):
    """To be parametrised: a choice of the compare grammar, and ``plain`` or ``encrypted``."""
    with shared_sessions(*request.param.split()) as opened:
        yield opened


@contextmanager
def shared_sessions(driver, protection):
    key = fresh_app_key()
    setup = parse_setup(driver, "laravel")
    application = Laravel(setup)
    with ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="holdfast-"))
        stack.callback(shutil.rmtree, directory)
        guardian = stack.enter_context(Guardian())
        store = stack.enter_context(
            backing(
                setup, directory, guardian, app_key=key, create_tables=application.create_tables
            )
        )
        url = store.url
        if protection == "encrypted":
            store = replace(store, laravel={**store.laravel, "SESSION_ENCRYPT": "true"})
            url += ("&" if "?" in url else "?") + "encrypt=1&key=env:THE_KEY"
        replica = Replica(
            application, "r1", 1, directory, app_key=key, backing=store, guardian=guardian
        )
        stack.callback(replica.kill)
        replica.start()
        opened = open_store(url, env={"THE_KEY": key})
        perform = stack.enter_context(opened.store.connect())
        yield Shared(replica, opened, Encrypter.from_app_key(key), perform)
