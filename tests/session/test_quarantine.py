"""What was set aside can be listed and read."""

from __future__ import annotations

import pytest

from holdfast.core.errors import UsageError
from holdfast.laravel.payload import Codec
from holdfast.session.quarantine import quarantined
from holdfast.stores.beside import ASIDE_SECONDS, PAGE_ENTRIES, Aside, ScanAside
from holdfast.stores.contract import Scan, SetAside
from holdfast.stores.memory import MemoryStore
from holdfast.testing import ManualClock

SID = "Q" * 40


@pytest.mark.parametrize("entries", [0, 9, 10, 11, 25])
def test_every_entry_is_listed_once(entries):
    store = MemoryStore(clock=ManualClock())
    broken = [b"broken %d" % number for number in range(entries)]
    with store.connect() as perform:
        for data in broken:
            perform(SetAside(SID, data, "serialization"))
        listed = list(quarantined(perform))
        assert sorted(entry.data for entry in listed) == sorted(broken)
        assert {(entry.sid, entry.reason, entry.at) for entry in listed} <= {
            (SID, "serialization", store.clock())
        }
        assert perform(Scan()).sids == ()


def test_an_entry_can_be_read_once_its_key_is_there():
    store, codec = MemoryStore(), Codec(MemoryStore().form)
    attributes = codec.new()
    attributes["cart"] = "anchor"
    with store.connect() as perform:
        perform(SetAside(SID, codec.dumps(attributes), "encryption"))
        [entry] = quarantined(perform)
    assert codec.loads(entry.data)["cart"] == "anchor"


def test_what_is_over_is_not_listed():
    clock = ManualClock()
    with MemoryStore(clock=clock).connect() as perform:
        perform(SetAside(SID, b"broken", "size"))
        clock.advance(ASIDE_SECONDS - 1)
        assert len(list(quarantined(perform))) == 1
        clock.advance(1)
        assert list(quarantined(perform)) == []


@pytest.mark.parametrize("batch", [-1, 0, PAGE_ENTRIES + 1])
def test_a_page_is_bounded(batch):
    with pytest.raises(UsageError):
        ScanAside(batch=batch)


def test_neither_the_id_nor_the_bytes_are_printed_by_accident():
    assert repr(Aside(SID, b"secret", "size", 7)) == "Aside(reason='size', at=7)"
