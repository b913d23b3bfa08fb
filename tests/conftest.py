"""Settings of the whole suite: the same Hypothesis examples on every run."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

from tests.kube.schemas import CRDS, unvalidated

settings.register_profile(
    "suite",
    derandomize=True,
    deadline=None,  # two shared cores: a slow example is not a wrong one
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")

# It also draws the constants of whatever local modules are imported by then: with two workers that
# is a matter of chance. It has no setting for that.
assert providers._get_local_constants
providers._get_local_constants = lambda: providers._local_constants


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What nobody has looked at is said."""
    if CRDS is None and (kinds := unvalidated()):
        terminalreporter.write_line(
            f"HOLDFAST_CRD_SCHEMAS is not set: not validated are {', '.join(kinds)}"
        )
