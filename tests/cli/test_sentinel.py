"""A small rehearsal on Redis with Sentinel. What a failover costs is shown, never asserted."""

from __future__ import annotations

import msgspec
import pytest

from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.judge import judge
from holdfast.rehearsal.recorder import read_history
from holdfast.rehearsal.verdict import Verdict


class Written(msgspec.Struct):
    verdicts: list[Verdict]


@pytest.mark.timeout(180)
def test_a_failover_is_done_to_sentinel_and_not_applicable_to_one_redis(holdfast, tmp_path):
    ended = holdfast(
        *("rehearse", "shop", "--compare", "redis,redis:sentinel", "--faults", "failover"),
        *("--users", "4", "--seconds", "2", "--replicas", "1", "--judge", "survival"),
        *("--json", f"{tmp_path}/v.json", "--history", str(tmp_path)),
    )
    single, sentinel = msgspec.json.decode(
        (tmp_path / "v.json").read_bytes(), type=Written
    ).verdicts
    assert (single.not_applicable, single.sessions_lost) == (["failover"], 0)
    assert "failover: not applicable, its store is not redis:sentinel" in ended.err

    assert sentinel.not_applicable == []
    assert sentinel.writes_acknowledged > 0
    assert ended.status == (0 if sentinel.holds("survival") else 1)
    assert "f failover" in ended.out
    assert [phase.name for phase in sentinel.phases] == ["calm", "failover", "end"]

    ops, events = read_history(tmp_path / "redis-sentinel.jsonl")
    done = [event.what for event in events if event.replica == "store"]
    # That two nodes were primary is what is seen as a rule; nothing promises it.
    assert [what for what in done if what != "split"] == ["failover", "over"]
    setup = parse_setup("redis:sentinel", "shop")
    assert judge(setup, ops, events, sentinel.seconds) == sentinel
