"""What can be done to which setup: known before anything is started."""

from __future__ import annotations

import pytest

from holdfast.rehearsal.backing import setup_for_url
from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.faults import FAULTS, USUAL_FAULTS

REPLICAS = {"kill", "roll", "scale", "pause"}
WAY = {"cut", "slow", "blackhole"}
END = {"restart", "crash"}


def applicable(setup):
    return {
        name
        for name in REPLICAS | WAY | END | {"flush", "evict"}
        if FAULTS[name].lacks(setup) is None
    }


@pytest.mark.parametrize(
    ("choice", "more"),
    [
        ("array", set()),
        ("cookie", set()),
        ("file", set()),
        ("file:shared", set()),
        ("database", set()),
        ("redis", WAY | END | {"flush", "evict"}),
        ("redis:aof", WAY | END | {"flush", "evict"}),
        ("memcached", WAY | END | {"flush", "evict"}),
        ("database:postgresql", WAY | END),
        ("database:mariadb", WAY | END),
    ],
)
def test_what_can_be_done_to_a_choice(choice, more):
    assert applicable(parse_setup(choice, "laravel")) == REPLICAS | more


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("redis://10.0.0.1/0", WAY),
        ("postgresql://u@db.example.com/shop", WAY),
        ("mysql://u@db.example.com/shop", WAY),
        ("rediss://10.0.0.1/0", set()),
        ("redis+sentinel://10.0.0.1/mymaster/0", set()),
        ("mysql://u@db.example.com/shop?tls=1", set()),
        ("sqlite:///tmp/x", set()),
        ("file:///tmp", set()),
    ],
)
def test_what_can_be_done_to_a_store_that_was_there(url, more):
    assert applicable(setup_for_url(url, "shop")) == REPLICAS | more


@pytest.mark.parametrize(
    ("setup", "fault", "words"),
    [
        (parse_setup("file", "laravel"), "cut", "on no server"),
        (parse_setup("database", "laravel"), "restart", "on no server"),
        (parse_setup("database", "laravel"), "flush", "cache:clear does not empty"),
        (parse_setup("file:shared", "laravel"), "evict", "nothing in memory"),
        (setup_for_url("redis://h/0", "shop"), "flush", "never emptied"),
        (setup_for_url("redis://h/0", "shop"), "evict", "never filled"),
        (setup_for_url("redis://h/0", "shop"), "crash", "never stopped"),
        (setup_for_url("rediss://h/0", "shop"), "slow", "certificate"),
        (setup_for_url("redis+sentinel://h/mine/0", "shop"), "slow", "Sentinels name its server"),
    ],
)
def test_why_it_cannot_be_done_is_said(setup, fault, words):
    assert words in (FAULTS[fault].lacks(setup) or "")


def test_the_usual_ones_can_be_done_to_everything():
    assert USUAL_FAULTS == ("kill", "roll", "scale")
    assert set(USUAL_FAULTS) <= applicable(parse_setup("array", "laravel"))
