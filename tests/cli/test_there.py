"""Deployments that are there already, as a command line finds them: behind HAProxy as an ingress.

The test starts each of them and is its cluster; the rehearsal knows no more of it than its URL.
Only «no loss» is asserted, and the loss of what a fault destroyed by construction.
"""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import msgspec
import pytest

from holdfast.rehearsal.courtesy import BURST
from holdfast.rehearsal.own_application import own_application
from holdfast.rehearsal.recorder import read_history
from holdfast.rehearsal.verdict import Verdict
from holdfast.servers.ports import free_port

QUICK = ("--users", "4", "--seconds", "5", "--judge", "survival")
NAME = "shop.test"  # the certificate of an ingress is for it
CORNER_STORE = Path(__file__).parents[1] / "rehearsal/corner_store"


class Written(msgspec.Struct):
    verdicts: list[Verdict]


def verdict(path: Path) -> Verdict:
    [judged] = msgspec.json.decode(path.read_bytes(), type=Written).verdicts
    return judged


ASKS = (
    "deny deny_status 403 unless { req.hdr(user-agent) -m beg holdfast/ }",
    f"deny deny_status 403 unless {{ ssl_fc_sni {NAME} }}",
    f"deny deny_status 403 unless {{ req.hdr(host) -m str {NAME} }}",
    "auth realm staging unless { http_auth(staff) }",
    "deny deny_status 403 unless { path_beg /shop/ }",
    "replace-path /shop(/.*) \\1",
)
"""An ingress that lets in who keeps to all of what a target says."""


@pytest.mark.timeout(180)
@pytest.mark.parametrize("choice", ["redis", "shop=redis"])
def test_sessions_on_redis_survive_the_users_command(holdfast, standing, tmp_path, choice):
    there = standing(choice)
    ended = holdfast(
        *("rehearse", "--url", there.address, *QUICK, "--faults", "first,second"),
        *("--on-fault", there.command("roll"), "--json", f"{tmp_path}/v.json"),
        *("--history", str(tmp_path)),
    )
    assert ended.status == 0, ended.out + ended.err
    judged = verdict(tmp_path / "v.json")
    assert judged.sessions_opened > 0
    assert judged.writes_acknowledged > 0
    assert (judged.sessions_lost, judged.writes_lost, judged.doubts) == (0, 0, [])
    assert judged.name == there.address.removeprefix("http://")
    [history] = tmp_path.glob("*.jsonl")
    _, events = read_history(history)
    done = [(event.what, event.fault, event.status) for event in events if event.replica]
    assert done == [
        ("start", "", None),
        ("command", "first", None),
        ("over", "first", 0),
        ("command", "second", None),
        ("over", "second", 0),
    ]


@pytest.mark.timeout(180)
def test_files_go_with_their_only_pod_after_the_users_command(holdfast, standing, tmp_path):
    there = standing("file", 1)
    ended = holdfast(
        *("rehearse", "--url", there.address, *QUICK, "--on-fault", there.command("roll")),
        *("--json", f"{tmp_path}/v.json", "--html", f"{tmp_path}/page.html"),
    )
    assert ended.status == 1, ended.out + ended.err
    page = (tmp_path / "page.html").read_text()
    assert "20 requests a second" in page
    assert "after your command «fault» at " in page
    judged = verdict(tmp_path / "v.json")
    assert judged.sessions_lost > 0
    assert judged.causes["after your command «fault»"] >= judged.sessions_lost
    assert "after your command «fault» at " in ended.out
    assert [lane.replica for lane in judged.lanes] == ["deployment"]
    assert "lost" in [mark.what for mark in judged.lanes[0].marks]


VISITS = (
    *("--login", "POST /login email=customer{n}@example.com password=env:CUSTOMER_PASSWORD"),
    *("--path", "/login"),
)


@pytest.fixture
def corner_store(monkeypatch, standing):
    """An application that knows nothing of us, and its customers' password."""
    monkeypatch.setenv("CUSTOMER_PASSWORD", "sword & fish")
    own = own_application(CORNER_STORE, {})
    return lambda choice, replicas: standing(choice, replicas, own)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("words", [(str(CORNER_STORE),), ()], ids=["directory", "nothing known"])
def test_customers_of_an_application_that_knows_nothing_of_us(
    holdfast, corner_store, ingress, tmp_path, words
):
    there = corner_store("redis", 2)
    front = ingress(there.port)
    ended = holdfast(
        *("rehearse", *words, "--url", f"https://127.0.0.1:{front.port}", "--host", NAME),
        *("--ca-file", str(front.authority), *VISITS, *QUICK),
        *("--on-fault", there.command("roll"), "--json", f"{tmp_path}/v.json"),
        *("--history", str(tmp_path)),
    )
    assert ended.status == 0, ended.out + ended.err
    judged = verdict(tmp_path / "v.json")
    assert judged.sessions_opened > 0
    assert (judged.sessions_lost, judged.doubts) == (0, [])
    [history] = tmp_path.glob("*.jsonl")
    ops, _ = read_history(history)
    assert any(op.ok and op.sent.kind == "login" for op in ops)
    assert any(op.sent.args.get("path") == "/account" for op in ops)  # redirects were followed


@pytest.mark.timeout(180)
def test_customers_lose_files_with_the_only_pod(holdfast, corner_store, tmp_path):
    there = corner_store("file", 1)
    ended = holdfast(
        *("rehearse", "--url", there.address, *VISITS, *QUICK),
        *("--on-fault", there.command("roll"), "--json", f"{tmp_path}/v.json"),
    )
    assert ended.status == 1, ended.out + ended.err
    judged = verdict(tmp_path / "v.json")
    assert judged.sessions_lost > 0
    assert judged.causes["after your command «fault»"] > 0


@pytest.mark.timeout(180)
def test_an_ingress_with_tls_a_name_a_password_a_path_and_a_rate(
    holdfast, standing, ingress, tmp_path, monkeypatch
):
    there = ingress(standing("shop=redis", 1).port, *ASKS)
    monkeypatch.setenv("STAGING", "s3cret:")
    rate = 6
    ended = holdfast(
        *("rehearse", "--url", f"https://127.0.0.1:{there.port}/shop/", "--host", NAME),
        *("--ca-file", str(there.authority), "--basic", "ann:env:STAGING"),
        *("--rate", str(rate), *QUICK, "--json", f"{tmp_path}/v.json"),
    )
    assert ended.status == 0, ended.out + ended.err
    judged = verdict(tmp_path / "v.json")
    assert judged.name == NAME
    assert judged.sessions_opened > 0
    assert (judged.sessions_lost, judged.errors, judged.unknown) == (0, 0, 0)
    assert judged.requests <= rate * judged.seconds + BURST


@pytest.mark.timeout(180)
def test_a_password_in_the_url_is_in_no_report(holdfast, standing, ingress, tmp_path):
    there = ingress(standing("shop=redis", 1).port, "auth realm x unless { http_auth(staff) }")
    ended = holdfast(
        *("rehearse", "--url", f"https://ann:s3cret%3A@localhost:{there.port}", "--insecure"),
        *("--users", "2", "--seconds", "1", "--json", f"{tmp_path}/v.json"),
        *("--html", f"{tmp_path}/page.html", "--junit", f"{tmp_path}/junit.xml"),
        *("--history", str(tmp_path / "history")),
    )
    assert ended.status == 0, ended.out + ended.err
    assert verdict(tmp_path / "v.json").sessions_opened > 0
    files = [file for file in tmp_path.rglob("*") if file.suffix in (".json", ".html", ".jsonl")]
    assert len(files) == 3
    for text in (ended.out, ended.err, *(file.read_text() for file in files)):
        assert "s3cret" not in text
        assert base64.b64encode(b"ann:s3cret:").decode() not in text


@pytest.mark.parametrize(
    ("url", "options", "words", "hint"),
    [
        ("https://localhost:{port}", (), "certificate verify failed", "--ca-file FILE"),
        ("https://localhost:{port}", ("--ca-file", "{ca}"), "not valid for", "--host NAME"),
        ("http://localhost:{port}", (), "", "write https://"),
        ("https://localhost:{port}", ("--insecure",), "asks for a password", "--basic USER"),
        ("https://ann:wrong@localhost:{port}", ("--insecure",), "refuses this user", "web server"),
        ("https://localhost:{other}", (), "cannot connect", "can it be reached"),
        ("https://localhost:{port}", ("--insecure", "--host", "old"), "sends users on", "new.test"),
        ("https://localhost:{port}", ("--insecure", "--host", "ill"), "answers 503", "well"),
    ],
)
def test_what_is_wrong_with_the_way_there(holdfast, ingress, tmp_path, url, options, words, hint):
    there = ingress(
        free_port(),
        "redirect prefix https://new.test if { req.hdr(host) -m beg old }",
        "return status 503 hdr retry-after 600 if { req.hdr(host) -m beg ill }",
        "auth realm staging unless { http_auth(staff) }",
    )
    fields = {"port": there.port, "ca": there.authority, "other": free_port()}
    ended = holdfast(
        *("rehearse", "--url", url.format(**fields)),
        *(option.format(**fields) for option in options),
    )
    assert ended.status == 3, ended.err
    assert words in ended.err
    assert "hint: " in ended.err
    assert hint in ended.err.partition("hint: ")[2]


@pytest.mark.timeout(180)
def test_a_deployment_in_distress_is_left_alone(holdfast, standing, ingress):
    there = ingress(
        standing("shop=redis", 1).port, "return status 503 if { req.hdr(cookie) -m found }"
    )
    ended = holdfast(
        *("rehearse", "--url", f"https://localhost:{there.port}", "--insecure"),
        *("--users", "4", "--seconds", "86400"),
    )
    assert ended.status == 3
    assert "nothing was proved: stopped, so that nobody is hurt" in ended.err
    assert "were 5xx, 429 or none at all" in ended.err


@pytest.mark.timeout(180)
def test_a_command_that_fails_proves_nothing(holdfast, standing, tmp_path):
    there = standing("shop=redis", 1)
    ended = holdfast(
        *("rehearse", "--url", there.address, "--users", "2", "--seconds", "2"),
        *("--on-fault", "sh -c 'echo not allowed; exit 7'", "--faults", "rollout"),
        *("--json", f"{tmp_path}/v.json", "--judge", "survival"),
    )
    assert ended.status == 3, ended.out + ended.err
    assert "nothing was proved: your command for «rollout» ended with status 7" in ended.err
    assert "not allowed" in ended.err
    judged = verdict(tmp_path / "v.json")
    assert judged.doubts == ["your command for «rollout» ended with status 7"]
    assert "not allowed" not in (tmp_path / "v.json").read_text()


@pytest.mark.timeout(180)
def test_what_is_done_by_hand_is_marked_by_a_key(standing, tmp_path):
    there = standing("shop=redis", 1)
    ours, theirs = os.openpty()
    words = ["rehearse", "--url", there.address, "--users", "2", "--seconds", "600"]
    with subprocess.Popen(
        [sys.executable, "-m", "holdfast", *words, "--history", str(tmp_path)],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        wait_for(process.stderr, "press Enter")
        wait_for(process.stderr, "users play")
        os.write(ours, b"\n")
        wait_for(process.stderr, "fault: begun by hand")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 130, err
    assert "fault" in out  # its phase is on the scale
    [history] = tmp_path.glob("*.jsonl")
    _, events = read_history(history)
    assert [event.what for event in events if event.fault == "fault"] == ["key", "phase"]


def wait_for(stream: IO[str], words: str) -> None:
    for line in stream:
        if words in line:
            return
    pytest.fail(f"it ended without {words!r}")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--on-fault", "true"), "--on-fault without --url"),
        (("--insecure",), "--insecure without --url"),
        (("--url", "http://h", "--compare", "redis"), "--url and --compare"),
        (("--url", "http://h", "--driver", "redis"), "--url and --driver"),
        (("--url", "http://h", "--store", "redis:///0"), "--url and --store"),
        (("--url", "http://h", "--replicas", "3"), "--url and --replicas"),
        (("--url", "http://h", "--balancer", "haproxy"), "--url and --balancer"),
        (("shop", "--url", "http://h"), "--url and the application 'shop'"),
        (("/nowhere", "--url", "http://h"), "--url and the application '/nowhere'"),
        (("--url", "http://h", "--ready", "/up"), "--url and --ready"),
        (("--url", "http://h", "--path", "up"), "no path of the application"),
        (("--url", "http://h", "--login", "GET /login"), "logs nobody in"),
        (("--url", "http://h", "--users", "51"), "not between 1 and 50 at --rate 20"),
        (("--url", "http://h", "--users", "101", "--rate", "50"), "between 1 and 100 at --rate 50"),
        (("--url", "http://h", "--users", "0"), "--users 0"),
        (("--url", "http://h", "--seconds", "0"), "--seconds 0"),
        (("--url", "http://h", "--seconds", "1e8"), "--seconds 100000000 is not between"),
        (("--url", "http://h", "--faults", "roll"), "nobody who does them"),
        (("--url", "http://h", "--on-fault", "true", "--faults", "a b"), "no name"),
        (("--url", "http://h", "--on-fault", "true", "--faults", "end"), "no name"),
        (("--url", "http://h", "--on-fault", ""), "--on-fault is empty"),
        (("--url", ""), "no address"),
    ],
)
def test_wrong_usage(holdfast, words, message):
    ended = holdfast("rehearse", *words)
    assert ended.status == 2, ended.err
    assert message in ended.err
    assert "hint: " in ended.err
