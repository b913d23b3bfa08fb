"""When a request may have taken effect, as far as the browser can know."""

from __future__ import annotations

import math

from holdfast.rehearsal.history import Op

SETTLING_SECONDS = 2.0
"""How long after a balancer's 5xx a dying replica's last write may still reach the store."""

_GATEWAY_TIMEOUT = 504


def uncertain(op: Op) -> bool:
    """Whether the request may have taken effect although no answer of its kind said so.

    A 4xx and a connection that was never made are certain: nothing was written. An answer of 200
    that is not a state, a redirect or a 5xx says nothing about what was written.
    """
    if op.answer is None or op.answer.outcome == "unknown":
        return True
    status = op.answer.status
    return op.answer.outcome == "fail" and status is not None and not 400 <= status < 500


def never_sent(op: Op) -> bool:
    """Whether nobody can have received it."""
    return op.answer is not None and op.answer.outcome == "fail" and op.answer.status is None


def effect_end(op: Op) -> float:
    """When the request can have no further effect; infinite where it may still be running."""
    if op.answer is None or op.answer.outcome == "unknown":
        return math.inf
    if not uncertain(op):
        return op.answer.at
    if op.answer.status == _GATEWAY_TIMEOUT:
        return math.inf
    return op.answer.at + SETTLING_SECONDS


def overlap(a: Op, b: Op) -> bool:
    """Whether two requests may have been at work at the same time."""
    return a.start < effect_end(b) and b.start < effect_end(a)
