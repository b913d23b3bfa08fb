"""What a server is told, by files and by arguments."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.check.kubernetes.quantity import quantity_bytes
from holdfast.check.kubernetes.stores.redis_conf import UNKNOWN, read_arguments, read_file
from holdfast.check.kubernetes.stores.settings import Reading, memory_bytes
from holdfast.manifests.place import Place

HERE = Place("deploy.yaml", 3)


def told(text, files=None, place=HERE):
    reading = Reading()
    read_file(reading, (text, place), (files or {}).get)
    return reading.settings()


def given_words(*words, files=None):
    reading = Reading()
    read_arguments(reading, [(w, HERE) for w in words], (files or {}).get)
    return reading.settings()


def test_the_later_line_counts_and_comments_do_not():
    settings = told("maxmemory 1mb\n# maxmemory 2mb\n  MaxMemory 3mb\n")
    assert settings.value("maxmemory", "0") == "3mb"


def test_what_is_not_set_has_its_default_unless_more_may_be_set():
    assert told("port 1").value("appendonly", "no") == "no"
    assert told("port 1\ninclude /other.conf").value("appendonly", "no") is None


def test_an_include_that_is_there_is_read_where_it_stands():
    settings = told("maxmemory 1mb\ninclude /x\n", {"/x": ("maxmemory 2mb", HERE)})
    assert settings.value("maxmemory", "0") == "2mb"
    assert settings.open == ""


def test_an_include_that_is_not_there_may_override_what_stands_before_it_only():
    settings = told("maxmemory 1mb\ninclude /x\nappendonly yes\n")
    assert settings.value("maxmemory", "0") is None
    assert settings.value("appendonly", "no") == "yes"


def test_files_that_include_each_other_end():
    loop = {"/a": ("include /a\n" * 50 + "port 1", HERE)}
    settings = told("maxmemory 1mb\ninclude /a", loop)
    assert settings.value("maxmemory", "0") is None
    assert settings.open


def test_a_file_without_end_is_not_read():
    settings = told("port 1\n" * 200_000)
    assert settings.value("port", "6379") is None


def test_all_save_points_count_and_an_empty_one_takes_them_back():
    assert told("save 60 1\nsave 300 10").value("save", "") == "60 1 300 10"
    assert told('save 60 1\nsave ""\n').value("save", "x") == ""
    assert given_words("--save", "900 1", "--save", "60", "2").value("save", "") == "900 1 60 2"


def test_renamed_commands_and_users_are_told_apart():
    settings = told('rename-command FLUSHDB ""\nrename-command FLUSHALL x\nuser default on nopass')
    assert settings.value("rename-command flushdb", "-") == ""
    assert settings.value("rename-command flushall", "-") == "x"
    assert settings.value("user default", "-") == "on nopass"


def test_a_line_that_redis_refuses_is_left_out():
    assert told('save "60 1\nport 7').said.keys() == {"port"}


def test_arguments_come_after_the_file():
    files = {"/r.conf": ("maxmemory 1mb\nappendonly yes", HERE)}
    settings = given_words("/r.conf", "--maxmemory", "2mb", files=files)
    assert settings.value("maxmemory", "0") == "2mb"
    assert settings.value("appendonly", "no") == "yes"


def test_an_argument_that_is_not_known():
    assert given_words("--requirepass", UNKNOWN).get("requirepass").value is None
    assert given_words(f"--requirepass {UNKNOWN}").get("requirepass").value is None
    assert given_words(UNKNOWN, "--port", "1").value("appendonly", "no") is None
    assert given_words("--port", "1", f"--{UNKNOWN}", "yes").value("port", "6379") is None


def test_one_argument_with_all_of_it():
    settings = given_words("--maxmemory 1mb", "--save 60 1", "--appendonly yes")
    assert settings.value("maxmemory", "0") == "1mb"
    assert settings.value("save", "") == "60 1"
    assert settings.value("appendonly", "no") == "yes"


def test_flags_of_dragonfly():
    settings = given_words("--cache_mode=true", "--maxmemory=1gb")
    assert settings.value("cache_mode", "false") == "true"
    assert settings.value("maxmemory", "0") == "1gb"


def test_a_line_in_a_block_has_a_place_of_its_own():
    block = Place("deploy.yaml", 10, 5, 13, 1)
    assert told("port 1\nmaxmemory 2mb\n", place=block).get("maxmemory").place.line == 12
    assert told("port 1\nmaxmemory 2mb\n").get("maxmemory").place == HERE


def test_a_password_is_not_in_the_representation():
    assert "hunter2" not in repr(told("requirepass hunter2").get("requirepass"))


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0), ("100", 100), ("1k", 1000), ("1KB", 1024), ("100mb", 104857600),
        ("1G", 10**9), ("1gb", 2**30), ("5b", 5), ("1.5gb", None), ("", None), ("mb", None),
        ("75%", None), ("٣", None), (None, None),
    ],
)  # fmt: skip
def test_memory(text, size):
    assert memory_bytes(text) == size


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("512Mi", 512 * 2**20), ("1.5Gi", 3 * 2**29), ("1G", 10**9), (1024, 1024), ("2e3", 2000),
        ("100m", 0), ("1K", None), ("x", None), (True, None), (None, None), ("-1", None),
    ],
)  # fmt: skip
def test_quantities(value, size):
    assert quantity_bytes(value) == size


@given(st.text(max_size=200))
def test_any_text_is_read(text):
    assert all(name == name.lower() for name in told(text).said)


@given(st.lists(st.one_of(st.just(UNKNOWN), st.text(max_size=20)), max_size=10))
def test_any_arguments_are_read(words):
    given_words(*words)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--save", "60 1", "--save", "300 10", "--appendonly", "yes"],
        ["--maxmemory", "100mb", "--maxmemory-policy", "volatile-ttl", "--save", ""],
        ["--rename-command", "FLUSHDB", "", "--maxmemory", "1g"],
        ["--save 60 1", "--save 300 10", "--appendonly yes"],
    ],
)
def test_redis_reads_them_the_same(arguments, tmp_path):
    server = subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", str(tmp_path / "s"), "--dir",
         str(tmp_path), *arguments],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        for line in server.stdout:
            if b"Ready to accept" in line or b"ready to accept" in line:
                break
        settings = given_words(*arguments)
        for name in ("save", "appendonly", "maxmemory", "maxmemory-policy"):
            said = settings.get(name)
            if said is None:
                continue
            answer = subprocess.run(
                ["redis-cli", "-s", str(tmp_path / "s"), "config", "get", name],
                capture_output=True, text=True, check=True,
            ).stdout.split("\n")[1]  # fmt: skip
            wanted = str(memory_bytes(said.value)) if name == "maxmemory" else said.value
            assert answer == wanted
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()
