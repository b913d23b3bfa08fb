"""What reaches an image."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.check.sources import dockerignore
from holdfast.check.sources.dockerignore import Ignore
from holdfast.manifests.unreadable import Unreadable


# The pairs follow moby/patternmatcher v0.6.1, patternmatcher_test.go (TestMatches).
@pytest.mark.parametrize(
    ("lines", "path", "excluded"),
    [
        ("", ".env", False),
        (".env", ".env", True),
        ("/.env", ".env", True),
        ("./.env", ".env", True),
        (" .env ", ".env", True),
        ("#.env", ".env", False),
        (".env*", ".env.example", True),
        (".env.*", ".env", False),
        ("*.env", ".env", True),
        ("*.env", "a/.env", False),
        ("**/.env", "a/b/.env", True),
        ("**/.env", ".env", True),
        ("**/.env", "a.env", False),
        ("**", ".env", True),
        ("*", ".env", True),
        ("*\n!.env", ".env", False),
        ("*\n!app\n!bootstrap", ".env", True),
        ("!.env\n*", ".env", True),
        ("*\n!.env\n.env", ".env", True),
        ("storage", "storage/framework/sessions/a", True),
        ("storage/*", "storage/framework/sessions/a", True),
        ("storage/**\n!storage/app", "storage/app/a", False),
        ("bootstrap/cache/*.php", "bootstrap/cache/config.php", True),
        ("a**", "ab/c", True),
        ("a**b", "axxb", False),
        ("a?c", "abc", True),
        ("[a-c]x", "bx", True),
        ("[^a-c]x", "bx", False),
        ("a\\*b", "a*b", True),
        ("a\\*b", "axb", False),
        ("ENV", ".env", False),
        ("! .env", ".env", False),
    ],
)
def test_matching(lines, path, excluded):
    found = dockerignore.read(lines.encode(), ".dockerignore")
    assert isinstance(found, Ignore)
    assert found.excludes(path) is excluded


@pytest.mark.parametrize("data", [b"[a", b"\0", b"*" * 50, b"a" * 5_000, b"a\n" * 20_000])
def test_what_is_refused(data):
    assert isinstance(dockerignore.read(data, "f"), Unreadable)


@given(st.text(st.sampled_from("ab/*?!.[]^-\\ \n#é"), max_size=60), st.text("ab/.", max_size=20))
def test_it_never_raises(lines, path):
    found = dockerignore.read(lines.encode(), "f")
    if isinstance(found, Ignore):
        found.excludes(path)
