"""The grammar of a comparison."""

from __future__ import annotations

import pytest

from holdfast.core.errors import UsageError
from holdfast.rehearsal.compare import EXAMPLE, Setup, parse_compare, parse_setup


@pytest.mark.parametrize(
    ("text", "setup", "locality"),
    [
        ("array", Setup("array", "laravel", "array"), "request"),
        ("shop=array", Setup("shop=array", "shop", "array"), "replica"),
        ("file", Setup("file", "laravel", "file", "own"), "replica"),
        ("file:own", Setup("file:own", "laravel", "file", "own"), "replica"),
        ("file:shared", Setup("file:shared", "laravel", "file", "shared"), "shared"),
        ("file@cookie", Setup("file@cookie", "laravel", "file", "own", False, "cookie"), "replica"),
        ("cookie", Setup("cookie", "laravel", "cookie"), "client"),
        (" redis ", Setup("redis", "laravel", "redis", "memory"), "shared"),
        ("shop=redis", Setup("shop=redis", "shop", "redis", "memory"), "shared"),
        ("redis:aof", Setup("redis:aof", "laravel", "redis", "aof"), "shared"),
        (
            "shop=redis:sentinel",
            Setup("shop=redis:sentinel", "shop", "redis", "sentinel"),
            "shared",
        ),
        (
            "redis:sentinel+block",
            Setup("redis:sentinel+block", "laravel", "redis", "sentinel", True),
            "shared",
        ),
        ("memcached", Setup("memcached", "laravel", "memcached"), "shared"),
        ("mixed=redis", Setup("mixed=redis", "mixed", "redis", "memory"), "shared"),
        (
            "mixed=file:shared@cookie",
            Setup("mixed=file:shared@cookie", "mixed", "file", "shared", False, "cookie"),
            "shared",
        ),
        (
            "memcached+block",
            Setup("memcached+block", "laravel", "memcached", block=True),
            "shared",
        ),
        ("database", Setup("database", "laravel", "database", "sqlite"), "shared"),
        (
            "database:postgresql",
            Setup("database:postgresql", "laravel", "database", "postgresql"),
            "shared",
        ),
        ("database:mariadb", Setup("database:mariadb", "laravel", "database", "mariadb"), "shared"),
        (
            "laravel=database:sqlite+block@cookie",
            Setup(
                "laravel=database:sqlite+block@cookie",
                "laravel",
                "database",
                "sqlite",
                True,
                "cookie",
            ),
            "shared",
        ),
    ],
)
def test_a_choice_is_read(text, setup, locality):
    assert parse_setup(text, "laravel") == setup
    assert setup.locality == locality


def test_the_application_of_the_command_line_stands_where_no_prefix_does():
    assert [setup.app for setup in parse_compare("redis,laravel=redis,file", "shop")] == [
        "shop",
        "laravel",
        "shop",
    ]


@pytest.mark.parametrize(
    ("app", "runs"),
    [
        ("laravel", ["laravel", "laravel", "laravel"]),
        ("shop", ["shop", "shop", "shop"]),
        ("mixed", ["laravel", "shop", "shop"]),
    ],
)
def test_what_a_replica_runs(app, runs):
    setup = parse_setup("redis", app)
    assert [setup.runs(name) for name in ("r1", "r2", "r12")] == runs
    assert set(runs) == set(setup.programs)


def test_the_example_of_the_hints_is_one():
    names = [setup.name for setup in parse_compare(EXAMPLE, "laravel")]
    assert names == EXAMPLE.split(",")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("reddis", "no such driver: 'reddis'", "did you mean redis?"),
        ("dynamo", "no such driver: 'dynamo'", "array, file, cookie, redis, memcached, database"),
        ("larvel=redis", "no such application: 'larvel'", "did you mean laravel?"),
        ("=redis", "no such application: ''", "laravel, shop, mixed"),
        ("mixd=redis", "no such application: 'mixd'", "did you mean mixed?"),
        ("mixed=redis+block", "the shop takes none, in 'mixed=redis+block'", "laravel=redis+block"),
        ("mixed=file", "each replica has files of its own", "mixed=file:shared"),
        ("mixed=file:own+block", "each replica has files of its own", "mixed=file:shared"),
        ("mixed=array", "each keeps them in its own memory", "mixed=redis"),
        ("mixed=memcached", "in memcached, which the shop cannot do", "mixed=redis"),
        ("mixed=cookie", "in cookies, which the shop cannot do", "mixed=redis"),
        ("redis+blok", "no such option: 'blok'", "did you mean block?"),
        ("redis+", "no such option: ''", "block"),
        ("redis+block+block", "+block stands twice", "once"),
        ("file:share", "no such engine: 'share'", "did you mean shared?"),
        ("database:mysql", "no such engine: 'mysql'", "one of sqlite, postgresql, mariadb"),
        ("database:postgres", "no such engine: 'postgres'", "did you mean postgresql?"),
        ("redis:cluster", "no such engine: 'cluster'", "one of memory, aof, sentinel"),
        ("cookie:big", "the driver cookie has no engines", "write cookie"),
        ("file@ip", "no such affinity: 'ip'", "cookie"),
        ("file@", "no such affinity: ''", "cookie"),
        ("", "'' is not", EXAMPLE),
        ("redis@cookie+block", "is not [laravel=|shop=|mixed=]driver", EXAMPLE),
        ("redis=laravel=x", "is not [laravel=|shop=|mixed=]driver", EXAMPLE),
        ("shop=cookie", "the shop cannot keep sessions in cookies", "laravel=cookie"),
        ("shop=memcached", "the shop cannot keep sessions in memcached", "laravel=memcached"),
        ("shop=redis+block", "Laravel's session lock", "laravel=redis+block"),
        ("cookie+block", "needs a store for its locks", "file, redis, memcached, database"),
        ("array+block", "needs a store for its locks", "file, redis, memcached, database"),
    ],
)
def test_what_cannot_be_is_refused_with_a_way_out(text, message, hint):
    with pytest.raises(UsageError) as refusal:
        parse_setup(text, "laravel")
    assert message in str(refusal.value)
    assert hint in refusal.value.hint


def test_names_are_unique():
    with pytest.raises(UsageError, match="'redis' is compared twice"):
        parse_compare("redis,file, redis", "laravel")


def test_an_empty_place_between_commas_is_refused():
    with pytest.raises(UsageError, match="'' is not"):
        parse_compare("redis,,file", "laravel")
