"""The conformance suite of stores, for ours and for anybody's. Needs pytest and Hypothesis.

A store passes when this passes::

    from holdfast.testing import Harness, OpenHarness, StoreConformance

    class TestMyStore(StoreConformance):
        @pytest.fixture
        def open_harness(self) -> OpenHarness:
            @contextmanager
            def open_harness():
                store = MyStore(...)                    # a real one, empty
                yield Harness(store, expire=lambda sid: ...)

            return open_harness

Every case runs twice, through ``connect`` in threads and through ``aconnect`` in tasks.
"""

import pytest

# Before the import: a failing case shows the values that differ, as in a test of one's own.
pytest.register_assert_rewrite("holdfast.testing.conformance", "holdfast.testing.machine")

from holdfast.testing.conformance import StoreConformance  # noqa: E402
from holdfast.testing.harness import (  # noqa: E402
    Client,
    Harness,
    ManualClock,
    OpenHarness,
    dress,
    new_sid,
)

__all__ = [
    "Client",
    "Harness",
    "ManualClock",
    "OpenHarness",
    "StoreConformance",
    "dress",
    "new_sid",
]
