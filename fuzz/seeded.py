"""Starts libFuzzer with seeds that stand in the target's code instead of in files."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence

import atheris

SEED_EVERY = 20
"""One input of so many is a seed with a change, so that all of them are met early."""


def start(one_input: Callable[[bytes], None], seeds: Sequence[bytes]) -> None:
    """Fuzz with libFuzzer's own arguments; does not return.

    Args:
        one_input: what is called with each input; an exception that leaves it is a finding.
        seeds: inputs to begin with.
    """

    def mutate(data: bytes, max_size: int, number: int) -> bytes:
        draw = random.Random(number)
        if draw.randrange(SEED_EVERY) == 0:
            data = draw.choice(seeds)[:max_size]
            if draw.randrange(2):
                return data
        mutated: bytes = atheris.Mutate(data, max_size)
        return mutated

    atheris.Setup(sys.argv, one_input, custom_mutator=mutate)
    atheris.Fuzz()
