"""Bad input: one line that says what, a hint that says what next, and the right exit status."""

from __future__ import annotations

import socket

import pytest

from holdfast.servers.redis import redis_server

USAGE, ENVIRONMENT = 2, 3


@pytest.mark.parametrize(
    ("words", "says", "hint"),
    [
        ("rehearse laravell", "no such application: 'laravell'", "laravel, shop, mixed, or the"),
        ("rehearse --replica 3", "Unknown option: --replica", "--help"),
        ("rehearse --users many", '"many"', "--help"),
        ("rehearse --users 0", "--users: 0 is not between 1 and 1000", "try 1"),
        ("rehearse --replicas 21", "--replicas: 21 is not between 1 and 20", "try 20"),
        ("rehearse --seconds 0", "--seconds: 0 is not between 1 and 86400", "try 1"),
        ("rehearse --faults kil", "no such fault: 'kil'", "did you mean kill?"),
        ("rehearse --compare file,redsi", "no such driver: 'redsi'", "did you mean redis?"),
        ("rehearse --compare file,file", "file", "once"),
        ("rehearse --driver redis --compare file", "exclude each other", "--compare"),
        ("rehearse --store postgres://localhost/x", "unknown scheme postgres", "postgresql:"),
        ("rehearse --store redis://localhost/0?prefix=a&prefix=b", "prefix", "once"),
        ("rehearse redis://:hunter2@localhost/0", "a store's URL is no application", "--store"),
        ("rehearse --driver redis://:hunter2@localhost/0", "a store's URL", "--store"),
        ("rehearse --compare file,redis://:hunter2@localhost/0", "a store's URL", "--store"),
        ("rehearse mixed --replicas 1", "'redis' is Laravel and the shop", "--replicas 2"),
        ("rehearse mixed --driver file", "each replica has files of its own", "mixed=file:shared"),
        ("rehearse src --driver mixed=redis", "Laravel fixture beside the shop", "leave the dir"),
        ("rehearse src --faults key-skew", "key-skew is not there yet for an appl", "with laravel"),
        ("rehearse --compare=", "--compare is empty", "leave it out"),
        ("rehearse --json=", "--json names no file", "- for stdout"),
        ("rehearse --self-test --users 3", "--self-test does nothing with --users", "--json"),
        ("rehearse --init --users 3", "--init does nothing with --users", "change them there"),
        ("rehearse --init x.yaml --url http://h --seed 1", "with --seed and --url", "run it"),
        ("rehearse laravel --path /", "--path: this is for an application of your own", "director"),
        ("rehearse --path /", "--path: this is for an application of your own", "directory"),
        ("rehearse shop --self-test --html r", "with an application and --html", "--seed"),
        ("rehearse --explain -3", "--explain -3 is less than none", "--explain 1"),
        ("rehearse --balancer envoy", "envoy", "--help"),
        ("rehearse --path /shop", "--path: this is for an application of your own", "directory"),
        ("rehearse shop --ready /up", "--ready: this is for an application", "directory"),
        ("rehearse --login POST", "--login: this is for an application", "directory"),
        ("rehearse / --path shop", "--path: 'shop' is no path", "begins with /"),
        ("rehearse / --ready=", "--ready: '' is no path", "begins with /"),
        ("rehearse / --login=", "--login: not METHOD PATH FIELDS", "POST /login"),
        ("rehearse / --login=hunter2", "--login: not METHOD PATH FIELDS", "POST /login"),
        ("rehearse /", "/ is not a Laravel application", "composer.json"),
        ("nix", "nix", "--help"),
    ],
)
def test_usage(holdfast, words, says, hint):
    ended = holdfast(*words.split())
    assert ended.status == USAGE
    assert ended.out == ""
    message, advice = ended.err.splitlines()
    assert message.startswith("holdfast: ")
    assert says in message
    assert advice.startswith("  hint: ")
    assert hint in advice
    assert "hunter2" not in ended.err


def test_unreachable_server(holdfast):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        port = taken.getsockname()[1]
        ended = holdfast("rehearse", "--store", f"redis://127.0.0.1:{port}/0")
    assert ended.status == ENVIRONMENT
    assert f"redis://127.0.0.1:{port}/0: it cannot be reached" in ended.err
    assert "hint: is the server running" in ended.err
    assert "Traceback" not in ended.err


def test_missing_directory(holdfast, tmp_path):
    ended = holdfast("rehearse", "shop", "--store", f"file://{tmp_path}/nowhere")
    assert ended.status == ENVIRONMENT
    assert f"{tmp_path}/nowhere is not a directory" in ended.err
    assert "hint: make it" in ended.err


def test_unreadable_directory(holdfast):
    # Not even root may make a file there.
    ended = holdfast("rehearse", "shop", "--store", "file:///proc/sys/kernel")
    assert ended.status == ENVIRONMENT
    assert "file:///proc/sys/kernel: Permission denied" in ended.err
    assert "hint: run as the user" in ended.err


def test_wrong_key(holdfast, monkeypatch, tmp_path):
    monkeypatch.setenv("APP_KEY", "base64:dG9vIHNob3J0")
    ended = holdfast("rehearse", "shop", "--store", f"file://{tmp_path}?encrypt=1&key=env:APP_KEY")
    assert ended.status == USAGE
    assert "key" in ended.err
    assert "hint: " in ended.err
    assert "dG9vIHNob3J0" not in ended.err


def test_a_key_in_the_url_is_not_repeated(holdfast, tmp_path):
    ended = holdfast("rehearse", "shop", "--store", f"file://{tmp_path}?key=dG9vIHNob3J0")
    assert ended.status == USAGE
    assert "dG9vIHNob3J0" not in ended.err


def test_a_directory_that_is_no_laravel(holdfast, tmp_path):
    ended = holdfast("rehearse", str(tmp_path), "--driver", "file")
    assert ended.status == USAGE
    assert str(tmp_path) in ended.err


def test_a_temporary_directory_that_cannot_be_quoted(holdfast, monkeypatch, tmp_path):
    (tmp_path / "a b").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "a b"))
    ended = holdfast("rehearse", "--driver", "file")
    assert ended.status == ENVIRONMENT
    assert "hint: set TMPDIR to /tmp" in ended.err
    assert list((tmp_path / "a b").iterdir()) == []


def test_json_that_cannot_be_written(holdfast, tmp_path):
    ended = holdfast("rehearse", "--json", f"{tmp_path}/no/such/file.json")
    assert ended.status == ENVIRONMENT
    assert "no/such" in ended.err
    assert "users play" not in ended.err  # said before the work, not after it


def test_debug_shows_the_traceback_and_the_line(holdfast):
    ended = holdfast("rehearse", "--users", "0", "--debug")
    assert ended.status == USAGE
    assert "Traceback" in ended.err
    assert ended.err.rstrip().splitlines()[-2].startswith("holdfast: --users: 0")


def test_help_names_the_command_and_its_options(holdfast):
    first = holdfast("--help").out
    assert "rehearse" in first
    assert "--debug" in first
    page = holdfast("rehearse", "--help").out
    for option in (
        "--replicas",
        "--store",
        "--driver",
        "--users",
        "--seconds",
        "--faults",
        "--balancer",
        "--seed",
        "--compare",
        "--json",
        "--judge",
        "--self-test",
    ):
        assert option in page


@pytest.mark.timeout(180)
def test_a_password_of_the_store_stays_in_the_environment(holdfast, tmp_path, monkeypatch):
    secret = "correct-horse"
    monkeypatch.setenv("STORE_PASSWORD", secret)
    with redis_server(tmp_path, password=secret) as server:
        ended = holdfast(
            *("rehearse", "shop", "--judge", "survival", "--faults", "", "--balancer", "builtin"),
            *("--users", "2", "--seconds", "1", "--replicas", "2", "--json", f"{tmp_path}/r.json"),
            *("--store", f"redis://127.0.0.1:{server.port}/0?password=env:STORE_PASSWORD"),
            *("--html", f"{tmp_path}/r.html", "--history", str(tmp_path)),
        )
    assert ended.status == 0, ended.err
    written = [path.read_text() for path in tmp_path.glob("*.json*")]
    assert written
    assert secret not in "".join(
        [ended.out, ended.err, (tmp_path / "r.html").read_text(), *written]
    )
