"""make bench: what our own code costs against its rivals, in the same run, as ratios.

Each pair is measured in turns and the best of the turns counts, because whatever else the machine
does only ever adds to a time. Nothing here is asserted.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import redis
from rich.console import Console
from rich.table import Table

from holdfast.core.flow import run
from holdfast.laravel import php
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.php import SessionArray
from holdfast.servers.redis import redis_server
from holdfast.session import load, save
from holdfast.stores.contract import Commit, Find
from holdfast.stores.open import open as open_store

ROUNDS = 300
TURNS = 7
SID = "B" * 40

Measured = dict[str, float]
"""Microseconds an operation, by the operation's name."""


def main() -> None:
    rows: list[tuple[str, str, float, str, float]] = []
    for items in (20, 400):
        payload = session_of(items)
        what = f"{len(payload) / 1000:.1f} kB"
        key = os.urandom(32)
        ours, rival = best(lambda: formats(payload, key), lambda: in_php(payload, key))  # noqa: B023
        rows += [
            (f"{name}, {what}", "Holdfast", ours[name], "PHP 8.2", rival[name]) for name in ours
        ]
    rows += against_blind_writes()
    show(rows)


def session_of(items: int) -> bytes:
    """A session as a shop has it, its cart that long."""
    return php.dumps(
        {
            "_token": "t" * 40,
            "_previous": {"url": "http://127.0.0.1/catalogue"},
            "_flash": {"old": {}, "new": {}},
            "login_web_59ba36addc2b2f9401580f014c7f58ea4e30989d": 7,
            "cart": {n: {"sku": f"anchor-{n}", "price": 12.5, "many": n} for n in range(items)},
            "count": 3,
        }
    )


def formats(payload: bytes, key: bytes) -> Measured:
    encrypter = Encrypter.from_app_key("base64:" + base64.b64encode(key).decode())
    sealed = encrypter.encrypt_string(payload)

    def change_one() -> bytes:
        session = SessionArray.loads(payload)
        session["count"] = int(str(session["count"])) + 1
        return session.dumps()

    return {
        "read all and write all": timed(lambda: php.dumps(php.loads(payload))),
        "read one key, change it": timed(change_one),
        "encrypt": timed(lambda: encrypter.encrypt_string(payload)),
        "decrypt": timed(lambda: encrypter.open(sealed)),
    }


def in_php(payload: bytes, key: bytes) -> Measured:
    given = {
        "payload": base64.b64encode(payload).decode(),
        "key": base64.b64encode(key).decode(),
        "rounds": ROUNDS,
    }
    script = Path(__file__).with_name("rivals.php")
    done = subprocess.run(
        ["php", str(script)], input=json.dumps(given).encode(), capture_output=True, check=True
    )
    measured: Measured = json.loads(done.stdout)
    return measured


def against_blind_writes() -> list[tuple[str, str, float, str, float]]:
    """Our conditional save against what every other library does: GET, then SET with an expiry."""
    payload = session_of(20)
    rows = []
    with tempfile.TemporaryDirectory() as directory, redis_server(Path(directory)) as server:
        opened = open_store(f"{server.url}?prefix=p:")
        client = redis.Redis(port=server.port)
        with opened.store.connect() as perform:
            wrapped = b's:%d:"%b";' % (len(payload), payload)
            perform(Commit(SID, None, wrapped, int(time.time()) + 7200))

            def conditional() -> None:
                found = perform(Find(SID))
                perform(Commit(SID, found, found.data, int(time.time()) + 7200))

            def blind() -> None:
                data = client.get("p:" + SID)
                client.set("p:" + SID, data, ex=7200)

            def request() -> None:
                session = run(load(SID, opened.codec), perform)
                session["count"] = session["count"] + 1
                run(save(session, opened.codec, lifetime=7200, now=int(time.time())), perform)

            name = "read and save on Redis"
            ours, rival = best(lambda: {name: timed(conditional)}, lambda: {name: timed(blind)})
            rows.append((name, "compare-and-set", ours[name], "GET, SET EX", rival[name]))
            whole, _ = best(lambda: {name: timed(request)}, lambda: {name: timed(blind)})
            rows.append(("a request's session: load, change, save", "Holdfast", whole[name],
                         "GET, SET EX alone", rival[name]))  # fmt: skip
    return rows


def timed(operation: Callable[[], object]) -> float:
    operation()
    began = time.perf_counter()
    for _ in range(ROUNDS):
        operation()
    return (time.perf_counter() - began) / ROUNDS * 1e6


def best(*sides: Callable[[], Measured]) -> list[Measured]:
    """The best of several turns for each side and operation, the sides taking turns."""
    found: list[Measured] = [{} for _ in sides]
    for _ in range(TURNS):
        for mine, side in zip(found, sides, strict=True):
            for name, micros in side().items():
                mine[name] = min(micros, mine.get(name, micros))
    return found


def show(rows: list[tuple[str, str, float, str, float]]) -> None:
    table = Table("operation", "ours", "µs", "rival", "µs", "ratio")
    for name, ours, micros, rival, theirs in rows:
        table.add_row(name, ours, f"{micros:.1f}", rival, f"{theirs:.1f}", f"{micros / theirs:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
