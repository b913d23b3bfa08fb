"""Settings of PHP, php-fpm and supervisord."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.check.sources import ini, supervisor
from holdfast.manifests.text import Text, text_of


def read(text: str) -> Text:
    found = text_of(text.encode(), "x.ini")
    assert isinstance(found, Text)
    return found


def php(text: str):
    return [(s.section, s.name, s.value, s.place.line) for s in ini.php_settings(read(text))]


def test_php():
    text = (
        "; memory_limit = 1M\n\n[www]\nuser = www-data ; the user\nlisten=9000\n"
        "php_admin_value[a.b] = \"x;y\" \nenv[A] = $A\n  pm = ${PM}\nnone\nextension[]='redis'\n"
    )
    assert php(text) == [
        ("www", "user", "www-data", 4), ("www", "listen", "9000", 5),
        ("www", "php_admin_value[a.b]", "x;y", 6), ("www", "env[A]", "$A", 7),
        ("www", "pm", None, 8), ("www", "extension[]", "redis", 10),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "truth", "seconds"),
    [("On", True, None), ("0", False, 0), ("10s", None, 10), ("2m", None, 120), ("", False, None)],
)
def test_values(value, truth, seconds):
    (found,) = ini.php_settings(read(f"a = {value}"))
    assert (found.truth, found.seconds) == (truth, seconds)


def test_the_last_counts():
    settings = ini.php_settings(read("a=1\n[x]\na=2\n[y]\na=3\n"))
    assert ini.last(settings, "a").value == "3"
    assert ini.last(settings, "a", "x").value == "2"
    assert ini.last(settings, "b") is None


def test_supervisor():
    text = (
        "[supervisord]\nnodaemon=true\n# no\n[program:worker]\n"
        "command=php artisan horizon\n    --quiet ; comment\nstopwaitsecs=3600\nnumprocs=4\n"
        "[program:fpm]\ncommand=/usr/sbin/php-fpm -F\nstopsignal=SIGQUIT\n"
        "[program:a]\ncommand=%(ENV_X)s\nstopwaitsecs=%(ENV_Y)s\n[program:none]\nuser=x\n"
    )
    worker, fpm, other = supervisor.programs(ini.supervisor_settings(read(text)))
    assert worker.command.commands[0].values() == ["php", "artisan", "horizon", "--quiet"]
    assert (worker.stop_signal, worker.stop_wait_seconds, worker.processes) == ("TERM", 3600, 4)
    assert worker.place.line == 5
    assert (fpm.name, fpm.stop_signal, fpm.stop_wait_seconds) == ("fpm", "QUIT", 10)
    assert other.command.commands == ()
    assert other.stop_wait_seconds is None


@given(st.text(st.sampled_from("a[]=;#\"'\\ \n$%({}x"), max_size=80))
def test_it_never_raises(text):
    ini.php_settings(read(text))
    supervisor.programs(ini.supervisor_settings(read(text)))
