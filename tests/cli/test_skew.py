"""Small rehearsals in which one replica has another setting: what must be lost, and in words."""

from __future__ import annotations

import msgspec
import pytest

from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.judge import judge
from holdfast.rehearsal.recorder import read_history
from holdfast.rehearsal.skew import SKEWS
from holdfast.rehearsal.verdict import Verdict

# One replica: each visit during the skew is to the one with the other setting.
SMALL = ("--users", "4", "--seconds", "3", "--seed", "7", "--replicas", "1")
ALL = ",".join(SKEWS)


class Written(msgspec.Struct):
    verdicts: list[Verdict]


def verdicts(path):
    return msgspec.json.decode(path.read_bytes(), type=Written).verdicts


@pytest.mark.timeout(180)
def test_laravel_loses_by_each_skew_and_the_cause_is_told(holdfast, tmp_path):
    ended = holdfast(
        *("rehearse", "laravel", "--driver", "redis", *SMALL, "--faults", ALL),
        *("--judge", "survival", "--json", f"{tmp_path}/v.json", "--history", str(tmp_path)),
    )
    assert ended.status == 1, ended.out
    [judged] = verdicts(tmp_path / "v.json")
    assert judged.not_applicable == []
    for skew in SKEWS.values():
        assert judged.causes[f"a replica had another {skew.setting}: {skew.effect}"] > 0
    assert judged.sessions_lost >= len(SKEWS)
    assert "r1 had another APP_KEY from " in ended.out
    assert "≠" in ended.out

    ops, events = read_history(tmp_path / "redis.jsonl")
    assert judge(parse_setup("redis", "laravel"), ops, events, judged.seconds) == judged


@pytest.mark.timeout(180)
def test_the_shop_loses_nothing_by_what_it_cannot_read_and_by_a_new_key(holdfast, tmp_path):
    ended = holdfast(
        *("rehearse", "shop", "--driver", "redis", "--users", "4", "--seconds", "3", "--seed", "7"),
        *("--replicas", "2", "--faults", "rotate,encrypt-skew,name-skew", "--judge", "survival"),
        *("--json", f"{tmp_path}/v.json", "--history", str(tmp_path)),
    )
    assert ended.status == 0, ended.out
    [judged] = verdicts(tmp_path / "v.json")
    assert judged.writes_acknowledged > 0
    assert judged.errors > 0  # 503, and nothing overwritten
    assert [v for v in judged.violations if v.heading == "survival"] == []
    assert judged.not_applicable == ["name-skew"]
    assert "name-skew: not applicable, its replicas have no APP_NAME" in ended.err

    _, events = read_history(tmp_path / "redis.jsonl")
    assert [event.replica for event in events if event.what == "rotate"] == ["r1", "r2"]
