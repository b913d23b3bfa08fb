"""Laravel's own workers on a real Redis, started and stopped as rendered.

- the keys that KEDA is told are those that Laravel writes, and their sum is what there is to do
- a stop in the midst of a job: it comes to its end, is done once, and no other is begun
- the same with the STOPSIGNAL of php-fpm's images alone: the job is cut off
- the startup probe passes, and fails without pcntl or without the Redis
- the stop of schedule:work waits for the task that runs
"""

from __future__ import annotations

import copy
import shlex
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import redis

from holdfast.kube.app import App
from holdfast.kube.environment.gather import config
from holdfast.kube.render import render
from holdfast.kube.workers import tasks
from holdfast.rehearsal.app_key import fresh_app_key
from holdfast.rehearsal.laravel import FIXTURE
from holdfast.servers.pods.container import Container
from holdfast.servers.pods.pod import passes, prepare
from holdfast.servers.pods.sandbox import Image
from holdfast.servers.ports import LOOPBACK, free_port
from holdfast.servers.process import Process
from holdfast.servers.redis import redis_server

from .conftest import application
from .test_keda import value

JOBS = Path(__file__).parent / "jobs"
PASSWORD = "not-a-secret"
PREFIX = "shop_"
DEADLINE = 60.0
WORKER = {"name": "mails", "queues": ["mails", "default"], "longestJob": 20}


@dataclass
class Deployment:
    """One worker of a rendering, and what looks into its Redis."""

    app: App
    container: Container
    grace: float
    application: Path
    client: redis.Redis

    @contextmanager
    def running(self):
        with self.container.start() as process:
            self.container.wait_born(process)
            yield process

    def push(self, *words: str) -> None:
        """See jobs/push.php."""
        subprocess.run(
            ["php", str(JOBS / "push.php"), *words],
            cwd=self.application,
            env={"PATH": "/usr/bin:/bin", **self.container.environment},
            check=True,
        )

    def written(self, what: str) -> list[str]:
        return [name.decode() for name in self.client.lrange(PREFIX + what, 0, -1)]

    def wait(self, what: str, number: int, process: Process) -> None:
        deadline = time.monotonic() + DEADLINE
        while len(self.written(what)) < number:
            assert process.running, process.last_line()
            assert time.monotonic() < deadline, process.last_line()
            time.sleep(0.02)

    def length(self, key: str) -> int:
        """As KEDA's redis trigger counts (pkg/scalers/redis_scaler.go, v2.20.2)."""
        kind = self.client.type(key)
        assert kind in {b"list", b"zset", b"none"}
        return self.client.zcard(key) if kind == b"zset" else self.client.llen(key)


def templates(app):
    return {
        one["metadata"]["name"]: one["spec"]["template"]
        for some in render(app).objects.values()
        for one in some
        if one["kind"] == "Deployment"
    }


def image(directory, root="/var/www/html", stop_signal=signal.SIGQUIT):
    """The fixture with jobs in it, as an image of php-fpm that is stopped with SIGQUIT."""
    made = directory / "application"
    shutil.copytree(FIXTURE, made)
    for path in ("framework/cache", "framework/views", "logs"):
        (made / "storage" / path).mkdir(parents=True)
    (made / "bootstrap/cache").mkdir(parents=True)
    shutil.copy(JOBS / "queue.php", made / "config/queue.php")
    shutil.copy(JOBS / "SlowJob.php", made / "app/SlowJob.php")
    return Image(files={root: made, "/etc/php": Path("/etc/php")}, stop_signal=int(stop_signal))


def pod(app, name, directory, here):
    (directory / "pod").mkdir()
    secret = {
        "kind": "Secret",
        "metadata": {"name": "shop-env"},
        "stringData": {"APP_KEY": fresh_app_key(), "REDIS_PASSWORD": PASSWORD},
    }
    return prepare(
        templates(app)[name],
        [config(app), secret],
        directory / "pod",
        lambda container: here,
        fields={"metadata.name": "shop-worker-mails-1"},
    )


@pytest.fixture
def deployed(tmp_path):
    @contextmanager
    def made(**worker):
        with redis_server(tmp_path, password=PASSWORD) as server:
            app = application(
                laravel=8,
                redis={"external": {"host": LOOPBACK, "port": server.port}},
                session={"driver": "database"},
                cache={"store": "array"},
                workers=[WORKER | worker],
                scheduler={"mode": "process"},
            )
            here = image(tmp_path)
            prepared = pod(app, "shop-worker-mails", tmp_path, here)
            (container,) = prepared.containers
            with redis.Redis(port=server.port, password=PASSWORD) as client:
                yield Deployment(app, container, prepared.grace, tmp_path / "application", client)

    return made


def test_keda_counts_what_laravel_has_to_do(deployed):
    with deployed(min=0, max=9, scaleOn={"jobs": 2}) as here:
        scaled = next(
            one for one in render(here.app).objects["workers"] if one["kind"] == "ScaledObject"
        )["spec"]
        keys = {one["name"]: one["metadata"]["listName"] for one in scaled["triggers"]}
        formula = scaled["advanced"]["scalingModifiers"]["formula"]

        def counted():
            lengths = {name: here.length(key) for name, key in keys.items()}
            return lengths, value(formula, **lengths)

        assert counted()[1] == 0
        here.push("default:later:0:3600")
        assert counted()[1] == pytest.approx(0.001)
        here.push("mails:a:30", "mails:b:0", "default:c:0", "default:d:0")
        with here.running() as process:
            here.wait("begun", 1, process)
            lengths, jobs = counted()
            process.kill()
        assert lengths == {
            "ready_1": 1,
            "reserved_1": 1,
            "delayed_1": 0,
            "ready_2": 2,
            "reserved_2": 0,
            "delayed_2": 1,
        }
        assert jobs == pytest.approx(4.001)


def test_a_stop_in_the_midst_of_a_job_lets_it_end_and_begins_no_other(deployed):
    with deployed() as here:
        here.push("mails:slow:2", "mails:next:0")
        with here.running() as process:
            here.wait("begun", 1, process)
            ended_itself = process.stop(grace_seconds=here.grace)
            assert process.exit_status == 0
        assert ended_itself
        assert here.written("begun") == here.written("ended") == ["slow"]
        assert here.length(f"{PREFIX}queues:mails:reserved") == 0
        assert here.length(f"{PREFIX}queues:mails") == 1
        with here.running() as process:
            here.wait("ended", 2, process)
        assert here.written("ended") == ["slow", "next"]


def test_with_the_images_own_signal_the_job_is_cut_off_and_done_again(deployed):
    with deployed() as here:
        manifest = copy.deepcopy(here.container.manifest)
        del manifest["lifecycle"]
        here.container = replace(here.container, manifest=manifest)
        # Laravel 8 does not hear SIGQUIT, works on, and is killed when the grace period is over.
        here.push("mails:slow:2", "mails:next:30")
        with here.running() as process:
            here.wait("begun", 1, process)
            assert not process.stop(grace_seconds=4)
        assert here.written("begun") == ["slow", "next"]
        assert here.written("ended") == ["slow"]
        # In 90 s, retry_after, somebody begins it anew.
        assert here.length(f"{PREFIX}queues:mails:reserved") == 1


def test_the_startup_probe_finds_the_queue(deployed):
    with deployed() as here, here.running() as process:
        probe = here.container.manifest["startupProbe"]
        deadline = time.monotonic() + DEADLINE
        while not passes(here.container, process, probe):  # As a kubelet, again and again.
            assert process.running, process.last_line()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        without = [word.replace('"pcntl"', '"no-such"') for word in probe["exec"]["command"]]
        assert here.container.execute(process, without, DEADLINE) == 1
        nobody = {**here.container.environment, "REDIS_PORT": str(free_port())}
        elsewhere = replace(here.container, environment=nobody)
        assert not passes(elsewhere, process, probe)


TASK = """
$task = proc_open(["php", "-r", "sleep(2); touch('/tmp/done');"], [], $pipes);
touch("/tmp/begun");
while (true) { usleep(50000); proc_get_status($task); }
"""


@pytest.fixture
def scheduler(deployed, tmp_path):
    with deployed() as here:
        (tmp_path / "scheduler").mkdir()
        yield pod(here.app, "shop-scheduler", tmp_path / "scheduler", here.container.image)


def test_a_scheduler_that_hears_no_signal_is_ended_all_the_same(scheduler):
    (container,) = scheduler.containers
    with container.start() as process:
        container.wait_born(process)
        deadline = time.monotonic() + DEADLINE
        while "started successfully" not in process.log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert process.stop(grace_seconds=scheduler.grace)


def in_place_of(container, command, code):
    *shell, script = container.manifest["command"]
    assert command in script
    container.manifest["command"] = [
        *shell,
        script.replace(command, shlex.join(["php", "-r", code])),
    ]


IN_THE_BACKGROUND = """
exec("(php -r 'sleep(2);'; touch /tmp/done) > /dev/null 2>&1 &");
exit(3);
"""


def test_a_minute_ends_when_what_it_put_into_the_background_has_ended(scheduler, tmp_path):
    (container,) = scheduler.containers
    container.manifest["command"] = tasks.once()
    del container.manifest["lifecycle"]
    in_place_of(container, "php artisan schedule:run", IN_THE_BACKGROUND)
    with container.start() as process:
        deadline = time.monotonic() + DEADLINE
        while process.running:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert process.exit_status == 3
    assert (tmp_path / "scheduler/pod/tmp/done").exists()


def test_the_stop_of_a_scheduler_waits_for_the_task_that_runs(scheduler, tmp_path):
    (container,) = scheduler.containers
    in_place_of(container, "php artisan schedule:work", TASK)
    tmp = tmp_path / "scheduler/pod/tmp"
    with container.start() as process:
        container.wait_born(process)
        deadline = time.monotonic() + DEADLINE
        while not (tmp / "begun").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert process.stop(grace_seconds=scheduler.grace)
    assert (tmp / "done").exists()


def test_a_worker_that_is_stopped_while_it_starts_begins_no_job(deployed):
    with deployed() as here:
        with here.running() as process:
            deadline = time.monotonic() + DEADLINE
            php = ["grep", "-q", "^php", "/proc/1/comm"]
            while here.container.execute(process, php, DEADLINE) != 0:
                assert time.monotonic() < deadline
            assert process.stop(grace_seconds=here.grace)
        here.push("mails:late:0")
        assert here.written("begun") == []
