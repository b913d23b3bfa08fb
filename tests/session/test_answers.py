"""For how long a write is performed again whose answer is lost: counted, on a clock of ours."""

from __future__ import annotations

import pytest

from holdfast.core.errors import SaveUnknown, StoreUnavailable
from holdfast.core.flow import run
from holdfast.session import Policy
from holdfast.session.answers import performed
from holdfast.stores.contract import Delete, Deleted, Unknown
from holdfast.testing.harness import new_sid

LOST = Unknown("no answer within 5 s")
AWAY = StoreUnavailable("it does not answer")


class Silent:
    """A store that answers a write ``seconds`` late, or not at all; and the clock by which it does.

    Args:
        seconds: how long each performance takes.
        answers: what they end with, one after the other; the last one again and again.
    """

    def __init__(self, seconds, *answers):
        self.performed = 0
        self._now = 1000.0
        self._seconds = seconds
        self._answers = list(answers)

    def ticks(self):
        return self._now

    def perform(self, effect):
        self.performed += 1
        self._now += self._seconds
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def answer(self, **options):
        policy = Policy(pause=0, **options)
        return run(performed(policy, Delete(new_sid()), ticks=self.ticks), self.perform)


@pytest.mark.parametrize(
    ("seconds", "limit", "times"),
    [(5, 10, 2), (4.9, 10, 3), (15, 10, 1), (5, 31, 7), (0, 10, 13), (1, 0, 1)],
    ids=["silent", "a little faster", "slow at once", "patient", "quick", "never again"],
)
@pytest.mark.parametrize("then", [LOST, AWAY], ids=["silent", "away"])
def test_nothing_is_begun_after_the_limit(seconds, limit, times, then):
    store = Silent(seconds, LOST, then)
    with pytest.raises(SaveUnknown, match="no answer within 5 s"):
        store.answer(repeat_seconds=limit)
    assert store.performed == times


def test_an_answer_counts_however_late_it_is():
    assert Silent(30, Deleted()).answer() == (Deleted(), False)
    assert Silent(9.9, LOST, Deleted()).answer() == (Deleted(), True)
    store = Silent(5, LOST, AWAY, Deleted())
    assert store.answer(repeat_seconds=10.1) == (Deleted(), True)
    assert store.performed == 3
