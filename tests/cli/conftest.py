from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from holdfast.cli import main


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str


Holdfast = Callable[..., Ended]


@pytest.fixture
def holdfast(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Holdfast:
    """The command line in this process: its exit status and what it printed."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> Ended:
        capfd.readouterr()
        with pytest.raises(SystemExit) as exit_:
            main(words)
        out, err = capfd.readouterr()
        status = exit_.value.code
        assert isinstance(status, int)
        return Ended(status, out, err)

    return run
