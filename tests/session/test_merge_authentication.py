"""Who is logged in after two requests of one browser: each guard apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.errors import AuthConflict
from holdfast.laravel.names import login_key
from holdfast.laravel.payload import Codec, Form
from holdfast.session import Session
from holdfast.session.merge import merge

CODECS = [Codec(Form.BARE), Codec(Form.BARE, "json")]
GUARDS = ("web", "admin", "api.v1")

by_codec = pytest.mark.parametrize("codec", CODECS, ids=["php", "json"])


def both(codec, base, ours, theirs):
    """What two requests that call these verbs leave; ``base`` is who is logged in with a guard."""
    start = Session(codec.new(), "s" * 40)
    start.put("_token", "t")
    for guard, user in base.items():
        log_in(start, user, guard)
    data = codec.dumps(start.attributes)
    requests = [Session(codec.loads(data), "s" * 40) for _ in range(2)]
    for request, calls in zip(requests, (ours, theirs), strict=True):
        for call, *arguments in calls:
            call(request, *arguments)
    mine, other = (request.attributes for request in requests)
    merged = merge(codec.loads(data), mine, codec.loads(codec.dumps(other)))
    return Session(merged.attributes, "s" * 40), merged.conflicts


def log_in(session, user, guard):
    session.login(user, guard)
    session.put(f"password_hash_{guard}", f"of {user}")


def log_out(session, guard):
    session.logout(guard)
    session.forget(f"password_hash_{guard}")


def put(session, key, value):
    session.put(key, value)


@by_codec
def test_a_logout_with_one_guard_leaves_the_login_with_another(codec):
    out, admin = [(log_out, "web")], [(log_in, 5, "admin")]
    for ours, theirs in [(out, admin), (admin, out)]:
        session, conflicts = both(codec, {"web": 7}, ours, theirs)
        assert (session.user_id("web"), session.user_id("admin")) == (None, 5)
        assert session.get("password_hash_admin") == "of 5"
        assert session.missing("password_hash_web")
        assert conflicts == ()


@by_codec
def test_logins_with_two_guards_at_once(codec):
    session, conflicts = both(codec, {}, [(log_in, 7, "web")], [(log_in, 5, "admin")])
    assert (session.user_id("web"), session.user_id("admin"), conflicts) == (7, 5, ())


@by_codec
def test_a_login_that_would_undo_a_logout_is_refused(codec):
    with pytest.raises(AuthConflict, match="logged out") as refused:
        both(codec, {"web": 7}, [(log_in, 8, "web")], [(log_out, "web")])
    assert refused.value.hint


@by_codec
def test_a_logout_ends_a_login_of_meanwhile_and_says_so(codec):
    session, conflicts = both(codec, {"web": 7}, [(log_out, "web")], [(log_in, 8, "web")])
    assert session.user_id("web") is None
    assert conflicts == (login_key("web"), "password_hash_web")


@by_codec
def test_a_new_password_and_a_confirmation_are_of_who_is_logged_in(codec):
    confirms = [(put, "auth.password_confirmed_at", 9), (put, "password_hash_web", "new")]
    session, conflicts = both(codec, {"web": 7}, confirms, [(log_out, "web")])
    assert session.missing("auth", "password_hash_web", login_key("web"))
    assert set(conflicts) == {"auth", "password_hash_web"}
    session, conflicts = both(codec, {"web": 7}, confirms, [(put, "_token", "new")])
    assert session.get("auth.password_confirmed_at") == 9
    assert (session.get("password_hash_web"), session.token, conflicts) == ("new", "new", ())


@by_codec
def test_a_new_token_is_never_given_up_for_an_old_one(codec):
    new, out = [(log_in, 5, "admin"), (put, "_token", "new")], [(log_out, "web")]
    for ours, theirs in [(new, out), (out, new)]:
        session, _ = both(codec, {"web": 7}, ours, theirs)
        assert session.token == "new"


@by_codec
def test_a_guard_with_a_dot_in_its_name_whose_array_was_removed(codec):
    key = login_key("api.v1")
    drop = [(Session.forget, "login_api")]
    session, _ = both(codec, {"api.v1": 7, "web": 1}, [(put, "x", 1)], drop)
    assert (session.get(key), session.user_id("web")) == (None, 1)
    with pytest.raises(AuthConflict):
        both(codec, {"api.v1": 7}, [(log_in, 8, "api.v1")], drop)
    session, conflicts = both(codec, {"api.v1": 7}, drop, [(log_in, 8, "api.v1")])
    assert (session.user_id("api.v1"), conflicts[0]) == (None, key)


USERS = st.sampled_from([None, 1, 2, 3])
WHO = st.fixed_dictionaries(dict.fromkeys(GUARDS, USERS))
DID = st.fixed_dictionaries(dict.fromkeys(GUARDS, st.none() | st.sampled_from(["out", 1, 2, 3])))


def calls(did):
    return [
        (log_out, guard) if what == "out" else (log_in, what, guard)
        for guard, what in did.items()
        if what is not None
    ]


@given(WHO, DID, DID, st.sampled_from(CODECS))
def test_each_guard_is_decided_by_itself(who, mine, other, codec):
    base = {guard: user for guard, user in who.items() if user is not None}
    expected, refused, gave_way = {}, False, set()
    for guard in GUARDS:
        before = who[guard]
        ours, theirs = (
            {None: before, "out": None}.get(did[guard], did[guard]) for did in (mine, other)
        )
        if before in (ours, theirs) or ours == theirs:
            expected[guard] = theirs if ours == before else ours
        elif ours is None:
            expected[guard] = None
            gave_way.add(login_key(guard))
        else:
            refused = True
    try:
        session, conflicts = both(codec, base, calls(mine), calls(other))
    except AuthConflict:
        assert refused
        return
    assert not refused
    assert {guard: session.user_id(guard) for guard in GUARDS} == expected
    for guard, user in expected.items():
        assert session.get(f"password_hash_{guard}") == (user and f"of {user}")
    assert {key for key in conflicts if key.startswith("login_")} == gave_way
