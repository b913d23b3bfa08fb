"""Programs that are started and ended: readiness, grace, and that no child outlives its group."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGSTOP, SIGTERM

import pytest

from holdfast.core.errors import EnvironmentLacking
from holdfast.servers.ports import accepts, free_port
from holdfast.servers.process import Process
from holdfast.servers.redis import redis_server

FORKS = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, {on_term})
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    {in_child}
    open({child!r} + "~", "w").write(str(os.getpid()))
    os.rename({child!r} + "~", {child!r})
    time.sleep(1000)
while not os.path.exists({child!r}):
    time.sleep(0.01)
print("ready", flush=True)
{then}
"""


def forking(directory, *, on_term="signal.SIG_DFL", then="time.sleep(1000)", in_child="pass"):
    """A master with a child that ignores SIGTERM."""
    script = FORKS.format(
        on_term=on_term, then=then, in_child=in_child, child=str(directory / "child")
    )
    process = Process([sys.executable, "-c", script], directory, name="master")
    process.wait_ready(lambda: "ready" in process.log.read_text())
    return process, int((directory / "child").read_text())


def alive(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_stop_takes_the_children_along(tmp_path):
    process, child = forking(tmp_path)
    assert process.running
    assert process.exit_status is None
    assert process.stop() is True
    assert process.exit_status == -SIGTERM
    assert not process.running
    assert not alive(child)


def test_kill_takes_the_children_along(tmp_path):
    process, child = forking(tmp_path)
    process.kill()
    assert process.exit_status == -SIGKILL
    assert not alive(child)


def test_children_of_a_dead_master_are_killed(tmp_path):
    process, child = forking(tmp_path)
    process.send(SIGKILL)
    while process.running:
        pass
    assert alive(child)
    process.kill()
    assert process.exit_status == -SIGKILL
    assert not alive(child)


def test_a_child_that_made_a_group_of_its_own_is_killed(tmp_path):
    process, child = forking(tmp_path, in_child="os.setsid()")
    assert os.getpgid(child) != process.pid
    process.kill()
    assert not alive(child)


def test_it_starts_again_as_it_started_first(tmp_path):
    process, child = forking(tmp_path)
    first = process.pid
    process.start_again()
    assert process.pid == first  # it runs
    process.kill()
    (tmp_path / "child").unlink()
    process.start_again()
    process.wait_ready(lambda: process.log.read_text().count("ready") == 2)
    assert process.running
    assert process.exit_status is None
    second = int((tmp_path / "child").read_text())
    assert process.pid != first
    assert second != child
    process.wait_ready()
    assert process.stop() is True
    assert not alive(second)


def test_a_master_that_ignores_the_stop_signal(tmp_path):
    process, child = forking(tmp_path, on_term="signal.SIG_IGN")
    assert process.stop(grace_seconds=0.1) is False
    assert process.exit_status == -SIGKILL
    assert not alive(child)


def test_the_grace_is_given(tmp_path):
    on_term = "lambda *_: (time.sleep(0.2), sys.exit(7))"
    process, _ = forking(tmp_path, on_term=on_term)
    assert process.stop(grace_seconds=60) is True
    assert process.exit_status == 7


def test_another_stop_signal(tmp_path):
    process, _ = forking(tmp_path, on_term="signal.SIG_IGN")
    process.stop(SIGINT)
    assert process.exit_status in (1, -SIGINT)


def test_a_kill_cuts_a_grace_short(tmp_path):
    process, _ = forking(tmp_path, on_term="signal.SIG_IGN")
    stopping = threading.Thread(target=process.stop, kwargs={"grace_seconds": 60})
    stopping.start()
    process.kill()
    stopping.join(50)
    assert not stopping.is_alive()


def test_a_master_that_was_stopped_stands_still(tmp_path):
    with Process(["sleep", "1000"], tmp_path) as process:
        process.send(SIGSTOP)
        assert Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
        assert process.running
        process.kill()
        process.send(SIGSTOP)


def test_everything_may_be_called_again(tmp_path):
    with Process(["true"], tmp_path) as process:
        while process.running:
            pass
        process.stop()
        process.kill()
        process.send(SIGTERM)
        assert process.stop() is True
    assert process.exit_status == 0


def test_an_error_in_the_block_stops_it(tmp_path):
    with pytest.raises(KeyError), Process(["sleep", "1000"], tmp_path) as process:
        raise KeyError
    assert process.exit_status == -SIGTERM


def test_no_shell_and_the_environment_as_given(tmp_path):
    code = "import os, sys; print(sys.argv[1:], os.environ.get('A'), os.environ.get('HOME'))"
    argv = [sys.executable, "-c", code, "$A; *"]
    cwd = tmp_path / "cwd"
    cwd.mkdir()
    with Process(argv, tmp_path, name="env", env={"A": "1"}, cwd=cwd) as process:
        while process.running:
            pass
    assert process.log == tmp_path / "env.log"
    assert process.last_line() == "['$A; *'] 1 None"


def test_a_missing_program_names_its_package(tmp_path):
    with pytest.raises(EnvironmentLacking, match="no-such-program") as error:
        Process(["no-such-program"], tmp_path, package="some-package")
    assert error.value.hint == "as root: apt install some-package"


def test_not_ready_because_it_ended(tmp_path):
    script = "print('one'); print('the reason'); print()"
    with (
        Process([sys.executable, "-c", script], tmp_path, name="brief") as process,
        pytest.raises(EnvironmentLacking, match=r"brief ended before .*: the reason") as error,
    ):
        process.wait_ready(free_port())
    assert "try again" in error.value.hint


def test_not_ready_in_time(tmp_path):
    with (
        Process(["sleep", "1000"], tmp_path) as process,
        pytest.raises(EnvironmentLacking, match=r"not ready after 0\.05 s"),
    ):
        process.wait_ready(lambda: False, seconds=0.05)


def test_a_stranger_on_the_port_is_not_our_server(tmp_path):
    port = free_port()
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(EnvironmentLacking, match="Failed listening"),
        redis_server(tmp_path, port),
    ):
        pass


def test_redis_is_there_and_gone(tmp_path):
    with redis_server(tmp_path, password="word") as server:
        assert accepts(server.port)
        assert server.url == f"redis://127.0.0.1:{server.port}/0"
    assert not accepts(server.port)
    assert not server.process.running


def test_free_ports_are_free_and_outside_the_ephemeral_range():
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert not any(low <= port <= high for port in ports)
    with socket.create_server(("127.0.0.1", ports[0])):
        assert accepts(ports[0])
    assert not accepts(ports[0])


def test_two_processes_are_not_given_the_same_port():
    asks = "from holdfast.servers.ports import free_port\n"
    asks += "print(*(free_port() for _ in range(200)), flush=True)\ninput()"
    argv = [sys.executable, "-c", asks]
    with (
        subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as one,
        subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other,
    ):
        theirs = [
            int(port) for process in (one, other) for port in process.stdout.readline().split()
        ]
        ours = [free_port() for _ in range(200)]
        for process in (one, other):
            process.communicate(b"\n")
    assert len({*theirs, *ours}) == 600


ENVIRONMENT = {
    "APP_KEY": "base64:aGVsbG8=",
    "DB_PASSWORD": "pass word",
    "HOLDFAST_STORE": "redis://bob:p%40ss@h/0",
    "DB_USERNAME": "",
    "POD_STORAGE": "/srv/pod",
}


@pytest.mark.parametrize(
    ("said", "quoted"),
    [
        ("the key is base64:aGVsbG8=", "the key is ***"),
        ("the key is aGVsbG8=, decoded", "the key is ***, decoded"),
        ("refused: pass word.", "refused: ***."),
        ("cannot open redis://bob:p%40ss@h/0", "cannot open redis://bob:***@h/0"),
        ("wrong: p@ss", "wrong: ***"),
        ("--requirepass correct-horse-9", "--requirepass ***-9"),
        ("no room in /srv/pod", "no room in /srv/pod"),
    ],
)
def test_what_is_quoted_of_a_log_has_no_secret(tmp_path, said, quoted):
    process = Process(
        [sys.executable, "-c", "import sys; print(sys.argv[1])", said],
        tmp_path,
        env=ENVIRONMENT,
        secrets=["correct-horse", "correct"],
    )
    with process, pytest.raises(EnvironmentLacking) as error:
        process.wait_ready(lambda: False)
    assert str(error.value).endswith(f"its log ends with: {quoted}")
    assert process.last_line() == quoted
