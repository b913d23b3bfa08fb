"""Every fuzz target runs: its seeds, and a few of their mutations, the same ones each time.

``make fuzz`` is what looks for findings, with atheris; here a stand-in for it calls the targets, so
that none of them rots.
"""

from __future__ import annotations

import contextlib
import random
import runpy
import sys
from pathlib import Path
from types import ModuleType

import pytest

TARGETS = sorted((Path(__file__).parents[1] / "fuzz").glob("fuzz_*.py"))
INPUTS = 300


class Atheris(ModuleType):
    """As much of atheris as the targets use; libFuzzer's loop is a count."""

    def __init__(self):
        super().__init__("atheris")
        self.ran = 0

    @staticmethod
    def instrument_imports(include):
        return contextlib.nullcontext()

    @staticmethod
    def Mutate(data, max_size):  # noqa: N802 - atheris' name
        draw = random.Random(data)
        mutated = bytearray(data)
        for _ in range(draw.randrange(1, 4)):
            at = draw.randrange(len(mutated) + 1)
            match draw.randrange(3):
                case 0:
                    mutated[at:at] = draw.randbytes(draw.randrange(1, 4))
                case 1:
                    del mutated[at : at + draw.randrange(1, 8)]
                case 2:
                    mutated[at : at + 1] = draw.randbytes(1)
        return bytes(mutated[:max_size])

    def Setup(self, arguments, one_input, custom_mutator=None):  # noqa: N802 - atheris' name
        self._one_input, self._mutator = one_input, custom_mutator
        named = "".join(word for word in arguments if word.startswith("-seed_inputs="))
        files = filter(None, named.removeprefix("-seed_inputs=").split(","))
        self._seeds = [Path(file).read_bytes() for file in files]

    def Fuzz(self):  # noqa: N802 - atheris' name
        data = b""
        for number in range(INPUTS):
            if self._mutator:
                data = self._mutator(data, 4096, number)
            else:
                seed = self._seeds[number % len(self._seeds)]
                data = self.Mutate(seed, 4096) if number >= len(self._seeds) else seed
            self._one_input(data)
            self.ran += 1


def test_there_are_targets():
    assert len(TARGETS) >= 9


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.stem)
def test_the_target_runs(target, monkeypatch):
    atheris = Atheris()
    monkeypatch.setitem(sys.modules, "atheris", atheris)
    monkeypatch.delitem(sys.modules, "seeded", raising=False)
    monkeypatch.syspath_prepend(str(target.parent))
    monkeypatch.setattr(sys, "argv", [str(target)])
    runpy.run_path(str(target), run_name="__main__")
    monkeypatch.delitem(sys.modules, "seeded", raising=False)
    assert atheris.ran == INPUTS
