"""The same sessions before and after: what the rendered variables make of the project's own code.

The project is read as `holdfast config` reads it: once with its ``.env``, once as a pod has it:
with the variables of the rendered ConfigMap and no ``.env``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.kube.environment.gather import variables
from holdfast.kube.read import read
from holdfast.project.effective import effective_session
from holdfast.project.project import load
from tests.kube.init.made import NAMES, copied, written

GIVEN = {"image": "registry.example.com/shop:1.4.2", "name": "other"}
KEPT = (
    "cookie", "lifetime", "path", "same_site", "encrypt", "http_only", "expire_on_close", "table",
    "serialization", "lottery", "app.cipher", "cache.prefix", "redis.prefix",
    "redis.session_key_prefix",
)  # fmt: skip
ODD = """
APP_NAME='My Shop & Co'
SESSION_LIFETIME=77
SESSION_PATH=/shop
SESSION_ENCRYPT=true
SESSION_SAME_SITE=strict
SESSION_EXPIRE_ON_CLOSE=true
SESSION_TABLE=web
SESSION_DOMAIN=.example.org
"""


def effective(root: Path, process: dict[str, str], *, dotenv: bool) -> dict[str, object]:
    found = effective_session(load(root, process, dotenv=dotenv))
    return {row.name: row.value for row in found.rows}


@pytest.mark.parametrize("driver", ["", "redis", "database", "memcached", "dynamodb", "cookie"])
@pytest.mark.parametrize("more", ["", ODD], ids=["own", "odd"])
@pytest.mark.parametrize("name", NAMES)
def test_same_sessions(name, more, driver, tmp_path):
    root = copied(name, tmp_path / "project")
    with (root / ".env").open("a") as file:
        file.write(more + (f"SESSION_DRIVER={driver}\n" if driver else ""))
    before = effective(root, {}, dotenv=True)
    app = read(written(root, host="shop.example.org", **GIVEN).text.encode(), "app.yaml")
    after = effective(root, variables(app), dotenv=False)
    assert {row: after.get(row) for row in KEPT} == {row: before.get(row) for row in KEPT}
    assert str(after["domain"] or "") == str(before["domain"] or "").removeprefix(".")
    assert after["secure"] is True
    if driver:
        assert after["driver"] == driver


@pytest.mark.parametrize("name", NAMES)
def test_the_store_is_the_rendered_one(name, tmp_path):
    root = copied(name, tmp_path / "project")
    with (root / ".env").open("a") as file:
        file.write("SESSION_DRIVER=redis\nQUEUE_CONNECTION=redis\n")
    found = written(root, host="shop.example.org", **GIVEN)
    (snippet,) = [task.what for task in found.tasks if task.where == "config/database.php, redis"]
    database = root / "config/database.php"
    added = "'redis' => [\n" + snippet[snippet.index("'session'") :]
    database.write_text(database.read_text().replace("'redis' => [", added, 1))
    app = read(found.text.encode(), "app.yaml")
    after = effective(root, variables(app), dotenv=False)
    assert after["redis.host"] == "other-sessions"
    assert after["connection"] == "session"
    before = effective(root, {}, dotenv=True)
    assert after["redis.session_key_prefix"] == before["redis.session_key_prefix"]
