"""Small rehearsals in which harm is done to the store. Only «nothing was lost» and its words."""

from __future__ import annotations

import msgspec
import pytest

from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.judge import judge
from holdfast.rehearsal.recorder import read_history
from holdfast.rehearsal.verdict import Verdict

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
