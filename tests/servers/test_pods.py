"""A pod without a cluster: what a manifest says, done by processes.

- volumes: emptyDir, ConfigMap, Secret, one key of it by subPath; a cluster's own are refused
- variables: image, envFrom, env, references; the last one counts
- a container: its root, user, PID 1, what it may write
- init containers in their order; one that fails says why
- probes: exec, TCP, HTTP
- the stop: the hook first, then the image's signal, SIGKILL after the grace
"""

from __future__ import annotations

import base64
import signal
import time
from pathlib import Path

import pytest

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.servers.pods import volumes
from holdfast.servers.pods.pod import Pod, passes, prepare
from holdfast.servers.pods.sandbox import Image
from holdfast.servers.pods.variables import environment, expanded
from holdfast.servers.ports import free_port

CONFIG = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings"},
    "data": {"COLOUR": "red", "greeting.txt": "hello\n"},
}
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "keys"},
    "data": {"KEY": base64.b64encode(b"k1").decode()},
    "stringData": {"OTHER": "k2"},
}
OBJECTS = [CONFIG, SECRET]
DEADLINE = 60.0


def template(*containers, init=(), volumes=(), **spec):
    return {
        "metadata": {},
        "spec": {
            "securityContext": {"runAsUser": 33, "runAsGroup": 44},
            "initContainers": list(init),
            "containers": list(containers),
            "volumes": list(volumes),
            **spec,
        },
    }


def shell(script, name="main", **fields):
    return {"name": name, "image": "none", "command": ["sh", "-c", script], **fields}


@pytest.fixture
def pod(tmp_path):
    def made(*containers, image=None, **spec) -> Pod:
        return prepare(
            template(*containers, **spec),
            OBJECTS,
            tmp_path,
            lambda container: image or Image(),
            fields={"metadata.name": "shop-web-1"},
        )

    return made


def ended(process, seconds=DEADLINE):
    deadline = time.monotonic() + seconds
    while process.running:
        assert time.monotonic() < deadline, process.last_line()
        time.sleep(0.01)
    process.stop()
    return process.exit_status


def output(container):
    with container.start() as process:
        status = ended(process)
    return status, process.log.read_text()


def until(condition):
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_volumes_are_what_the_manifest_says(tmp_path):
    made = volumes.make(
        {
            "volumes": [
                {"name": "scratch", "emptyDir": {}},
                {"name": "config", "configMap": {"name": "settings"}},
                {
                    "name": "one",
                    "configMap": {
                        "name": "settings",
                        "items": [{"key": "greeting.txt", "path": "a/b.txt"}],
                    },
                },
                {"name": "keys", "secret": {"secretName": "keys", "defaultMode": 0o400}},
            ]
        },
        OBJECTS,
        tmp_path,
    )
    assert list(made["scratch"].iterdir()) == []
    assert (made["config"] / "greeting.txt").read_text() == "hello\n"
    assert {path.name for path in made["config"].iterdir()} == {"COLOUR", "greeting.txt"}
    assert [str(p.relative_to(made["one"])) for p in made["one"].rglob("*.txt")] == ["a/b.txt"]
    assert (made["keys"] / "KEY").read_bytes() == b"k1"
    assert (made["keys"] / "OTHER").read_bytes() == b"k2"
    assert (made["keys"] / "KEY").stat().st_mode & 0o777 == 0o400


@pytest.mark.parametrize(
    ("volume", "words"),
    [
        ({"name": "data", "persistentVolumeClaim": {"claimName": "x"}}, "persistentVolumeClaim"),
        ({"name": "data", "configMap": {"name": "other"}}, "no ConfigMap other"),
    ],
)
def test_a_volume_that_is_not_here_is_refused(tmp_path, volume, words):
    with pytest.raises(UsageError, match=words):
        volumes.make({"volumes": [volume]}, OBJECTS, tmp_path)


def test_the_last_variable_counts():
    container = {
        "envFrom": [
            {"configMapRef": {"name": "settings"}},
            {"secretRef": {"name": "keys"}, "prefix": "S_"},
        ],
        "env": [
            {"name": "COLOUR", "value": "blue"},
            {"name": "BOTH", "value": "$(COLOUR) $(NOBODY) $$(COLOUR)"},
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "KEY"}}},
            {
                "name": "NONE",
                "valueFrom": {"secretKeyRef": {"name": "keys", "key": "NO", "optional": True}},
            },
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
    }
    told = environment(
        container, OBJECTS, image={"COLOUR": "none", "HOME": "/"}, fields={"metadata.name": "p"}
    )
    assert told == {
        "HOME": "/",
        "COLOUR": "blue",
        "greeting.txt": "hello\n",
        "S_KEY": "k1",
        "S_OTHER": "k2",
        "BOTH": "blue $(NOBODY) $(COLOUR)",
        "KEY": "k1",
        "POD_NAME": "p",
    }


def test_a_key_that_is_missing_is_refused():
    asked = {"env": [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "NO"}}}]}
    with pytest.raises(UsageError, match="Secret keys has no key NO"):
        environment(asked, OBJECTS, image={}, fields={})


def test_a_reference_to_nothing_stays():
    assert expanded("$(A)-$(B)-$$", {"A": "1"}) == "1-$(B)-$"


def test_a_container_has_a_root_a_user_and_a_pid_1_of_its_own(pod, tmp_path):
    (tmp_path / "file").write_text("of the image")
    made = pod(
        shell(
            "id -u; id -g; echo $$$$; cat /app/file; ls /home; touch /x; touch /data/y; echo $KEY",
            env=[{"name": "KEY", "value": "v"}],
            securityContext={"readOnlyRootFilesystem": True},
            volumeMounts=[{"name": "data", "mountPath": "/data"}],
            workingDir="/data",
        ),
        image=Image(files={"/app/file": tmp_path / "file"}),
        volumes=[{"name": "data", "emptyDir": {}}],
    )
    status, said = output(made.containers[0])
    assert status == 0, said
    assert said.splitlines()[:3] == ["33", "44", "1"]
    assert "of the image" in said
    assert "cannot access '/home'" in said
    assert "cannot touch '/x': Read-only file system" in said
    assert said.splitlines()[-1] == "v"
    assert (tmp_path / "data/y").exists()


def test_a_piece_of_a_volume_can_be_mounted_read_only(pod):
    made = pod(
        shell(
            "cat /etc/app.conf && echo x >/etc/app.conf",
            volumeMounts=[
                {
                    "name": "config",
                    "mountPath": "/etc/app.conf",
                    "subPath": "greeting.txt",
                    "readOnly": True,
                }
            ],
        ),
        volumes=[{"name": "config", "configMap": {"name": "settings"}}],
    )
    status, said = output(made.containers[0])
    assert status != 0
    assert said.startswith("hello\n")
    assert "Read-only" in said


def test_init_containers_run_one_after_the_other(pod, tmp_path):
    mount = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    made = pod(
        shell("exit 0"),
        init=[
            shell("sleep 0.3; echo first >>/data/log", "one", **mount),
            shell("echo second >>/data/log", "two", **mount),
        ],
        volumes=[{"name": "data", "emptyDir": {}}],
    )
    made.initialise()
    assert (tmp_path / "data/log").read_text() == "first\nsecond\n"


def test_an_init_container_that_fails_says_why(pod):
    made = pod(shell("exit 0"), init=[shell("echo no table >&2; exit 3", "migrate")])
    with pytest.raises(EnvironmentLacking, match="migrate ended with 3: no table"):
        made.initialise()


def test_a_container_without_a_command_is_refused(pod):
    made = pod({"name": "main", "image": "nginx"})
    with pytest.raises(UsageError, match="container main runs its image's own command"):
        made.containers[0].start()


def test_probes_ask_as_the_kubelet_does(pod):
    port = free_port()
    served = pod(
        shell(
            f"cd /tmp && exec php -S 127.0.0.1:{port}",
            ports=[{"name": "http", "containerPort": port}],
            volumeMounts=[{"name": "tmp", "mountPath": "/tmp"}],
        ),
        image=Image(files={"/etc/php": Path("/etc/php")}),
        volumes=[{"name": "tmp", "emptyDir": {}}],
    ).containers[0]
    with served.start() as process:
        until(lambda: passes(served, process, {"tcpSocket": {"port": "http"}}))
        there = {"exec": {"command": ["test", "-d", "/tmp"]}, "timeoutSeconds": 30}
        assert passes(served, process, there)
        assert not passes(served, process, {"exec": {"command": ["test", "-d", "/nowhere"]}})
        assert not passes(served, process, {"httpGet": {"port": "http", "path": "/nothing"}})
        slow = {"exec": {"command": ["sleep", "30"]}, "timeoutSeconds": 1}
        assert not passes(served, process, slow)
        # PHP's server does not handle SIGTERM, and a PID 1 is not ended by what it does not handle.
        process.kill()
    assert not passes(served, process, {"tcpSocket": {"port": port}})
    assert not passes(served, process, {"exec": {"command": ["true"]}})


TRAP = (
    "trap 'echo TERM; exit 0' TERM; trap 'echo QUIT; exit 0' QUIT;"
    " echo up; while :; do sleep 0.05; done"
)


@pytest.mark.parametrize(("number", "word"), [(signal.SIGTERM, "TERM"), (signal.SIGQUIT, "QUIT")])
def test_a_stop_without_a_hook_is_the_images_signal(pod, number, word):
    made = pod(shell(TRAP), image=Image(stop_signal=number)).containers[0]
    with made.start() as process:
        until(lambda: "up" in process.log.read_text())
        assert process.stop(grace_seconds=DEADLINE)
    assert process.log.read_text().split() == ["up", word]


def test_the_hook_comes_before_the_signal(pod):
    hook = {"preStop": {"exec": {"command": ["sh", "-c", "sleep 0.3; kill -QUIT 1; sleep 600"]}}}
    made = pod(shell(TRAP, lifecycle=hook)).containers[0]
    with made.start() as process:
        until(lambda: "up" in process.log.read_text())
        began = time.monotonic()
        assert process.stop(grace_seconds=DEADLINE)
        assert time.monotonic() - began >= 0.3
    assert process.log.read_text().split() == ["up", "QUIT"]


def test_what_outlives_the_grace_is_killed_with_all_its_children(pod):
    made = pod(shell("trap '' TERM; sleep 600 & echo $! ; while :; do sleep 0.05; done"))
    with made.containers[0].start() as process:
        until(lambda: process.log.read_text().strip())
        assert not process.stop(grace_seconds=0.2)
    assert not process.running
