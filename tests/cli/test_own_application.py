"""Rehearsals of an ordinary Laravel application, from end to end: «nothing was lost» is asserted.

Only files of three replicas without affinity must lose by construction: the replica that answers is
not the one that has the file.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import msgspec
import pytest

from holdfast.rehearsal.laravel import FIXTURE
from holdfast.rehearsal.recorder import read_history
from holdfast.rehearsal.verdict import Verdict

CORNER_STORE = str(Path(__file__).parents[1] / "rehearsal/corner_store")
SMALL = ("--users", "6", "--seconds", "4", "--seed", "3", "--judge", "survival")
BRIEF = ("--users", "2", "--seconds", "1", "--replicas", "1", "--faults", "")
LOGIN = "POST /login email=customer{n}@example.com password=env:CUSTOMER_PASSWORD"

ENVIRONMENT = 3


class Written(msgspec.Struct):
    verdicts: list[Verdict]


@pytest.fixture(autouse=True)
def _password(monkeypatch):
    monkeypatch.setenv("CUSTOMER_PASSWORD", "sword & fish")


@pytest.mark.timeout(180)
def test_files_lose_and_redis_keeps_the_sessions_of_customers(holdfast, tmp_path):
    ended = holdfast(
        *("rehearse", CORNER_STORE, "--compare", "file,redis", *SMALL, "--login", LOGIN),
        *("--json", f"{tmp_path}/v.json", "--history", f"{tmp_path}/histories"),
        *("--html", f"{tmp_path}/report.html"),
    )
    assert ended.status == 0, ended.out
    files, redis = msgspec.json.decode((tmp_path / "v.json").read_bytes(), type=Written).verdicts
    assert files.sessions_lost > 0
    assert "the replica that answered never had the file" in ended.out
    assert redis.sessions_opened >= 6
    assert (redis.sessions_lost, redis.leaks, redis.phantoms) == (0, 0, 0)
    assert f"redis: 0 sessions lost of {redis.sessions_opened}" in ended.out

    ops, _ = read_history(tmp_path / "histories/redis.jsonl")
    logins = [op for op in ops if op.sent.kind == "login" and op.ok]
    members = [op for op in ops if op.state is not None and op.state.user is not None]
    assert logins
    assert {op.sent.args["path"] for op in members} == {"/", "/login", "/account"}
    for path in tmp_path.rglob("*.*"):
        if path.is_file():
            assert b"sword" not in path.read_bytes()


@pytest.mark.timeout(180)
def test_guests_on_a_database_behind_redirects(holdfast):
    ended = holdfast(
        *("rehearse", CORNER_STORE, "--driver", "database", *SMALL, "--path", "/start"),
        *("--balancer", "builtin", "--ready", "/ping"),
    )
    assert ended.status == 0, ended.out
    assert "database: 0 sessions lost of " in ended.out


@pytest.mark.timeout(180)
def test_a_flushed_store_has_lost_them_and_it_says_so(holdfast):
    ended = holdfast("rehearse", CORNER_STORE, *SMALL, "--faults", "flush", "--login", LOGIN)
    assert ended.status == 1, ended.err
    assert "× the store was flushed" in ended.out
    assert "violated: missing" in ended.out


@pytest.mark.timeout(180)
def test_a_scenario_says_the_same(holdfast, tmp_path):
    (tmp_path / "store").symlink_to(CORNER_STORE)
    (tmp_path / "rehearsal.yaml").write_text(
        f"application: store\npath: /login\nlogin: {LOGIN}\nready: /ping\ncompare: [redis]\n"
        "replicas: 2\nusers: 3\nseconds: 2\nfaults: [kill]\nsteps: {visit: 1, log-in: 2}\n"
        "judge: survival\n"
    )
    ended = holdfast("rehearse", f"{tmp_path}/rehearsal.yaml")
    assert ended.status == 0, ended.out
    assert "redis: 0 sessions lost of 3" in ended.out


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--path", "/ping"), "GET /ping opens no session: it sets no cookie corner_store_session"),
        (("--path", "/unprotected", "--driver", "file"), "cannot be observed"),
        (("--path", "/nothing"), "GET /nothing answers 404"),
        (("--path", "/broken", "--ready", "/ping"), "GET /broken answers 500"),
        (("--path", "/elsewhere"), "GET /elsewhere redirects to another host"),
        (
            ("--login", "POST /login email=nobody password=x"),
            "POST /login logs nobody in: no",
        ),
        (("--login", "POST /nothing a=b"), "POST /nothing logs nobody in: HTTP 404"),
        (("--login", "POST /login password=env:NO_SUCH"), "variable NO_SUCH is not set"),
    ],
)
def test_what_stands_in_the_way_is_said_in_two_lines(holdfast, words, said):
    ended = holdfast("rehearse", CORNER_STORE, *BRIEF, *words)
    assert (ended.status, ended.out) == (ENVIRONMENT, "")
    assert said in ended.err
    assert "\n  hint: " in ended.err


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("login", "said"),
    [
        ("POST /login email=nobody password=x", "POST /login logs nobody in: no login came of it"),
        ("POST /nothing a=b", "POST /nothing logs nobody in: HTTP 404"),
    ],
)
def test_a_wrong_login_is_no_loss_where_each_replica_has_sessions_of_its_own(holdfast, login, said):
    words = ("--users", "2", "--seconds", "1", "--faults", "", "--driver", "file")
    ended = holdfast("rehearse", CORNER_STORE, *words, "--login", login)
    assert (ended.status, ended.out) == (ENVIRONMENT, "")
    assert said in ended.err


@pytest.mark.timeout(180)
def test_a_page_that_only_the_store_can_show_is_observed_there(holdfast):
    ended = holdfast("rehearse", CORNER_STORE, *BRIEF, "--path", "/unprotected")
    assert ended.status == 0, ended.err
    assert "redis: 0 sessions lost of 2" in ended.out


@pytest.mark.timeout(180)
def test_an_application_that_speaks_our_protocol_is_shopped_in(holdfast, tmp_path):
    """Our fixture, as if it were somebody's own: under another name for its cookie."""
    project = tmp_path / "chandlery"
    shutil.copytree(FIXTURE, project)
    (project / "composer.json").write_text('{"require": {"laravel/framework": "^8.83"}}')
    (project / "vendor").mkdir()
    (project / "vendor/autoload.php").write_text("<?php\n")
    index, session = project / "public/index.php", project / "config/session.php"
    storage = "putenv('POD_STORAGE=' . dirname(__DIR__) . '/storage');"
    index.write_text(index.read_text().replace("<?php\n", f"<?php\n{storage}\n", 1))
    session.write_text(re.sub("'cookie' => .*", "'cookie' => 'chandlery',", session.read_text()))
    words = ("rehearse", str(project), *SMALL, "--faults", "kill", "--ready", "/healthz")
    ended = holdfast(*words, "--json", f"{tmp_path}/v.json")
    assert ended.status == 0, ended.out
    (verdict,) = msgspec.json.decode((tmp_path / "v.json").read_bytes(), type=Written).verdicts
    assert verdict.writes_acknowledged > 0
    assert (verdict.sessions_lost, verdict.writes_lost) == (0, 0)
