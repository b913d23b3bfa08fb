"""Settings of the whole suite: the same Hypothesis examples on every run."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "suite",
    derandomize=True,
    deadline=None,  # two shared cores: a slow example is not a wrong one
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
