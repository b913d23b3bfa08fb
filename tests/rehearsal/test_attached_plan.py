"""What comes of the options for a deployment that is already there."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.core.errors import UsageError
from holdfast.rehearsal.attached_plan import (
    EVERY_SECONDS,
    GUESTS,
    USERS,
    Wanted,
    attached_plan,
    attached_site,
    watch_there,
)
from holdfast.rehearsal.deployment import fresh_app_key
from holdfast.rehearsal.target import Target
from holdfast.rehearsal.users import THINK_SECONDS

CORNER_STORE = Path(__file__).parent / "corner_store"
THERE = Target("https://staging.example.com", command=("true",))
SITE = attached_site(None, {}, path=None, login=None)


def plan(target=THERE, *, keyboard=False, **wanted):
    return attached_plan(target, SITE, Wanted(**wanted), keyboard=keyboard)


def test_one_fault_in_the_middle():
    made = plan(seconds=40.0)
    assert made.schedule == ((20.0, "fault"),)
    assert (made.users, made.replicas, made.keys) == (USERS, 0, None)
    assert (made.target, made.site) == (THERE, SITE)
    [setup] = made.setups
    assert (setup.name, setup.locality) == ("staging.example.com", "unknown")


def test_named_faults_are_spread():
    made = plan(seconds=40.0, names=["roll", "drain", "roll"])
    assert made.schedule == ((10.0, "roll"), (20.0, "drain"), (30.0, "roll"))
    assert plan(names=[]).schedule == ()


def test_without_a_command_names_are_for_keys():
    alone = Target("https://staging.example.com")
    made = plan(alone, keyboard=True, names=["roll"])
    assert (made.schedule, made.keys) == ((), ("roll",))
    assert plan(alone, keyboard=True).keys == ()
    assert plan(alone).keys is None
    assert plan(keyboard=True).keys is None  # there is a command
    with pytest.raises(UsageError, match="nobody who does them"):
        plan(alone, names=["roll"])


@pytest.mark.parametrize(
    ("rate", "users", "think"), [(20.0, 4, THINK_SECONDS), (20.0, 40, 2.5), (1.0, 10, 12.5)]
)
def test_users_think_for_as_long_as_the_rate_wants(rate, users, think):
    assert plan(Target("http://h", rate=rate), users=users).think == think


def test_what_is_known_of_the_site():
    nothing = attached_site(None, {}, path=None, login=None)
    assert (nothing.reader.cookie, nothing.reader.encrypter, nothing.path) == ("", None, "/")
    key = attached_site(None, {"APP_KEY": fresh_app_key()}, path="/shop", login=None)
    assert key.reader.encrypter is not None
    assert key.path == "/shop"
    directory = attached_site(str(CORNER_STORE), {}, path=None, login="POST /login name=a{n}")
    assert directory.reader.cookie == "corner_store_session"
    assert directory.reader.encrypter is not None
    assert directory.login is not None


def test_a_watch():
    made = watch_there(THERE, SITE, users=None, every=None, seconds=None)
    assert (made.guests, made.every, made.seconds) == (GUESTS, EVERY_SECONDS, None)
    for wrong in ({"users": 0}, {"every": 0.0}, {"every": 7200.0}, {"seconds": 0.5}):
        with pytest.raises(UsageError):
            watch_there(THERE, SITE, **{"users": None, "every": None, "seconds": None, **wrong})
