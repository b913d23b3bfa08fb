"""Small rehearsals in which harm is done to the store. Only «nothing was lost» and its words."""

from __future__ import annotations

import re
import time

import msgspec
import pytest

from holdfast.core.flow import do, run
from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.judge import judge
from holdfast.rehearsal.recorder import read_history
from holdfast.rehearsal.verdict import Verdict
from holdfast.servers.redis import redis_server
from holdfast.stores.contract import Commit, Find, Found
from holdfast.stores.open import open as open_store

SMALL = ("--users", "5", "--seconds", "5", "--seed", "7", "--replicas", "2")
HARM = ("cut", "slow", "blackhole")


class Written(msgspec.Struct):
    verdicts: list[Verdict]


def verdicts(path):
    return msgspec.json.decode(path.read_bytes(), type=Written).verdicts


@pytest.mark.timeout(180)
@pytest.mark.parametrize("driver", ["redis", "database:mariadb"])
def test_the_shop_survives_harm_to_its_server(holdfast, tmp_path, driver):
    ended = holdfast(
        *("rehearse", "shop", "--driver", driver, *SMALL, "--faults", ",".join(HARM)),
        *("--judge", "survival", "--json", f"{tmp_path}/v.json", "--history", str(tmp_path)),
    )
    assert ended.status == 0, ended.out
    [judged] = verdicts(tmp_path / "v.json")
    assert judged.sessions_opened > 0
    assert judged.writes_acknowledged > 0
    assert [v for v in judged.violations if v.heading == "survival"] == []
    assert judged.not_applicable == []
    [history] = tmp_path.glob("*.jsonl")
    _, events = read_history(history)
    done = [(event.what, event.fault) for event in events if event.replica == "store"]
    assert done == [step for fault in HARM for step in ((fault, fault), ("over", fault))]


@pytest.mark.timeout(180)
def test_a_flush_is_a_loss_and_not_applicable_to_files(holdfast, tmp_path):
    ended = holdfast(
        *("rehearse", "shop", "--compare", "file:shared,redis", "--users", "5", "--seconds", "3"),
        *("--replicas", "1", "--faults", "flush,cut", "--judge", "survival"),
        *("--json", f"{tmp_path}/v.json", "--history", str(tmp_path)),
    )
    assert ended.status == 1, ended.out
    files, redis = verdicts(tmp_path / "v.json")
    assert files.not_applicable == ["flush", "cut"]
    assert redis.not_applicable == []
    assert (files.sessions_lost, files.causes.get("the store was flushed")) == (0, None)
    assert redis.sessions_lost > 0
    assert redis.causes["the store was flushed"] > 0
    assert {phase.name for phase in files.phases} == {"calm", "end"}
    assert "flush: not applicable" in ended.err
    assert "the store was flushed at " in ended.out
    assert ended.out.count("not applicable") == 3  # the heading, and a row for each fault

    ops, events = read_history(tmp_path / "redis.jsonl")
    assert judge(parse_setup("redis", "shop"), ops, events, redis.seconds) == redis


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("choice", "faults"),
    [
        ("laravel=redis:aof", ["restart"]),
        ("shop=database:postgresql", ["restart", "crash"]),
        ("shop=database:mariadb", ["restart", "crash"]),
    ],
)
def test_what_was_acknowledged_survives_the_end_of_the_server(holdfast, tmp_path, choice, faults):
    ended = holdfast(
        *("rehearse", "--compare", choice, *SMALL, "--faults", ",".join(faults)),
        *("--judge", "survival", "--json", f"{tmp_path}/v.json"),
    )
    assert ended.status == 0, ended.out
    [judged] = verdicts(tmp_path / "v.json")
    assert judged.sessions_opened > 0
    assert judged.writes_acknowledged > 0
    assert (judged.sessions_lost, judged.writes_lost) == (0, 0)
    assert judged.not_applicable == []
    [store] = [lane for lane in judged.lanes if lane.replica == "store"]
    assert [mark.what for mark in store.marks] == [
        step for fault in faults for step in (fault, "over")
    ]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("choice", "fault", "cause", "words"),
    [
        ("shop=redis", "restart", "the store was restarted without persistence", "was restarted"),
        ("memcached", "restart", "the store was restarted without persistence", "was restarted"),
        ("shop=redis", "crash", "the store crashed without persistence", "crashed"),
        ("memcached", "flush", "the store was flushed", "was flushed"),
    ],
)
def test_what_a_store_forgets_is_a_loss_with_its_cause(
    holdfast, tmp_path, choice, fault, cause, words
):
    ended = holdfast(
        *("rehearse", "--compare", choice, "--users", "6", "--seconds", "3", "--replicas", "1"),
        *("--faults", fault, "--judge", "survival", "--json", f"{tmp_path}/v.json"),
    )
    assert ended.status == 1, ended.out
    [judged] = verdicts(tmp_path / "v.json")
    assert judged.sessions_lost > 0
    assert judged.causes[cause] > 0
    assert f"the store {words} at " in ended.out


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("choice", "cause"),
    [
        ("memcached", "the store evicted keys: its memory was full"),
        ("shop=redis:aof", "the store evicted keys: maxmemory with allkeys-lru"),
    ],
)
def test_what_is_evicted_is_told_as_that(holdfast, tmp_path, choice, cause):
    ended = holdfast(
        *("rehearse", "--compare", choice, "--users", "6", "--seconds", "3", "--replicas", "1"),
        *("--faults", "evict", "--judge", "survival", "--json", f"{tmp_path}/v.json"),
    )
    [judged] = verdicts(tmp_path / "v.json")
    # Which keys it evicts is up to the store: perhaps only those of sessions that nobody has.
    lost = [v for v in judged.violations if v.heading == "survival"]
    assert ended.status == (1 if lost else 0), ended.out
    did, _, why = cause.partition(":")
    assert all(re.search(f"{did} at [0-9.]+ s:{why}", v.why) for v in lost)
    [store] = [lane for lane in judged.lanes if lane.replica == "store"]
    assert [mark.what for mark in store.marks] == ["evict", "over"]
    assert judged.not_applicable == []


@pytest.mark.timeout(180)
def test_a_store_that_was_there_is_reached_through_a_proxy_and_left_alone(holdfast, tmp_path):
    with redis_server(tmp_path) as server:
        url = f"{server.url}?prefix=ours%3A"
        with open_store(url).store.connect() as perform:
            run(do(Commit("a" * 40, None, b's:6:"a:0:{}";', int(time.time()) + 600)), perform)
        ended = holdfast(
            *("rehearse", "shop", "--store", url, *SMALL, "--judge", "survival"),
            *("--faults", "cut,slow,blackhole,flush,restart,evict", "--json", f"{tmp_path}/v.json"),
        )
        assert ended.status == 0, ended.out
        with open_store(url).store.connect() as perform:
            assert isinstance(run(do(Find("a" * 40)), perform), Found)
        assert server.process.running
    [judged] = verdicts(tmp_path / "v.json")
    assert judged.not_applicable == ["flush", "restart", "evict"]
    assert "restart: not applicable, a store that was there before the run is never" in ended.err
    [store] = [lane for lane in judged.lanes if lane.replica == "store"]
    assert [mark.what for mark in store.marks] == [
        step for fault in HARM for step in (fault, "over")
    ]
