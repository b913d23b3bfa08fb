"""Every verb against the real Illuminate\\Session\\Store: what it answers, and what is saved."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.core.errors import FormatError
from holdfast.core.flow import run
from holdfast.laravel.payload import Codec, Form
from holdfast.laravel.php import dumps
from holdfast.session import load, save
from holdfast.stores.contract import Commit, Find
from holdfast.stores.memory import MemoryStore

SID = "x" * 40
TOKEN = "t" * 40
CODEC = Codec(Form.BARE)
NOW = 1_700_000_000

READING = {"get", "has", "exists", "missing", "only", "pull", "increment", "decrement"}
READING |= {"get_old_input", "previous_url", "user_id", "all"}


def ours(payload, requests):
    """The same as Laravel.live, with our own session."""
    store = MemoryStore(clock=lambda: NOW)
    saves = []
    sid = SID
    with store.connect() as perform:
        perform(Commit(SID, None, payload, NOW + 7200))
        for steps in requests:
            session = run(load(sid, CODEC), perform)
            answers = [answer(session, verb, arguments) for verb, arguments in steps]
            before, sid = sid, session.id
            run(save(session, CODEC, lifetime=7200, now=NOW), perform)
            saves.append(
                {
                    "answers": answers,
                    "payload": perform(Find(sid)).data,
                    "moved": sid != before,
                    "old_lives": perform(Find(before)) is not None,
                }
            )
    return saves


def answer(session, verb, arguments):
    """What a verb answers, serialized; None: it refused."""
    try:
        if verb == "previous_url":
            return dumps(session.previous_url)
        return dumps(getattr(session, verb)(*arguments))
    except (TypeError, FormatError):
        return None


def compare(laravel, payload, requests):
    theirs = map(decoded, laravel.live(payload, requests))
    rows = zip(requests, ours(payload, requests), theirs, strict=True)
    for number, (steps, we, they) in enumerate(rows):
        answers = zip(steps, we.pop("answers"), they.pop("answers"), strict=True)
        for (verb, arguments), mine, right in answers:
            assert (mine is None) == (right is None), (number, verb, arguments)
            if verb in READING and right is not None:
                assert same_tokens(mine) == same_tokens(right), (number, verb, arguments)
        assert same_tokens(we.pop("payload")) == same_tokens(they.pop("payload")), number
        assert we["moved"] == they["moved"], number
        # Laravel's migrate() leaves the old session alive. Ours never does.
        moved = any(verb in ("login", "migrate", "regenerate") for verb, _ in steps)
        assert we["old_lives"] == (they["old_lives"] and not moved), number


def decoded(save_of_laravel):
    return save_of_laravel | {
        "answers": [a and base64.b64decode(a) for a in save_of_laravel["answers"]],
        "payload": base64.b64decode(save_of_laravel["payload"]),
    }


def same_tokens(data):
    """Serialized data with every random text replaced by the same one."""
    return re.sub(rb's:40:"[A-Za-z0-9]{40}"', b's:40:"%s"' % TOKEN.encode(), data)


FRESH = dumps({"_token": TOKEN})
USED = dumps(
    {
        "_token": TOKEN,
        "_previous": {"url": "http://localhost/cart?page=2"},
        "_flash": {"old": {0: "status", 2: "form.error"}, "new": {}},
        "status": "saved",
        "form": {"error": "too short", "name": "zoë"},
        "a.b": "dots in its name",
        "a": {"b": {"c": 1}, "list": {0: "x", 1: "y"}, "": "empty", 5: "five", 12: "n"},
        "n": None,
        "text": "42",
        "false": False,
    }
)

FIXED = {
    "flash is seen by the next request and no later one": [
        [("flash", ["status", "saved"])],
        [("get", ["status"]), ("flash", ["other"])],
        [("get", ["status"]), ("get", ["other"])],
        [("all", [])],
    ],
    "now is seen by this request alone": [
        [("now", ["status", "seen"]), ("get", ["status"])],
        [("get", ["status"])],
    ],
    "reflash keeps everything": [
        [("flash", ["a", 1]), ("flash", ["b", 2])],
        [("flash", ["c", 3]), ("reflash", [])],
        [("all", [])],
        [("all", [])],
    ],
    "keep keeps some, with gaps in the numbers": [
        [("flash", ["a", 1]), ("flash", ["b", 2]), ("flash", ["c", 3])],
        [("keep", ["c", "a"]), ("flash", ["a", 4]), ("keep", ["nothing"])],
        [("all", []), ("keep", []), ("now", ["d", 5])],
        [("all", [])],
    ],
    "flashed twice is listed twice": [
        [("flash", ["a", 1]), ("flash", ["a", 2])],
        [("reflash", [])],
        [],
    ],
    "dotted keys are flashed": [
        [("flash", ["form.error", "too short"]), ("put", ["form.name", "zoë"])],
        [("get", ["form.error"])],
        [("get", ["form"])],
    ],
    "forgetting several keys in one array": [
        [("put", ["a", {"x": 1, "y": 2, "b": 3}]), ("put", ["b", 4]), ("put", ["y", 5])],
        [("forget", ["a.x", "b", "y"]), ("all", [])],
        [("forget", ["b", "a.x.deeper", "a.nothing.here", "y"])],
    ],
    "old input": [
        [("flash_input", [{"name": "zoë", "tags": ["a", "b"], "deep": {"er": 1}}])],
        [
            ("get_old_input", []),
            ("get_old_input", ["tags.1"]),
            ("get_old_input", ["deep.er"]),
            ("get_old_input", ["nothing", "default"]),
        ],
        [("get_old_input", []), ("get_old_input", [None, "default"])],
        [("put", ["_old_input", "no array"]), ("get_old_input", ["a", 7]), ("get_old_input", [])],
    ],
    "pushing": [
        [("push", ["list", 1]), ("push", ["list", [2]]), ("push", ["a.b.list", {"x": None}])],
        [
            ("push", ["list", 3]),
            ("put", ["sparse", {"7": "a", "-3": "b"}]),
            ("push", ["sparse", 1]),
        ],
        [("put", ["below", {"-9": "a"}]), ("push", ["below", 1]), ("push", ["sparse", 2])],
        [("put", ["n", None]), ("push", ["n", 1]), ("put", ["f", False]), ("push", ["f", 1])],
        [("put", ["t", "text"]), ("push", ["t", 1]), ("put", ["i", 3]), ("push", ["i", 1])],
        [("put", ["e", ""]), ("push", ["e", 1]), ("put", ["y", True]), ("push", ["y", 1])],
    ],
    "counting": [
        [("increment", ["n"]), ("increment", ["n", 41]), ("decrement", ["n", 2]), ("get", ["n"])],
        [("decrement", ["a.b"]), ("put", ["x", 1.5]), ("increment", ["x", 2])],
        [("put", ["x", 2**63 - 1]), ("increment", ["x"])],
        [("put", ["x", -(2**63)]), ("decrement", ["x"])],
        *(
            [("put", ["x", text]), ("increment", ["x", 2])]
            for text in [
                "5",
                " 5",
                "5 ",
                "+5",
                "-5",
                "007",
                "5.",
                ".5",
                "1.5",
                "1e3",
                "9223372036854775807",
                "9223372036854775808",
                "0" * 30 + "5",
                "9" * 5000,
                "",
                " ",
                ".",
                "e3",
                "5 apples",
                "0x1A",
                "five",
                "5\n",
                "\u00a05",
                "1_000",
                "٣",
                "inf",
                "nan",
            ]
        ),
        *([("put", ["x", odd]), ("increment", ["x"])] for odd in [None, True, False, [], {"a": 1}]),
    ],
    "token and previous page": [
        [("set_previous_url", ["http://localhost/a?b=c"]), ("previous_url", [])],
        [("previous_url", []), ("regenerate_token", []), ("forget", ["_token"])],
        [("put", ["_token", None])],
        [("put", ["_previous", "no array"]), ("previous_url", [])],
    ],
    "login and logout": [
        [("put", ["cart", ["anchor"]]), ("user_id", [])],
        [("login", [7]), ("user_id", [])],
        [("user_id", []), ("login", ["uuid-8"]), ("regenerate", [])],
        [("user_id", []), ("logout", []), ("user_id", [])],
        [("user_id", []), ("all", [])],
    ],
    "a new id": [
        [("put", ["cart", 1])],
        [("migrate", [])],
        [("regenerate", []), ("put", ["cart", 2])],
        [("regenerate", [])],
        [("invalidate", []), ("regenerate_token", []), ("flash", ["bye"])],
        [("all", [])],
    ],
    "everything dropped": [
        [("put", ["cart", 1]), ("flash", ["x"]), ("flush", []), ("all", [])],
        [("all", [])],
    ],
    "reading": [
        [
            *(("get", [key, "default"]) for key in ["a", "a.b", "a.b.c", "a.list.1", "a.list.2"]),
            *(
                ("get", [key, "default"])
                for key in ["a.", "a.5", "a.05", "n", "n.x", "", ".", "text.0"]
            ),
            *(("has", [key]) for key in ["a", "n", "missing", "a.b.c", "false"]),
            *(("exists", [key]) for key in ["a", "n", "missing", "a.list.1"]),
            *(("missing", [key]) for key in ["a", "n", "missing"]),
            ("has", ["a", "text"]),
            ("has", ["a", "n"]),
            ("has", []),
            ("exists", ["a", "n"]),
            ("exists", ["a", "missing"]),
            ("missing", ["a", "missing"]),
            ("only", [["text", "a.b", "missing", "status"]]),
            ("only", [[]]),
            ("pull", ["a.b"]),
            ("pull", ["a.b"]),
            ("pull", ["missing", 3]),
            ("all", []),
        ],
    ],
    "writing over what is no array": [
        [("put", ["text.deep.er", 1]), ("put", ["a.b.c.d", 2]), ("put", ["a.b", 3])],
        [
            ("put", ["n.x", 1]),
            ("put", ["", 1]),
            ("put", [".", 2]),
            ("put", ["a..b", 3]),
            ("all", []),
        ],
        [
            ("put", ["a", {"5": "text key", "b": [1, 2]}]),
            ("get", ["a.5"]),
            ("put", ["a.5", "same"]),
        ],
        [("put", ["a", {"5": "text key"}]), ("forget", ["a.5"]), ("put", ["l", [1, 2]])],
        [("put", ["l.1", "b"]), ("put", ["l.9", "j"]), ("forget", ["l.0"]), ("push", ["l", 1])],
    ],
    "nothing": [[], [], []],
}


@pytest.mark.parametrize("script", FIXED.values(), ids=FIXED.keys())
@pytest.mark.parametrize("payload", [FRESH, USED], ids=["fresh", "used"])
def test_the_same_as_laravel(laravel, payload, script):
    compare(laravel, payload, script)


KEYS = ["a", "b", "a.b", "a.c", "a.b.c", "a.0", "b.1", "list", "list.0", "x.y", "a..b", ".a", "a."]
keys = st.sampled_from(KEYS)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)
members = st.sampled_from(["a", "b", "c", "0", "1", "7", "-2", "x", ""])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(members, inner, max_size=3),
    max_leaves=5,
)
several_keys = st.lists(keys, max_size=4)


def step(verb, *arguments):
    return st.tuples(st.just(verb), st.tuples(*arguments).map(list))


steps = st.one_of(
    step("put", keys, values),
    step("get", keys),
    step("flash", keys, values),
    step("now", keys, values),
    step("push", keys, values),
    step("increment", keys, st.integers(-5, 5)),
    step("pull", keys),
    step("reflash"),
    step("flash_input", st.dictionaries(members, values, max_size=3)),
    step("get_old_input", keys, scalars),
    step("only", several_keys),
    step("login", st.integers(1, 9)),
    step("logout"),
    step("migrate"),
    step("regenerate"),
    step("user_id"),
    *(
        st.tuples(st.just(verb), several_keys)
        for verb in ["keep", "forget", "has", "exists", "missing"]
    ),
)
requests_ = st.lists(st.lists(steps, max_size=6), min_size=1, max_size=5)


@settings(max_examples=400)
@given(payload=st.sampled_from([FRESH, USED]), script=requests_)
def test_any_sequence_of_verbs(laravel, payload, script):
    compare(laravel, payload, script)
