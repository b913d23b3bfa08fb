"""What ``render`` makes runs: the fixture in rendered web pods, as processes.

- kill, roll and scale lose no session and no write
- a stop during slow requests loses nothing; what the images' own settings lose is measured
- probes: readiness and liveness neither open a session nor need the store; startup needs it
- what is rendered is what runs: user, read-only root, the cookie's name
"""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import anyio
import httpx2
import pytest
import redis

from holdfast.core.errors import UsageError
from holdfast.kube.read import read
from holdfast.rehearsal.app_key import fresh_app_key
from holdfast.rehearsal.application import Pod, Replica
from holdfast.rehearsal.backing import backing
from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.plan import plan
from holdfast.rehearsal.progress import Silent
from holdfast.rehearsal.rendered import Rendered, as_images_stop
from holdfast.rehearsal.run import rehearse_all
from holdfast.rehearsal.scenario import Scenario
from holdfast.rehearsal.stopping import stop_during_requests
from holdfast.servers.guardian import Guardian
from holdfast.servers.pods.pod import passes
from holdfast.servers.ports import LOOPBACK

KEY = fresh_app_key()
APP = """\
apiVersion: holdfast.dev/v1alpha1
kind: LaravelApp
metadata: {name: shop}
spec:
  image: registry.example.com/shop@sha256:%s
  host: shop.example.com
  secretName: shop-env
  web: {drain: 3, longestRequest: 10, processes: 8}
""" % ("0123456789abcdef" * 4)


@contextmanager
def cluster(stop="rendered", choice="redis"):
    """What runs in rendered pods, and two replicas of it on one store; none is started."""
    setup = parse_setup(choice, "laravel")
    application = Rendered(read(APP.encode(), "app.yaml"), setup, stop)
    application.require()
    with ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="holdfast-"))
        stack.callback(shutil.rmtree, directory)
        guardian = stack.enter_context(Guardian())
        store = stack.enter_context(
            backing(
                setup,
                directory,
                guardian,
                app_key=KEY,
                create_tables=application.create_tables,
            )
        )
        replicas = [
            Replica(application, name, 1, directory, app_key=KEY, backing=store, guardian=guardian)
            for name in ("r1", "r2")
        ]
        for replica in replicas:
            stack.callback(replica.kill)
        yield application, replicas, store


def keys(backed):
    """All keys of the Redis that sessions go to."""
    client = redis.Redis(host=backed.store.host, port=backed.store.port)
    with client:
        return client.keys()


def until(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def stopped(stop, grace=None):
    with cluster(stop) as (application, (old, new), _):
        old.start()
        grace = application.pace.grace if grace is None else grace
        return stop_during_requests(old, new, users=6, hold_ms=2000, lag=1.5, grace=grace)


def test_a_rehearsal_in_rendered_pods_loses_nothing(tmp_path):
    (tmp_path / "app.yaml").write_text(APP)
    wanted = Scenario(
        rendered=str(tmp_path / "app.yaml"),
        compare=["redis"],
        users=6,
        replicas=2,
        seconds=6,
        faults=["kill", "roll", "scale"],
    )
    (verdict,) = anyio.run(rehearse_all, plan(wanted), Silent()).verdicts
    assert not verdict.unproved
    assert verdict.sessions_opened > 0
    assert verdict.writes_acknowledged > 0
    assert verdict.holds("survival"), verdict


def test_a_stop_with_the_rendered_settings_loses_nothing():
    found = stopped("rendered")
    assert found.running == 6
    assert found.late > 5
    assert (found.running_lost, found.late_lost, found.writes_lost) == (0, 0, 0), found
    assert found.acknowledged == 6
    assert found.in_time


def test_what_the_images_own_settings_lose_is_measured():
    """How much is shown (docs/render-web.md), not asserted: it may be nothing by luck."""
    found = stopped("images")
    assert found.running == 6
    assert found.acknowledged == found.running - found.running_lost


def test_a_pod_that_is_killed_at_once_loses_what_runs_and_that_is_seen():
    """What would be counted, had the rendered settings lost anything."""
    found = stopped("rendered", grace=0)
    assert (found.running, found.running_lost, found.acknowledged) == (6, 6, 0)
    assert found.late_lost == found.late > 0
    assert not found.in_time


def test_without_hooks_and_limits_is_what_the_images_have():
    assert as_images_stop(
        {
            "lifecycle": {"preStop": {}},
            "data": {"a": "x\n  process_control_timeout = 5s\nworker_shutdown_timeout 9s;\ny\n"},
            "more": [1, True, None],
        }
    ) == {"data": {"a": "x\ny\n"}, "more": [1, True, None]}


def test_probes_neither_open_a_session_nor_need_the_store_but_startup_does():
    with cluster() as (application, (replica, _), backed), ExitStack() as stack:
        storage = replica.directory / "storage"
        storage.mkdir(parents=True)
        pod = application.pod(
            Pod(replica.endpoint, replica.directory, storage, (KEY,), KEY, backed)
        )
        pod.initialise()
        running = {one.name: (one, stack.enter_context(one.start())) for one in pod.containers}

        def pass_(kind):
            return {
                name: passes(container, process, container.manifest[kind])
                for name, (container, process) in running.items()
                if kind in container.manifest
            }

        def all_pass(kind):
            found = pass_(kind)
            return bool(found) and all(found.values())

        until(lambda: all_pass("startupProbe") and all_pass("readinessProbe"))
        until(lambda: all_pass("livenessProbe"))
        assert keys(backed) == []
        backed.server.stop()
        assert not all(pass_("startupProbe").values())
        until(lambda: all_pass("readinessProbe"))
        until(lambda: all_pass("livenessProbe"))
        backed.server.start()
        until(lambda: all_pass("startupProbe"))


def test_the_rendered_cookie_is_set_and_nothing_else_of_the_session_is_the_images():
    with cluster() as (_, (replica, _), _):
        replica.start()
        answer = httpx2.get(f"http://{LOOPBACK}:{replica.endpoint.port}/state")
        cookies = answer.headers.get_list("set-cookie")
        (session,) = [one for one in cookies if one.startswith("laravel_session=")]
        assert {"secure", "httponly", "samesite=lax"} <= set(session.lower().split("; "))


@pytest.mark.parametrize("choice", ["file", "cookie", "array"])
def test_a_store_that_pods_cannot_share_is_refused(choice):
    with (
        cluster(choice=choice) as (_, (replica, _), _),
        pytest.raises(UsageError, match=f"rendered pods share no {choice} here"),
    ):
        replica.start()
