"""Laravel and the shop behind one balancer: they share login and cart, and nothing is lost."""

from __future__ import annotations

import msgspec
import pytest

from holdfast.rehearsal.recorder import read_history
from holdfast.rehearsal.verdict import Verdict

SMALL = ("--users", "6", "--seconds", "3", "--seed", "7", "--replicas", "2")


class Written(msgspec.Struct):
    verdicts: list[Verdict]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("store", ["redis", "database:postgresql"])
def test_they_share_login_and_cart(holdfast, tmp_path, store):
    ended = holdfast(
        *("rehearse", "--driver", f"mixed={store}", *SMALL, "--faults", "kill,roll"),
        *("--judge", "survival", "--json", f"{tmp_path}/v.json", "--history", str(tmp_path)),
    )
    assert ended.status == 0, ended.out
    [judged] = msgspec.json.decode((tmp_path / "v.json").read_bytes(), type=Written).verdicts
    assert judged.writes_acknowledged > 0
    assert [v for v in judged.violations if v.heading == "survival"] == []
    assert {lane.replica: lane.runs for lane in judged.lanes} == {"r1": "laravel", "r2": "shop"}
    assert "r1 laravel" in ended.out
    assert "r2 shop" in ended.out

    [history] = tmp_path.glob("*.jsonl")
    ops, _ = read_history(history)
    served: dict[str, set[str]] = {}
    for op in ops:
        if op.ok and op.state is not None and op.state.lineage is not None and op.state.cart:
            served.setdefault(op.state.lineage, set()).add(op.state.replica)
    assert {"r1", "r2"} in served.values()  # a cart that both have shown
