"""The judge catches every store that is broken on purpose, and clears the correct one."""

from __future__ import annotations

import pytest

from holdfast.rehearsal.selftest import self_test

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_mutant_is_caught(seed):
    said: list[str] = []
    results = {result.mutant: result for result in await self_test(seed, said.append)}
    assert len(said) == len(results) == 6
    missed = [(name, result.found) for name, result in results.items() if not result.caught]
    assert not missed
    correct = results.pop("correct")
    assert correct.struck == 0
    assert not [name for name, n in correct.found.items() if n and name != "late-cookie"]
    assert all(result.struck for result in results.values())
    # Each store does one thing wrong, and is accused of nothing that it did not do.
    assert only(results["drops writes"], "durability", "lost-update", "missing")
    assert only(results["swaps users"], "leak", "missing", "phantom")
    assert only(results["resurrects"], "resurrection")
    assert only(results["rolls back"], "rollback")
    assert only(results["expires early"], "missing")


def only(result, *invariants):
    return {name for name, n in result.found.items() if n} <= {*invariants, "late-cookie"}
