"""Names that Laravel derives, by the vectors, by the facts of each skeleton, and by Str itself."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.laravel import names
from holdfast.laravel.names import slug, snake

# what slug's docstring promises to treat as Laravel does
LATIN = [*map(chr, range(0xA0, 0x180)), *"șțȘȚ", *map(chr, range(0x1EA0, 0x1EFA))]
PUNCTUATION = [*map(chr, range(0x2000, 0x2070)), "€", "™"]
WORDS = ["My", "App", "shop", "ABC", "Über", "straße", "O'Neil", "2go", "FooBar", "a", "X", "Crème"]
JOINTS = [" ", "-", "_", "--", "_-", " - ", " – ", "@", ".", "/", "&", "  ", "\t", "\n", "’", "™ "]


def test_the_table_of_the_vectors(golden):
    seen = 0
    for version in golden("formats-laravel-8-10-12.json")["versions"]:
        for entry in version["names"]:
            name = entry["app_name"]
            if name == "日本":
                assert (slug(name, "_"), snake(name)) == ("", "日本")
            assert slug(name, "_") == entry["slug_underscore"]
            assert slug(name, "-") == entry["slug_hyphen"]
            assert snake(name) == entry["snake"]
            seen += 1
    assert seen == 3 * 14


def test_names_are_what_str_makes_of_them(ask_laravel):
    draw = random.Random(1)
    tried = [f"a{char}B" for char in [*map(chr, range(1, 128)), *LATIN, *PUNCTUATION]]
    for _ in range(400):
        parts = [draw.choice(WORDS)]
        for _ in range(draw.randint(0, 3)):
            parts += [draw.choice(JOINTS), draw.choice(WORDS)]
        tried.append("".join(parts))
    alphabet = [*string.printable, *LATIN, *PUNCTUATION]
    tried += ["".join(draw.choices(alphabet, k=draw.randint(0, 12))) for _ in range(600)]
    for name, answer in zip(tried, ask_laravel("names.php", tried), strict=True):
        ours = {"under": slug(name, "_"), "hyphen": slug(name, "-"), "snake": snake(name)}
        assert ours == answer, ascii(name)


@given(st.text())
def test_any_name_makes_a_slug(name):
    for separator in "_-":
        made = slug(name, separator)
        assert set(made) <= {*string.ascii_lowercase, *string.digits, separator}
        assert made == made.strip(separator)
        assert separator * 2 not in made
        assert slug(made, separator) == made


@pytest.mark.parametrize(
    ("version", "cookie", "redis", "cache", "key"),
    [
        (8, "my_app_session", "my_app_database_", "my_app_cache", "my_app_database_my_app_cache:"),
        (
            9,
            "my_app_session",
            "my_app_database_",
            "my_app_cache_",
            "my_app_database_my_app_cache_:",
        ),
        (
            10,
            "my_app_session",
            "my_app_database_",
            "my_app_cache_",
            "my_app_database_my_app_cache_:",
        ),
        (
            11,
            "my_app_session",
            "my_app_database_",
            "my_app_cache_",
            "my_app_database_my_app_cache_",
        ),
        (
            12,
            "my-app-session",
            "my-app-database-",
            "my-app-cache-",
            "my-app-database-my-app-cache-",
        ),
        (
            13,
            "my-app-session",
            "my-app-database-",
            "my-app-cache-",
            "my-app-database-my-app-cache-",
        ),
    ],
)
def test_the_skeletons_of_each_version(version, cookie, redis, cache, key):
    assert names.session_cookie("My App", version) == cookie
    assert names.redis_prefix("My App", version) == redis
    assert names.cache_prefix("My App", version) == cache
    assert names.session_key_prefix(redis, cache, version) == key


def test_an_empty_cache_prefix_has_no_colon():
    assert names.session_key_prefix("app_", "", 8) == "app_"
    assert names.session_key_prefix("", "", 12) == ""


def test_the_names_in_the_drivers_vectors(golden):
    """Laravel 8 appends a colon to the cache's prefix, 12 does not; both ran one configuration."""
    for version in (8, 12):
        index = golden(f"drivers-laravel{version}/index.json")
        runs = {run["name"]: run for run in index["runs"]}
        assert names.session_cookie(index["app_name"], 8) in runs["redis"]["cookies"]
        redis = names.redis_prefix(index["app_name"], 8)
        cache = names.cache_prefix(index["app_name"], 8)
        for run in (runs["redis"], runs["redis-encrypted"]):
            key = run["stored"][0]["key"]
            assert key == names.session_key_prefix(redis, cache, version) + run["sid"]
        for run in (runs["memcached"], runs["memcached-encrypted"]):
            key = run["stored"][0]["key"]
            assert key == names.session_key_prefix("", cache, version) + run["sid"]
        assert all(names.is_session_id(run["sid"]) for run in runs.values())


def test_the_login_key_of_the_guard():
    digest = "59ba36addc2b2f9401580f014c7f58ea4e30989d"
    assert names.login_key() == f"login_web_{digest}"
    assert names.login_key(guard_class="App\\Guard") != names.login_key()
    assert names.login_key("admin") == f"login_admin_{digest}"


def test_the_login_key_stands_in_the_vectors(golden):
    index = golden("drivers-laravel12/index.json")
    stored = [s for run in index["runs"] for s in run.get("stored") or []]
    payloads = [s["session_serialized"] for s in stored if "session_serialized" in s]
    assert len(payloads) >= 10
    assert all(f'"{names.login_key()}";i:1;' in payload for payload in payloads)


@pytest.mark.parametrize(
    "text",
    ["a" * 39, "a" * 41, "", "a" * 39 + "-", "a" * 39 + "é", "a" * 39 + "٣", "a" * 40 + "\n"],
)
def test_what_is_no_session_id(text):
    assert not names.is_session_id(text)


def test_what_is_a_session_id():
    assert names.is_session_id((string.ascii_letters + string.digits)[-40:])
