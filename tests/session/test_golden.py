"""Sessions that real Laravel 8 to 12 wrote: only read they stay; they age as Laravel ages them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.names import login_key
from holdfast.laravel.payload import Codec, Form
from holdfast.laravel.php import SessionArray
from holdfast.stores.contract import Commit, Find

VECTORS = Path(__file__).parents[1] / "vectors"
SID = "x" * 40
ENCRYPTER = Encrypter.from_app_key("base64:aG9sZGZhc3QtdGVzdC1rZXktMzItYnl0ZXMtbG9uZyE=")

PLAIN = sorted(VECTORS.glob("drivers-laravel*/file.pod*"))
ENCRYPTED = sorted(VECTORS.glob("drivers-laravel*/file-encrypted.pod*"))
FLASHED = sorted(VECTORS.glob("php-serialize-laravel*/raw/*-session-*.ser"))
AFTER_A_SECOND_REQUEST = [
    (version["laravel"], session)
    for version in json.loads((VECTORS / "formats-laravel-8-10-12.json").read_bytes())["versions"]
    for session in version["session"]
]


def put(world, data):
    world.perform(Commit(SID, None, data, world.now + world.store.lifetime))


def test_nothing_golden_is_missing():
    assert [len(PLAIN), len(ENCRYPTED), len(FLASHED)] == [8, 8, 6]
    assert len(AFTER_A_SECOND_REQUEST) == 40


@pytest.mark.parametrize("path", [*PLAIN, *ENCRYPTED])
def test_only_read_they_stay(memory, path):
    memory.codec = Codec(Form.BARE, encrypter=ENCRYPTER if path in ENCRYPTED else None)
    data = path.read_bytes()
    put(memory, data)
    session = memory.load(SID)
    for key in session:
        assert session[key] is session[key]
    assert session.previous_url.startswith("http://127.0.0.1:8300/")
    assert session.user_id() == session.get(login_key())
    assert memory.save(session) is False
    assert [type(effect) for effect in memory.effects] == [Find]
    assert memory.found(SID).data == data


@pytest.mark.parametrize("path", [*PLAIN, *FLASHED])
def test_changed_they_are_what_laravel_saves(memory, laravel, path):
    data = path.read_bytes()
    steps = [("put", ["cart", ["anchor"]]), ("flash", ["status.text", "zoë"])]
    put(memory, data)
    theirs = laravel.live(data, [steps, []])
    for saved, verbs in zip(theirs, [steps, []], strict=True):
        session = memory.load(SID)
        for verb, arguments in verbs:
            getattr(session, verb)(*arguments)
        assert memory.writes(session)
        right = SessionArray.loads(base64.b64decode(saved["payload"]))
        ours = SessionArray.loads(memory.found(SID).data)
        assert list(ours) == list(right)
        for key in ours:
            # PHP wakes a Carbon and writes it with other properties; ours stays as it was.
            kept = SessionArray.loads(data) if key == "when" else right
            assert ours.raw(key) == kept.raw(key), key


# Where Laravel changes what nobody has changed, ours stays: up to 11.9.1 it numbers top-level keys
# anew, and -0 comes back from JSON as 0.
LEFT_ALONE = {
    ("8", "php", "intkeys"),
    ("10", "php", "intkeys"),
    ("10", "json", "intkeys"),
    ("10", "json", "scalars"),
    ("12", "json", "scalars"),
}


@pytest.mark.parametrize(("version", "golden"), AFTER_A_SECOND_REQUEST)
def test_a_second_request_leaves_what_laravel_left(memory, version, golden):
    before = base64.b64decode(golden["payload_b64"])
    after = base64.b64decode(golden["after_second_request_b64"])
    if (version, golden["serialization"], golden["scenario"]) in LEFT_ALONE:
        assert before != after
        after = before
    memory.codec = Codec(Form.BARE, golden["serialization"])
    put(memory, before)
    assert memory.writes(memory.load(SID)) is (before != after)
    assert memory.found(SID).data == after
