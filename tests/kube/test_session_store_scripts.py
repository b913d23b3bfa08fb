"""start.sh of servers and Sentinels, with programs that only pretend."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from holdfast.kube.session_store.haproxy_cfg import START_SH
from holdfast.kube.session_store.sentinel_scripts import (
    handover_sh,
    sentinel_conf,
    sentinel_sh,
    server_sh,
)
from holdfast.kube.session_store.users import users_sh
from tests.kube.conftest import application

APP = application(session={"store": {"sentinel": {}}}, monitoring={})
FIRST, SECOND = (f"shop-sessions-{ordinal}.shop-sessions-nodes" for ordinal in (0, 1))
CLI = """#!/bin/sh
# redis-cli --no-auth-warning -h HOST -p 26379 sentinel COMMAND sessions
[ "$REDISCLI_AUTH" = "sentinels' word" ] || exit 1
cat "$ANSWERS/${3%%.*}.$7"
"""


@pytest.fixture
def run(tmp_path):
    """Run a script with its directories below a temporary one; what was started, and the rest."""
    programs = tmp_path / "programs"
    for directory in ("programs", "data", "run", "etc", "answers"):
        (tmp_path / directory).mkdir()
    for name, text in {
        "redis-cli": CLI,
        "redis-server": '#!/bin/sh\nprintf "%s\\n" started "$@"\n',
        "haproxy": '#!/bin/sh\nprintf "%s\\n" "$SEARCH" "$PROXY_PASSWORD" "$@"\n',
        "sleep": '#!/bin/sh\necho "$@" >> "$ANSWERS/slept"\n',
    }.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (tmp_path / "run" / "sentinels.password").write_text("sentinels' word\n")
    (tmp_path / "run" / "sentinel.password").write_text("a1\n")
    (tmp_path / "run" / "sentinels.acl").write_text("user default on #1 ~*\n")
    (tmp_path / "run" / "proxy.password").write_text("b2\n")
    (tmp_path / "etc" / "sentinel.conf").write_text(sentinel_conf())

    def here(script, *arguments, **env):
        for place in ("/data", "/run/redis", "/etc/redis", "/etc/resolv.conf"):
            mine = {"/run/redis": "run", "/etc/redis": "etc", "/etc/resolv.conf": "resolv"}
            script = script.replace(place, str(tmp_path / mine.get(place, place[1:])))
        return subprocess.run(
            ["sh", "-c", script, "sh", *arguments],
            env={
                "PATH": f"{programs}:{os.environ['PATH']}",
                "ANSWERS": str(tmp_path / "answers"),
                **env,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    here.directory = tmp_path
    return here


def answers(run, *masters, replicas=()):
    """What the Sentinels answer, one after the other; None: nothing."""
    for ordinal, master in enumerate(masters):
        name = f"shop-sessions-sentinel-{ordinal}"
        if master is not None:
            files = {"get-master-addr-by-name": f"{master}\n6379\n"}
            files["replicas"] = "".join(f"name\n{one}:6379\n" for one in replicas)
            for command, text in files.items():
                (run.directory / "answers" / f"{name}.{command}").write_text(text)


def server(run, name):
    """The arguments with which redis-server is started."""
    done = run(server_sh(APP), "redis-server", "redis.conf", POD_NAME=name)
    assert done.returncode == 0, done.stderr
    return done.stdout.partition("started\n")[2].splitlines()


@pytest.mark.parametrize(
    ("ordinal", "data", "masters", "replicas", "leader"),
    [
        pytest.param(0, False, (), (), FIRST, id="the first start of all"),
        pytest.param(1, False, (), (), FIRST, id="and the others follow"),
        pytest.param(0, False, (FIRST,) * 3, (), FIRST, id="Sentinels were quicker"),
        pytest.param(0, True, (SECOND,) * 3, (FIRST,), SECOND, id="somebody took over"),
        pytest.param(1, True, (SECOND,) * 3, (FIRST,), SECOND, id="nobody took over"),
        pytest.param(0, True, (FIRST, SECOND, SECOND), (), SECOND, id="most of them know"),
        pytest.param(0, True, (None, None, SECOND), (), SECOND, id="one answers"),
        pytest.param(0, False, (SECOND,) * 3, (FIRST,), SECOND, id="it has lost its volume"),
        pytest.param(0, False, ("", "", ""), (), FIRST, id="Sentinels know nobody"),
        pytest.param(
            0, False, ("NOAUTH Authentication required.",) * 3, (), FIRST, id="no name at all"
        ),
    ],
)
def test_a_server_is_what_sentinels_say_it_is(run, ordinal, data, masters, replicas, leader):
    me = f"shop-sessions-{ordinal}"
    if data:
        (run.directory / "data" / "appendonlydir").mkdir()
    answers(run, *masters, replicas=replicas)
    started = server(run, me)
    name = f"{me}.shop-sessions-nodes"
    follows = [] if leader == name else ["--replicaof", leader, "6379"]
    assert started == ["redis.conf", "--replica-announce-ip", name, *follows]


def test_an_empty_server_that_is_called_the_master_waits_for_one_with_data(run):
    answers(run, *(FIRST,) * 3, replicas=(SECOND,))
    done = run(server_sh(APP), "redis-server", POD_NAME="shop-sessions-0")
    assert "empty, and called the master" in done.stdout
    assert "--replicaof" not in done.stdout  # nobody came: there is nobody
    assert (run.directory / "answers" / "slept").read_text().splitlines() == ["1"] * 60


def test_a_server_with_data_does_not_guess(run):
    (run.directory / "data" / "appendonlydir").mkdir()
    sleep = run.directory / "programs" / "sleep"
    # After a while a Sentinel answers.
    answer = run.directory / "answers" / "shop-sessions-sentinel-1.get-master-addr-by-name"
    sleep.write_text(
        f'#!/bin/sh\necho . >> "$ANSWERS/slept"\n'
        f'[ "$(wc -l < "$ANSWERS/slept")" -lt 10 ] || echo "{SECOND}" > {answer}\n'
    )
    done = run(server_sh(APP), "redis-server", POD_NAME="shop-sessions-0")
    assert done.stdout.count("waiting for a Sentinel") == 10
    assert done.stdout.splitlines()[-3:] == ["--replicaof", SECOND, "6379"]


def sentinel_file(run, **env):
    done = run(sentinel_sh(APP), POD_NAME="shop-sessions-sentinel-1", **env)
    assert done.returncode == 0, done.stderr
    conf = run.directory / "data" / "sentinel.conf"
    assert done.stdout.splitlines() == ["started", str(conf), "--sentinel"]
    assert conf.stat().st_mode & 0o077 == 0
    return conf.read_text().splitlines()


def test_a_new_sentinel_watches_the_first_server(run):
    lines = sentinel_file(run)
    assert f"sentinel monitor sessions {FIRST} 6379 2" in lines
    assert "sentinel announce-ip shop-sessions-sentinel-1.shop-sessions-sentinel-nodes" in lines
    assert "sentinel auth-pass sessions a1" in lines
    assert "sentinel sentinel-pass sentinels' word" in lines
    assert "user default on #1 ~*" in lines


def test_a_sentinel_keeps_what_it_has_learnt_and_nothing_else(run):
    learnt = [
        "sentinel myid 0123456789012345678901234567890123456789",
        f"sentinel monitor sessions {SECOND} 6379 2",
        "sentinel current-epoch 7",
        "sentinel config-epoch sessions 7",
        "sentinel leader-epoch sessions 7",
        f"sentinel known-replica sessions {FIRST} 6379",
        "sentinel known-sentinel sessions other 26379 abc",
    ]
    old = [
        "port 1",
        "sentinel sentinel-pass old",
        "sentinel auth-pass sessions old",
        "user default on ~*",
    ]
    (run.directory / "data" / "sentinel.conf").write_text("\n".join([*old, *learnt, ""]))
    lines = sentinel_file(run)
    assert [line for line in lines if line in learnt] == learnt
    assert not [line for line in lines if line in old]
    assert sum(line.startswith("sentinel monitor") for line in lines) == 1


@pytest.mark.parametrize(
    ("resolv", "search"),
    [
        ("search shop.svc.cluster.local svc.cluster.local\n", "shop.svc.cluster.local"),
        ("nameserver 10.0.0.10\nsearch  shop.svc.k8s.corp corp\n", "shop.svc.k8s.corp"),
    ],
)
def test_haproxy_is_told_the_domain_of_the_namespace(run, resolv, search):
    (run.directory / "resolv").write_text(resolv)
    done = run(START_SH)
    assert done.stdout.splitlines()[:2] == [search, "b2"]


def test_passwords_of_helpers_differ_and_are_the_same_in_every_pod(run):
    def made(password):
        done = run(users_sh(APP), PASSWORD=password)
        assert done.returncode == 0, done.stderr
        words = [
            (run.directory / "run" / f"{name}.password").read_text().strip()
            for name in ("probe", "proxy", "sentinel", "sentinels")
        ]
        return words, (run.directory / "run" / "users.acl").read_text()

    words, users = made("one")
    assert made("one") == (words, users)
    assert len(set(words)) == 4
    assert all(len(word) == 64 for word in words)
    assert not set(words) & set(made("two")[0])
    assert not any(word in users for word in words)


def test_while_the_password_changes_both_are_accepted_everywhere(run):
    def users(**env):
        assert run(users_sh(APP), **env).returncode == 0
        text = "".join(
            (run.directory / "run" / file).read_text() for file in ("users.acl", "sentinels.acl")
        )
        return {
            (line.split()[1], line.rpartition("#")[2][64:]): re.findall("#[0-9a-f]{64}", line)
            for line in text.splitlines()
        }

    old, new = users(PASSWORD="old"), users(PASSWORD="new")
    assert all(len(hashes) == 1 for hashes in (*old.values(), *new.values()))
    assert users(PASSWORD="old", ALSO="new") == {user: old[user] + new[user] for user in old}
    assert users(PASSWORD="new", ALSO="old") == {user: new[user] + old[user] for user in old}
    assert users(PASSWORD="old", ALSO="") == old


HANDOVER_CLI = """#!/bin/sh
case "$*" in
  *"info replication") cat "$ANSWERS/info" ;;
  *"--user handover"*) shift 5; echo "$@" >> "$ANSWERS/said" ;;
  *failover*) echo "$3 failover" >> "$ANSWERS/said"; cat "$ANSWERS/order" ;;
  *get-master*) cat "$ANSWERS/leader" ;;
esac
"""
MASTER = "role:master\r\nslave0:ip=a,state=online,offset=7,lag=0\r\nmaster_repl_offset:7\r\n"
PAUSE = "client pause 15000 write"
FAILOVER = "shop-sessions-sentinel-0.shop-sessions-sentinel-nodes failover"
UNPAUSE = "client unpause"


@pytest.mark.parametrize(
    ("info", "order", "leader", "said"),
    [
        pytest.param(MASTER, "OK", SECOND, [PAUSE, FAILOVER], id="it hands over"),
        pytest.param("role:slave\r\n", "OK", SECOND, [], id="it is no master"),
        pytest.param(
            MASTER.replace("offset=7", "offset=6"),
            "OK",
            SECOND,
            [PAUSE, UNPAUSE],
            id="replicas lag",
        ),
        pytest.param(
            MASTER.replace("online", "wait_bgsave"), "OK", SECOND, [PAUSE, UNPAUSE], id="or load"
        ),
        pytest.param(MASTER, "OK", FIRST, [PAUSE, FAILOVER, UNPAUSE], id="nobody takes over"),
        pytest.param(MASTER, "OK", "", [PAUSE, FAILOVER, UNPAUSE], id="nobody is known"),
    ],
)
def test_a_master_hands_over_before_it_stops_or_goes_on(run, info, order, leader, said):
    (run.directory / "programs" / "redis-cli").write_text(HANDOVER_CLI)
    (run.directory / "run" / "handover.password").write_text("h\n")
    for name, text in {"info": info, "order": order, "leader": leader, "said": ""}.items():
        (run.directory / "answers" / name).write_text(text)
    done = run(handover_sh(APP), POD_NAME="shop-sessions-0")
    assert done.returncode == 0, done.stderr
    assert (run.directory / "answers" / "said").read_text().splitlines() == said


def test_writers_go_on_where_no_sentinel_takes_the_order(run):
    (run.directory / "programs" / "redis-cli").write_text(HANDOVER_CLI)
    (run.directory / "run" / "handover.password").write_text("h\n")
    for name, text in {"info": MASTER, "order": "NOGOODSLAVE", "leader": SECOND}.items():
        (run.directory / "answers" / name).write_text(text)
    assert run(handover_sh(APP), POD_NAME="shop-sessions-0").returncode == 0
    said = (run.directory / "answers" / "said").read_text().splitlines()
    assert [said[0], said[-1]] == [PAUSE, UNPAUSE]
    assert len([one for one in said if one.endswith("failover")]) == 5 * 3
