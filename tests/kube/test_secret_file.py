"""A ``.env`` file that becomes a Secret: what Laravel silently drops is said."""

from __future__ import annotations

import pytest

from holdfast.core.errors import UsageError
from holdfast.kube.rejected import Rejected
from holdfast.kube.secret_file import secret

PEM = "-----BEGIN PRIVATE KEY-----\nMIIBVAIBADANBg\nQUJD==\nABC=\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("# nothing\n", {}),
        ("A=1\nB=${A}2\n", {"A": "1", "B": "12"}),
        ('A="x = y"\nB=Z=1\n', {"A": "x = y", "B": "Z=1"}),
        (f'KEY="{PEM}"\nB=1\n', {"KEY": PEM, "B": "1"}),
    ],
)
def test_values(text, values):
    assert secret(text.encode(), ".env") == values


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('A=1\nREDIS_PASSWORD="hush\nDB_PASSWORD=hush\n', ".env:2:1: a quote is opened"),
        ('REDIS_PASSWORD="hush\nDB_PASSWORD=hush"\n', ".env:1:1: a quote is opened"),
        ("A=hush\nB=2\nA=hush2\n", ".env:3:1: A is in line 1 already"),
        ("A=1\nhush\n", ".env:2:1: there is no equals sign"),
    ],
)
def test_what_would_be_dropped(text, said):
    with pytest.raises(Rejected) as caught:
        secret(text.encode(), ".env")
    ((reason, way_out),) = caught.value.lines
    assert reason.startswith(said)
    assert "hush" not in reason + way_out
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("text", ["A='hush\n", "A=hush hush\n", "=hush\n", "\xff"])
def test_what_laravel_refuses(text):
    with pytest.raises(UsageError, match=r"^\.env:1: ") as caught:
        secret(text.encode("latin-1"), ".env")
    assert "hush" not in caught.value.in_full
