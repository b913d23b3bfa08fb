"""The configuration of web pods: real nginx and php-fpm read it, and stops can count on it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from holdfast.kube.quantity import mebibytes, whole
from holdfast.kube.web import fpm_nginx
from holdfast.servers.programs import require_program

from .conftest import application


def placed(directory: Path, **spec: object) -> Path:
    """The files of an application's web pods, with the container's paths below a directory."""
    for name in ("run", "tmp", "etc", "html/public"):
        (directory / name).mkdir(parents=True)
    for name, rendered in fpm_nginx.files(application(**spec)).items():
        text = rendered
        for path, place in {
            "/etc/holdfast": "etc",
            "/run/php-fpm": "run",
            "/tmp/nginx": "tmp",
            "/var/www/html": "html",
        }.items():
            text = text.replace(path, str(directory / place))
        (directory / "etc" / name).write_text(text)
    return directory / "etc"


@pytest.mark.parametrize("max_body", ["512k", "20Mi", "1.5Gi"])
def test_nginx_reads_its_configuration(tmp_path: Path, max_body: str) -> None:
    conf = placed(tmp_path, web={"maxBody": max_body}) / "nginx.conf"
    nginx = require_program("nginx", package="nginx-light")
    tested = subprocess.run(
        [nginx, "-t", "-e", "stderr", "-c", conf], capture_output=True, text=True, check=False
    )
    assert (tested.returncode, "emerg" in tested.stderr) == (0, False), tested.stderr


def test_php_fpm_reads_its_configuration(tmp_path: Path) -> None:
    etc = placed(tmp_path)
    fpm = require_program("php-fpm8.2", package="php8.2-fpm")
    tested = subprocess.run(
        [fpm, "--test", "--test", "--allow-to-run-as-root", "-y", etc / "php-fpm.conf"],
        capture_output=True,
        text=True,
        check=False,
        env={"PHP_INI_SCAN_DIR": f":{etc}"},
    )
    assert tested.returncode == 0, tested.stderr
    for line in (
        "process_control_timeout = 30s",
        "pm = static",
        "pm.max_children = 10",
        "request_terminate_timeout = 30s",
        "clear_env = no",
        "ping.path = /php-health",
    ):
        assert line in tested.stderr


def test_php_reads_its_settings_beside_those_of_the_image(tmp_path: Path) -> None:
    etc = placed(tmp_path, web={"maxBody": "7Mi"})
    php = require_program("php", package="php8.2-cli")
    names = "post_max_size upload_max_filesize opcache.validate_timestamps display_errors"
    show = f'foreach (explode(" ", "{names}") as $name) echo ini_get($name), " ";'
    told = subprocess.run(
        [php, "-r", show + ' echo extension_loaded("tokenizer") ? "extensions" : "none";'],
        capture_output=True,
        text=True,
        check=True,
        env={"PHP_INI_SCAN_DIR": f":{etc}"},
    )
    assert told.stdout.replace(" Off ", "  ") == "7340032 7340032 0  extensions"


def test_what_requests_may_take_is_the_same_everywhere() -> None:
    files = fpm_nginx.files(application(web={"longestRequest": 77}))
    assert "worker_shutdown_timeout 77s;" in files["nginx.conf"]
    assert "fastcgi_read_timeout 79s;" in files["nginx.conf"]
    assert "process_control_timeout = 77s" in files["php-fpm.conf"]
    assert "request_terminate_timeout = 77s" in files["php-fpm.conf"]


def test_edges_close_idle_connections_and_not_nginx() -> None:
    # Google's load balancers keep one for 600 s; what they send into a closed one is a 502.
    conf = fpm_nginx.files(application())["nginx.conf"]
    [seconds] = re.findall(r"^ *keepalive_timeout (\d+)s;$", conf, re.MULTILINE)
    assert int(seconds) > 600


def test_bodies_are_limited_alike() -> None:
    files = fpm_nginx.files(application(web={"maxBody": "3M"}))
    assert "client_max_body_size 3000000;" in files["nginx.conf"]
    assert "post_max_size = 3000000" in files["holdfast.ini"]


def test_cookies_fit_into_the_buffers_and_stay_out_of_the_log() -> None:
    conf = fpm_nginx.files(application())["nginx.conf"]
    assert "fastcgi_buffer_size 32k;" in conf
    log = conf.partition("log_format")[2].partition(";")[0]
    assert "$path" in log
    assert not {"cookie", "$request_uri", "$args", "$query_string"} & set(
        log.replace('"', " ").replace("'", " ").split()
    )


@pytest.mark.parametrize(
    ("quantity", "number"),
    [
        ("0", 0),
        ("20Mi", 20 * 1024**2),
        ("1.5Gi", 3 * 512 * 1024**2),
        ("3M", 3_000_000),
        ("2k", 2000),
        ("1T", 10**12),
        ("1Ti", 1024**4),
        ("7Ki", 7168),
        ("1500m", 2),
        ("12", 12),
    ],
)
def test_quantities_are_whole_numbers(quantity: str, number: int) -> None:
    assert whole(quantity) == number


@pytest.mark.parametrize("quantity", ["", "Mi", "1Xi", "1.2.3"])
def test_what_is_no_quantity_is_no_number(quantity: str) -> None:
    with pytest.raises((ValueError, ArithmeticError, KeyError)):
        whole(quantity)


def test_mebibytes_are_rounded_up() -> None:
    assert [mebibytes(n) for n in (0, 1, 1024**2, 1024**2 + 1)] == ["0Mi", "1Mi", "1Mi", "2Mi"]
