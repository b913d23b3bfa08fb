"""The last failure in the logs of a replica."""

from __future__ import annotations

import os

import pytest

from holdfast.rehearsal.error_log import MAX_CHARACTERS, TAIL_BYTES, last_failure

LARAVEL = """[2026-11-27 13:51:29] local.ERROR: no such table {"exception":"[object] (E(code: 0)
[stacktrace]
#0 /app/vendor/x.php(12): f()
"}
[2026-11-27 13:51:30] production.INFO: all is well
"""


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("storage/logs/laravel.log", LARAVEL, "no such table"),
        ("app/storage/logs/laravel-2026-11-27.log", LARAVEL, "no such table"),
        ("php-fpm-errors.log", f"[27-Nov-2026 13:51:29 UTC] {LARAVEL}", "no such table"),
        ("php.log", "PHP Fatal error:  Uncaught E in /a.php:3", "Uncaught E in /a.php:3"),
        ("php.log", f"x.CRITICAL: {'y' * 999}", "y" * MAX_CHARACTERS),
        ("php.log", f"x.ERROR: old\nx.ERROR: new\n{'z' * 80}\n", "new"),
        ("php.log", f"x.ERROR: too far up\n{'z' * TAIL_BYTES}", None),
        ("nginx.log", "[crit] connect() to unix:/fpm.sock failed", None),
        ("elsewhere/laravel.log", LARAVEL, None),
    ],
)
def test_what_is_found(tmp_path, name, text, said):
    log = tmp_path / name
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text)
    assert last_failure(tmp_path) == said


def test_the_newest_log_counts(tmp_path):
    for number, name in enumerate(("php.log", "php-fpm-errors.log"), start=1):
        (tmp_path / name).write_text(f"x.ERROR: {name}")
        os.utime(tmp_path / name, (number, number))
    assert last_failure(tmp_path) == "php-fpm-errors.log"
