"""A canary over deployments that the test starts, and what it tells Prometheus meanwhile.

Only «no loss» is asserted, and the loss of what a fault destroyed by construction.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from holdfast.rehearsal.own_application import own_application
from holdfast.servers.ports import free_port
from holdfast.servers.tcp_proxy import Pass, Refuse, tcp_proxy

CORNER_STORE = Path(__file__).parents[1] / "rehearsal/corner_store"


class Canary:
    """A watching process; the context ends it."""

    def __init__(self, *words: str) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "holdfast", "rehearse", "--watch", "--every", "0.2"),
                *("--metrics", str(self.port), *words),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def samples(self) -> dict[str, float]:
        """What Prometheus would read; labels are part of a name."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics") as answer:
                text = answer.read().decode()
        except OSError:
            return {}
        return {
            sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def until(self, condition) -> dict[str, float]:
        """The samples, once they are as wanted."""
        deadline = time.monotonic() + 60
        while not (samples := self.samples()) or not condition(samples):
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline, samples
            time.sleep(0.05)
        return samples

    def end(self) -> str:
        """End it as Kubernetes does, and give what it has said."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=60)
        assert out == ""
        return err


def command(there, what: str) -> None:
    """Have something done to a deployment."""
    import shlex

    subprocess.run(shlex.split(there.command(what)), check=True, timeout=60)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("choice", ["shop=redis", "redis"])
def test_sessions_on_redis_outlive_a_roll(standing, choice):
    there = standing(choice, 2)
    with Canary("--url", there.address) as canary:
        before = canary.until(lambda s: s["holdfast_sessions_held"] == 3)
        assert before["holdfast_sessions_observed_total"] == 3
        assert before["holdfast_up"] == 1
        command(there, "roll")
        seen = before["holdfast_requests_total ok"] + 12
        after = canary.until(lambda s: s["holdfast_requests_total ok"] > seen)
        said = canary.end()
    assert canary.process.returncode == 0, said
    lost = {name: value for name, value in after.items() if "lost_total" in name}
    assert set(lost.values()) == {0.0}
    assert {f"holdfast_sessions_lost_total {cause}" for cause in ("missing", "rollback")} < set(
        lost
    )
    assert after["holdfast_request_seconds_count"] >= after["holdfast_requests_total ok"]
    assert after["holdfast_last_success_timestamp_seconds"] <= time.time()
    assert re.search(r": 0 sessions lost of 3, 0 of them logged in; \d+ requests", said)


@pytest.mark.timeout(180)
def test_files_go_with_their_only_pod_and_each_loss_is_a_line(standing):
    there = standing("file", 1)
    with Canary("--url", there.address) as canary:
        canary.until(lambda s: s["holdfast_sessions_held"] == 3)
        command(there, "roll")
        lost = canary.until(lambda s: s["holdfast_logins_lost_total"] == 3)
        again = canary.until(lambda s: s["holdfast_sessions_observed_total"] == 6)
        said = canary.end()
    assert canary.process.returncode == 1, said
    assert lost["holdfast_sessions_lost_total missing"] == 3
    assert again["holdfast_sessions_held"] == 3
    losses = [line for line in said.splitlines() if "LOST" in line]
    assert len(losses) == 3
    for line in losses:
        assert re.fullmatch(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ LOST: session [0-9a-f]{12} \(u\d\.\d+\), logged in,"
            r" after \d+ s: a session that the browser still carries is missing",
            line,
        ), line
    assert ": 3 sessions lost of 6, 3 of them logged in" in said


@pytest.mark.timeout(180)
def test_a_customer_of_an_application_that_knows_nothing_of_us(standing, monkeypatch):
    monkeypatch.setenv("CUSTOMER_PASSWORD", "sword & fish")
    there = standing("redis", 2, own_application(CORNER_STORE, {}))
    login = "POST /login email=customer{n}@example.com password=env:CUSTOMER_PASSWORD"
    words = ("--url", there.address, "--login", login, "--path", "/login", "--users", "1")
    with Canary(*words) as canary:
        before = canary.until(lambda s: s["holdfast_sessions_held"] == 1)
        command(there, "roll")
        seen = before["holdfast_requests_total ok"] + 4
        canary.until(lambda s: s["holdfast_requests_total ok"] > seen)
        said = canary.end()
    assert canary.process.returncode == 0, said


@pytest.mark.timeout(180)
def test_replicas_that_share_nothing_lose_sessions_at_their_beginning(standing):
    there = standing("file", 2)
    with Canary("--url", there.address) as canary:
        samples = canary.until(lambda s: s["holdfast_sessions_lost_total missing"] >= 2)
        canary.end()
    assert samples["holdfast_sessions_observed_total"] >= 2
    assert canary.process.returncode == 1


@pytest.mark.timeout(180)
def test_an_outage_is_two_lines_and_no_loss(standing):
    there = standing("shop=redis", 1)
    with tcp_proxy(there.port) as way, Canary("--url", f"http://127.0.0.1:{way.port}") as canary:
        canary.until(lambda s: s["holdfast_sessions_held"] == 3)
        way.behave(Refuse())
        down = canary.until(lambda s: s["holdfast_requests_total fail"] >= 2)
        way.behave(Pass())
        canary.until(lambda s: s["holdfast_requests_total ok"] > down["holdfast_requests_total ok"])
        said = canary.end()
    assert canary.process.returncode == 0, said
    lines = [line.partition(" ")[2] for line in said.splitlines()]
    outage = [line for line in lines if line.startswith(("DOWN", "UP"))]
    assert [line.partition(":")[0] for line in outage[:2]] == ["DOWN", "UP"]
    assert re.fullmatch(r"UP: after \d+ s; requests that failed: \d+", outage[1])


@pytest.mark.timeout(180)
def test_a_bounded_watch_ends_by_itself(holdfast, standing):
    there = standing("shop=redis", 1)
    ended = holdfast(
        *("rehearse", "--url", there.address, "--watch", "--every", "0.2", "--seconds", "2")
    )
    assert ended.status == 0, ended.err
    # How many guests have come by then is up to the machine.
    assert re.search(r": 0 sessions lost of [1-3], ", ended.err)


def test_a_port_that_is_taken(holdfast, standing):
    there = standing("shop=array", 1)
    ended = holdfast(
        *("rehearse", "--url", there.address, "--watch", "--metrics", str(there.port)),
    )
    assert ended.status == 3
    assert f"cannot serve metrics on 127.0.0.1:{there.port}" in ended.err


def test_a_deployment_that_is_not_there(holdfast):
    ended = holdfast("rehearse", "--url", f"http://127.0.0.1:{free_port()}", "--watch")
    assert ended.status == 3
    assert "cannot connect" in ended.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--watch",), "--watch without --url"),
        (("--url", "http://h", "--every", "5"), "--every without --watch"),
        (("--url", "http://h", "--metrics", "9187"), "--metrics without --watch"),
        (("--url", "http://h", "--watch", "--on-fault", "true"), "--watch and --on-fault"),
        (("--url", "http://h", "--watch", "--faults", "roll"), "--watch and --faults"),
        (("--url", "http://h", "--watch", "--compare", "redis"), "--url and --compare"),
        (("--url", "http://h", "--watch", "--html", "/tmp/x.html"), "--watch and --html"),
        (("--url", "http://h", "--watch", "--every", "0"), "--every 0 is not between"),
        (("--url", "http://h", "--watch", "--users", "51"), "--users 51"),
        (("--url", "http://h", "--watch", "--seconds", "0"), "--seconds 0"),
        (("--url", "http://h", "--watch", "--metrics", "0"), "is not PORT or ADDRESS:PORT"),
        (("--url", "http://h", "--watch", "--metrics", "a b:1"), "is not PORT or ADDRESS:PORT"),
    ],
)
def test_wrong_usage(holdfast, words, message):
    ended = holdfast("rehearse", *words)
    assert ended.status == 2, ended.err
    assert message in ended.err
    assert "hint: " in ended.err
