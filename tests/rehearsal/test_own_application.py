"""A Laravel application of one's own: read, copied, and its sessions moved; on real PHP."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest
import redis

from holdfast.core.errors import EnvironmentLacking, FormatError, UsageError
from holdfast.core.flow import do, run
from holdfast.laravel.encrypter import Encrypter
from holdfast.rehearsal.application import Readiness, Replica
from holdfast.rehearsal.backing import backing
from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.observation import read_payload
from holdfast.rehearsal.own_application import Copies, own_application
from holdfast.rehearsal.stored import codec_of
from holdfast.servers.guardian import Guardian
from holdfast.servers.ports import LOOPBACK
from holdfast.servers.redis import redis_server
from holdfast.stores.contract import Find

CORNER_STORE = Path(__file__).with_name("corner_store")


@pytest.fixture
def project(tmp_path):
    """A copy of the corner store, to be changed."""
    root = tmp_path / "project"
    shutil.copytree(CORNER_STORE, root)
    return root


@contextmanager
def started(own, choice, *, server="auto", seconds=60.0, url=None):
    """One replica of a choice of the compare grammar, with its backing."""
    setup = parse_setup(choice, "laravel")
    application = Copies(own, setup, server)
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
                app_key=own.app_key,
                create_tables=application.create_tables,
                url=url,
            )
        )
        replica = Replica(
            application, "r1", 2, directory, app_key=own.app_key, backing=store, guardian=guardian
        )
        stack.callback(replica.kill)
        replica.start(seconds)
        with httpx2.Client(
            base_url=f"http://{LOOPBACK}:{replica.endpoint.port}", timeout=60
        ) as client:
            yield client, store, replica


def opened_session(client, own):
    """Load the page, and give what its answer shows."""
    answer = client.get("/")
    assert answer.status_code == 200, answer.text
    return own.site.reader.observe(
        answer.headers.get_list("set-cookie"), answer.headers["content-type"], answer.content
    )


def stored_session(store, own, session_id):
    """What the store of the run has under an id."""
    with store.store.connect() as perform:
        found = run(do(Find(session_id)), perform)
    assert found is not None
    return read_payload(codec_of(store.store, own.site), found.data)


@pytest.mark.parametrize(
    "choice", ["redis", "redis+block", "file:shared", "file:shared+block", "database"]
)
def test_its_sessions_go_to_the_store_of_the_run(choice):
    """Its own .env says array, its Redis connections a port where nobody is, and no database."""
    own = own_application(CORNER_STORE, {})
    with started(own, choice) as (client, store, _):
        seen = opened_session(client, own)
        assert seen.token is not None
        assert seen.session_id is not None
        payload = stored_session(store, own, seen.session_id)
        assert payload is not None
        assert (payload.token, payload.logged_in) == (seen.token, False)
        assert opened_session(client, own).token == seen.token


@pytest.mark.parametrize("choice", ["file", "cookie", "memcached", "memcached+block"])
def test_where_the_store_cannot_be_read_from_here(choice):
    own = own_application(CORNER_STORE, {})
    with started(own, choice) as (client, store, replica):
        assert opened_session(client, own).token == opened_session(client, own).token
        kept = list((replica.directory / "app/storage/framework/sessions").iterdir())
        assert bool(kept) == (choice == "file")
        assert store.store is None


def test_encrypted_sessions_are_read_too(project):
    with (project / ".env").open("a") as env:
        env.write("SESSION_ENCRYPT=true\n")
    own = own_application(project, {})
    with started(own, "redis") as (client, store, _):
        seen = opened_session(client, own)
        assert seen.session_id is not None
        payload = stored_session(store, own, seen.session_id)
        assert payload is not None
        assert payload.token == seen.token


def test_a_store_that_is_there_already_gets_them_under_its_own_prefix(tmp_path):
    own = own_application(CORNER_STORE, {})
    with redis_server(tmp_path) as server:
        url = f"redis://{LOOPBACK}:{server.port}/3?prefix=shop%3A"
        with started(own, "redis", url=url) as (client, store, _):
            seen = opened_session(client, own)
            assert seen.session_id is not None
            assert stored_session(store, own, seen.session_id).token == seen.token
            keys = redis.Redis(port=server.port, db=3).keys()
            assert f"shop:{seen.session_id}".encode() in keys


@pytest.mark.parametrize("server", ["fpm", "cli"])
def test_each_answer_says_which_replica_gave_it(server):
    own = own_application(CORNER_STORE, {})
    with started(own, "file", server=server) as (client, _, _):
        for path, status in {"/": 200, "/ping": 200, "/nothing": 404, "/broken": 500}.items():
            answer = client.get(path)
            assert answer.status_code == status
            assert answer.headers.get_list("x-holdfast-replica") == ["r1"]
            assert answer.headers.get_list("x-holdfast-generation") == ["2"]


def test_it_runs_as_a_copy_and_is_not_touched(project):
    (project / "bootstrap/cache").mkdir(parents=True, exist_ok=True)
    (project / "bootstrap/cache/routes-v7.php").write_text("<?php\n")
    (project / "storage/logs").mkdir(parents=True, exist_ok=True)
    (project / "storage/logs/old.log").write_text("old\n")
    before = {path: path.stat().st_mtime_ns for path in project.rglob("*")}
    own = own_application(project, {})
    with started(own, "redis") as (client, _, replica):
        opened_session(client, own)
        copy = replica.directory / "app"
        assert not (copy / "bootstrap/cache/routes-v7.php").exists()
        assert not (copy / "storage/logs/old.log").exists()
        assert (copy / ".env").read_bytes() == (project / ".env").read_bytes()
    assert {path: path.stat().st_mtime_ns for path in project.rglob("*")} == before


def test_an_application_without_configuration_files_is_given_empty_ones(project):
    """From Laravel 11 on the framework's own stand below them, and must not be put over ours."""
    own = own_application(project, {})
    (project / "config/cache.php").unlink()
    with started(own, "redis") as (_, _, replica):
        assert "return [];" in (replica.directory / "app/config/cache.php").read_text()
        assert not (project / "config/cache.php").exists()


def test_what_is_read_of_it():
    own = own_application(CORNER_STORE, {})
    assert own.directory == CORNER_STORE
    assert own.site.reader.cookie == "corner_store_session"
    assert own.app_key.startswith("base64:Y29ybmVy")
    assert own.ready == Readiness("/", 500)
    assert own_application(CORNER_STORE, {}, path="/login").ready == Readiness("/login", 500)
    assert own_application(CORNER_STORE, {}, ready="/ping").ready == Readiness("/ping", 500)
    assert own.app_key not in repr(own)


def test_its_key_is_the_environments_then_its_own_then_a_fresh_one(project):
    key = "base64:" + "QUJD" * 10 + "QUI="
    assert own_application(project, {"APP_KEY": key}).app_key == key
    assert own_application(project, {"APP_KEY": ""}).app_key.startswith("base64:Y29ybmVy")
    lines = (project / ".env").read_text().splitlines()
    (project / ".env").write_text("\n".join(line for line in lines if "APP_KEY" not in line))
    fresh = own_application(project, {})
    assert fresh.site.reader.encrypter == Encrypter.from_app_key(fresh.app_key)
    assert own_application(project, {}).app_key != fresh.app_key
    with started(fresh, "redis") as (client, _, _):
        assert opened_session(client, fresh).session_id is not None


def test_from_laravel_11_on_up_says_when_a_replica_serves(project):
    composer = (project / "composer.json").read_text()
    (project / "composer.json").write_text(composer.replace("^8.83", "^11.0"))
    assert own_application(project, {}).ready == Readiness("/up", 500)


def test_a_cached_configuration_does_not_count(project):
    (project / "bootstrap/cache").mkdir(parents=True, exist_ok=True)
    (project / "bootstrap/cache/config.php").write_text(
        "<?php return ['session' => ['cookie' => 'cached', 'driver' => 'array']];\n"
    )
    own = own_application(project, {})
    assert own.site.reader.cookie == "corner_store_session"
    with started(own, "redis") as (client, _, replica):
        assert opened_session(client, own).set_cookie
        assert not (replica.directory / "app/bootstrap/cache/config.php").exists()


def test_what_cannot_be_copied_is_named(project):
    os.mkfifo(project / "public/pipe")
    own = own_application(project, {})
    with (
        pytest.raises(EnvironmentLacking, match=r"cannot be copied: .*/public/pipe") as error,
        started(own, "file"),
    ):
        pass
    assert "each replica runs a copy" in error.value.hint


def test_what_is_no_application(tmp_path, project):
    with pytest.raises(UsageError, match=r"no public/index\.php"):
        own_application(tmp_path, {})
    (project / "config/session.php").write_text("<?php return ['cookie' => chosen()];\n")
    with pytest.raises(UsageError, match=r"the setting cookie .* config/session\.php:1") as error:
        own_application(project, {})
    assert "holdfast config" in error.value.hint
    (project / "config/session.php").write_text("<?php return [\n")
    with pytest.raises(FormatError):
        own_application(project, {})
    (project / "vendor/autoload.php").unlink()
    with pytest.raises(EnvironmentLacking, match=r"no vendor/autoload\.php"):
        own_application(project, {})


def test_locks_in_a_database_want_tables_that_are_not_there():
    own = own_application(CORNER_STORE, {})
    with pytest.raises(UsageError, match="needs tables for locks"):
        Copies(own, parse_setup("database+block", "laravel")).require()


@pytest.mark.parametrize("server", ["fpm", "cli"])
@pytest.mark.parametrize("channel", ["errorlog", "single"])
def test_a_replica_that_never_serves_says_what_the_application_says(project, server, channel):
    """In its own words, not in those of the web server; in whichever log it stands."""
    logging = project / "config/logging.php"
    single = "'driver' => 'single', 'path' => storage_path('logs/laravel.log')"
    if channel == "single":
        logging.write_text(logging.read_text().replace("'driver' => 'errorlog'", single))
    own = own_application(project, {}, ready="/broken")
    with (
        pytest.raises(EnvironmentLacking, match="r1 runs, but GET /broken answers 500") as error,
        started(own, "file", server=server, seconds=10.0),
    ):
        pass
    assert str(error.value).endswith("; its log says: broken on purpose")
    assert "a status below 500" in error.value.hint
