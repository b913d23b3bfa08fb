"""Identity, web, data, work, files and variables: read where they can be, examples where not."""

from __future__ import annotations

import pytest

from holdfast.core.errors import UsageError
from holdfast.kube.init.facts import ImageFacts, is_local
from tests.kube.init.made import spec, tasks, written

LARAVEL = '{"name": "laravel/framework", "version": "v12.67.0"}'


def lock(*packages: str) -> dict[str, str]:
    """A composer.lock with these, beside Laravel 12."""
    more = "".join(f', {{"name": "{name}", "version": "v1.0.0"}}' for name in packages)
    return {"composer.lock": f'{{"packages": [{LARAVEL}{more}]}}'}


def gaps(found) -> dict[str, str]:
    return {gap.path.removeprefix("spec."): gap.what for gap in found.gaps}


# Identity


@pytest.mark.parametrize(
    ("env", "composer", "name"),
    [
        ("APP_NAME='Corner Shop'\n", "{}", "corner-shop"),
        ("APP_NAME='Größe & Co.'\n", "{}", "gr-e-co"),
        ("", '{"name": "acme/web-shop"}', "web-shop"),
        ("", '{"name": "laravel/laravel"}', "project"),
        ("", '{"name": 5}', "project"),
        ("APP_NAME=" + "x" * 60 + "\n", "{}", "x" * 34),
        ("APP_NAME=" + "x" * 33 + "_y\n", "{}", "x" * 33),
        ("APP_NAME=2048\n", "{}", "app-2048"),
    ],
)
def test_names(project, env, composer, name):
    found = written(project(env=env, files={"composer.json": composer}))
    assert found.app["metadata"]["name"] == name
    assert found.app["spec"]["secretName"] == f"{name}-env"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://shop.example.org", "shop.example.org"),
        ("https://Shop.Example.org:8443/x", "shop.example.org"),
        ("http://localhost", None),
        ("http://127.0.0.1:8000", None),
        ("http://10.0.0.7", None),
        ("http://shop.test", None),
        ("http://shop", None),
        ("http://[::1", None),
        ("", None),
    ],
)
def test_hosts(project, url, host):
    found = written(project(env=f"APP_URL={url}\nAPP_NAME=Shop\n"))
    assert found.app["spec"]["host"] == (host or "shop.example.com")
    assert ("host" in gaps(found)) == (host is None)


@pytest.mark.parametrize(
    "asked",
    [
        {"name": "Shop"},
        {"name": "x" * 35},
        {"name": "2shop"},
        {"host": "localhost"},
        {"image": "Shop:1"},
    ],
)
def test_what_is_asked_for_has_to_fit(project, asked):
    (option,) = asked
    with pytest.raises(UsageError, match=f"--{option} ") as refusal:
        written(project(), **asked)
    assert refusal.value.hint


@pytest.mark.parametrize(
    ("facts", "root", "user"),
    [
        (None, "/var/www/html", 33),
        (ImageFacts("Dockerfile", "php:8.3-fpm", "/srv/app/", 1000), "/srv/app", 1000),
        (ImageFacts("Dockerfile", "php:8.3-fpm-alpine"), "/var/www/html", 82),
        (ImageFacts("Dockerfile", "php:8.3-fpm", user=0), "/var/www/html", 33),
        (ImageFacts("Dockerfile", "dunglas/frankenphp:1", "/app"), "/app", 33),
    ],
)
def test_inside_the_image(project, facts, root, user):
    found = spec(project(), facts)
    assert (found["root"], found["user"]) == (root, user)


# Web


@pytest.mark.parametrize(
    ("files", "facts", "web"),
    [
        ({}, None, {"runtime": "fpm-nginx"}),
        ({}, ImageFacts("D", "dunglas/frankenphp:1-php8.3"), {"runtime": "frankenphp"}),
        ({}, ImageFacts("D", "php:8.3-apache"), {"runtime": "fpm-nginx"}),
        (lock("laravel/octane"), None, {"runtime": "fpm-nginx"}),
        (
            lock("laravel/octane"),
            ImageFacts("D", "php:8.3-cli", command=("php", "artisan", "octane:start")),
            {"runtime": "octane", "server": "roadrunner"},
        ),
        (
            {**lock("laravel/octane"), "config/octane.php": "<?php return [];"},
            None,
            {"runtime": "octane", "server": "roadrunner"},
        ),
        (
            {**lock("laravel/octane"), "config/octane.php": "<?php return ['server' => 'swoole'];"},
            None,
            {"runtime": "octane", "server": "swoole"},
        ),
        (
            lock("laravel/octane"),
            ImageFacts("D", "php:8.3-fpm", command=("php-fpm",)),
            {"runtime": "fpm-nginx"},
        ),
        (
            {"composer.lock": f'{{"packages": [{LARAVEL}], "packages-dev": [{{"name":'
             ' "laravel/octane", "version": "v2.0.0"}]}'},
            None,
            {"runtime": "fpm-nginx"},
        ),
    ],
)  # fmt: skip
def test_runtimes(project, files, facts, web):
    found = spec(project(files=files), facts)["web"]
    assert {key: found.get(key) for key in ("runtime", "server") if key in found} == web


@pytest.mark.parametrize(
    ("limit", "seconds"), [("45", 45), ("0", 30), ("env('X', 20)", 20), ("f()", 30)]
)
def test_how_long_octane_waits(project, limit, seconds):
    octane = {"config/octane.php": f"<?php return ['max_execution_time' => {limit}];"}
    found = spec(project(files={**lock("laravel/octane"), **octane}))
    assert found["web"]["longestRequest"] == seconds


@pytest.mark.parametrize(
    ("health", "path", "todo"),
    [("health: '/up',", "/up", False), ("health: 'ok',", "/ok", False), ("", "/up", True)],
)
def test_health(project, health, path, todo):
    text = f"<?php Application::configure()->withRouting(web: 'x', {health})->create();"
    root = project(files={"bootstrap/app.php": text})
    assert spec(root)["web"]["health"] == path
    assert ("withRouting needs a health route" in tasks(root)) == todo


def test_a_health_route_of_an_old_bootstrap(project):
    old = {"bootstrap/app.php": "<?php return new Illuminate\\Foundation\\Application;"}
    assert "routes: add one that opens no session" in tasks(project(files=old))


def test_no_health_route_before_11(project):
    assert "health" not in spec(project("10"))["web"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "<?php return ['proxies' => env('TRUSTED_PROXIES')];"),
        ({"config/trustedproxy.php": "<?php return ['proxies' => env('TRUSTED_PROXIES')];"}, ""),
        ({"config/trustedproxy.php": "<?php return ['proxies' => '*'];"}, ""),
        (
            {"config/trustedproxy.php": "<?php return ['proxies' => env('OWN')];"},
            "it reads OWN: write env('TRUSTED_PROXIES'), which Holdfast sets",
        ),
        (
            {"config/trustedproxy.php": "<?php return ['proxies' => ['10.0.0.1']];"},
            "10.0.0.1: is that where the edge's pods are?",
        ),
    ],
)
def test_proxies(project, files, said):
    found = tasks(project(files=files))
    assert said in found
    assert ("trustedproxy" in found) == bool(said)


# Data


HOST = "db.example.org"
POSTGRESQL = (
    f"DB_CONNECTION=pgsql\nDB_HOST={HOST}\nDB_PORT=5433\nDB_DATABASE=shop\nDB_USERNAME=app\n"
    "DB_PASSWORD=hidden-word\n"
)


@pytest.mark.parametrize(
    ("env", "database", "missing"),
    [
        (
            POSTGRESQL,
            {"driver": "pgsql", "host": HOST, "port": 5433, "name": "shop", "user": "app"},
            [],
        ),
        (
            "DB_CONNECTION=mysql\nDB_HOST=127.0.0.1\nDB_DATABASE=shop\n",
            {"driver": "mysql", "host": "mysql.example.com", "name": "shop", "user": "root"},
            ["host"],
        ),
        (
            "DB_CONNECTION=mariadb\nDB_URL=mysql://u:hidden-word@db.example.org:3306/shop\n",
            {"driver": "mysql", "host": "db.example.org", "name": "shop", "user": "u"},
            [],
        ),
        (
            "DB_CONNECTION=sqlite\n",
            {"driver": "mysql", "host": "mysql.example.com", "name": "fill-in", "user": "fill-in"},
            ["driver", "host", "name", "user"],
        ),
        (
            "DB_CONNECTION=sqlsrv\n",
            {"driver": "mysql", "host": "mysql.example.com", "name": "fill-in", "user": "fill-in"},
            ["driver", "host", "name", "user"],
        ),
    ],
)  # fmt: skip
def test_databases(project, env, database, missing):
    found = written(project(env=env))
    assert found.app["spec"]["database"] == database
    paths = [path.removeprefix("database.") for path in gaps(found) if path.startswith("database")]
    assert paths == missing
    assert "hidden-word" not in found.text


@pytest.mark.parametrize(
    ("file", "path", "what"),
    [
        ("database", "database.driver", "the driver; config/database.php:1: what this function"),
        ("cache", "cache.store", "the store; locks"),
    ],
)
def test_a_default_that_cannot_be_told(project, file, path, what):
    found = written(project(files={f"config/{file}.php": "<?php return ['default' => f()];"}))
    assert gaps(found)[path].startswith(what)


@pytest.mark.parametrize(
    ("env", "store"),
    [
        ("CACHE_STORE=database\n", "database"),
        ("CACHE_STORE=redis\n", "redis"),
        ("CACHE_STORE=memcached\n", "memcached"),
        ("CACHE_STORE=file\n", "database"),
        ("CACHE_STORE=array\n", "database"),
        ("CACHE_STORE=memcached\nSESSION_DRIVER=memcached\n", "database"),
    ],
)
def test_caches(project, env, store):
    assert spec(project(env=env))["cache"]["store"] == store


def test_a_variable_of_another_name(project):
    cache = "<?php return ['default' => env('CACHE_DRIVER', 'file'), 'stores' => []];"
    root = project(files={"config/cache.php": cache})
    assert "config/cache.php:1: it reads CACHE_DRIVER: write env('CACHE_STORE')" in tasks(root)
    assert "CACHE_STORE" not in tasks(project_again(root, "env('CACHE_STORE', 'file')"))


def project_again(root, expression):
    """The same project with another default store."""
    text = f"<?php return ['default' => {expression}, 'stores' => []];"
    (root / "config/cache.php").write_text(text)
    return root


# Work


QUEUE = """<?php return ['default' => env('QUEUE_CONNECTION', 'redis'), 'connections' => [
    'redis' => ['driver' => 'redis', 'queue' => 'high', 'retry_after' => 90],
    'sqs' => ['driver' => 'sqs', 'prefix' => env('SQS_PREFIX', 'https://sqs/your-account-id')],
]];"""
JOB = """<?php
class A implements ShouldQueue {{ public $timeout = {0}; public $queue = 'mails'; }}
"""


def test_workers_of_what_is_queued(project):
    root = project(
        files={"config/queue.php": QUEUE, "app/Jobs/A.php": JOB.format(75)},
        env="QUEUE_CONNECTION=redis\n",
    )
    found = spec(root)
    assert found["queue"] == {"connection": "redis", "retryAfter": 90}
    assert found["workers"] == [
        {"name": "default", "queues": ["high", "mails"], "longestJob": 75, "tries": 1}
    ]


@pytest.mark.parametrize("seconds", [90, 600])
def test_a_job_that_would_be_done_twice(project, seconds):
    root = project(
        files={"config/queue.php": QUEUE, "app/Jobs/A.php": JOB.format(seconds)},
        env="QUEUE_CONNECTION=redis\n",
    )
    assert spec(root)["queue"]["retryAfter"] == seconds + 30
    assert f"'retry_after' => {seconds + 30}" in tasks(root)


@pytest.mark.parametrize("driver", ["sync", "null", "deferred"])
def test_no_queue_no_workers(project, driver):
    found = written(project(env=f"QUEUE_CONNECTION={driver}\n"))
    assert {"queue", "workers"}.isdisjoint(found.app["spec"])
    assert (
        f"# No workers: the queue is {driver if driver != 'null' else 'not told'} (" in found.text
    )


def test_a_queue_that_is_not_rendered(project):
    root = project(env="QUEUE_CONNECTION=beanstalkd\n")
    assert "workers" not in spec(root)
    assert "jobs in beanstalkd need workers of your own" in tasks(root)


@pytest.mark.parametrize(
    ("env", "url", "gap"),
    [
        ("", "https://sqs.us-east-1.amazonaws.com/123456789012/default", True),
        (
            "SQS_PREFIX=https://sqs.eu-west-1.amazonaws.com/42\n",
            "https://sqs.eu-west-1.amazonaws.com/42/default",
            False,
        ),
    ],
)
def test_sqs(project, env, url, gap):
    root = project(files={"config/queue.php": QUEUE}, env=f"QUEUE_CONNECTION=sqs\n{env}")
    found = written(root)
    assert found.app["spec"]["queue"]["sqsQueueUrl"] == url
    assert ("queue.sqsQueueUrl" in gaps(found)) == gap


def test_horizon_with_nothing_for_production(project):
    horizon = "<?php return ['environments' => ['local' => ['s' => []]]];"
    root = project(files={**lock("laravel/horizon"), "config/horizon.php": horizon})
    assert spec(root)["queue"]["connection"] == "redis"
    assert spec(root)["workers"] == [{"name": "horizon", "horizon": True, "longestJob": 60}]
    assert "config/horizon.php: add an environment 'production'" in tasks(root)


def test_horizon_that_cannot_be_told(project):
    horizon = "<?php return ['environments' => f()];"
    root = project(files={**lock("laravel/horizon"), "config/horizon.php": horizon})
    found = written(root)
    assert found.app["spec"]["workers"][0]["longestJob"] == 60
    assert "are not told: config/horizon.php:1: what this" in found.text.replace("\n      # ", " ")


def test_a_queue_that_is_named_at_run_time(project):
    files = {"config/queue.php": QUEUE, "app/X.php": "<?php A::dispatch()->onQueue($name);"}
    said = tasks(project(files=files, env="QUEUE_CONNECTION=redis\n"))
    assert "app/X.php:1:22: the name of the queue is no literal" in said


def test_migrations_that_are_not_there(project):
    root = project()
    for file in (root / "database/migrations").iterdir():
        file.unlink()
    assert spec(root)["migrations"] is None


@pytest.mark.parametrize(
    ("task", "scheduler"),
    [
        ("", None),
        ("Schedule::command('a')->daily();", {"mode": "cronjob"}),
        ("Schedule::command('a')->everySecond();", {"mode": "process"}),
    ],
)
def test_schedules(project, task, scheduler):
    text = f"<?php\nuse Illuminate\\Support\\Facades\\Schedule;\n{task}\n"
    assert spec(project(files={"routes/console.php": text})).get("scheduler") == scheduler


# Files


DISKS = """<?php return ['default' => env('FILESYSTEM_DISK', 'local'), 'disks' => [
    'local' => ['driver' => 'local'],
    'media' => ['driver' => 'local'],
    's3' => ['driver' => 's3', 'bucket' => env('AWS_BUCKET'), 'region' => env('AWS_DEFAULT_REGION'),
             'endpoint' => env('AWS_ENDPOINT'), 'use_path_style_endpoint' => env('STYLE', true)],
    'gcs' => ['driver' => 'gcs', 'bucket' => 'photos', 'project_id' => 'my-project'],
    'azure' => ['driver' => 'azure-storage-blob', 'container' => 'photos'],
    'part' => ['driver' => 'scoped', 'disk' => 's3', 'prefix' => 'x'],
]];"""


def writes(disk: str) -> dict[str, str]:
    """A project that writes to a disk; empty for the default one."""
    code = (
        f"<?php $request->file('a')->storeAs('b', 'c', '{disk}');"
        if disk
        else ("<?php $request->file('a')->storeAs('b', 'c');")
    )
    return {"app/X.php": code, "config/filesystems.php": DISKS}


@pytest.mark.parametrize(
    ("disk", "env", "uploads"),
    [
        ("s3", "AWS_BUCKET=photos\n",
         {"s3": {"bucket": "photos", "region": "us-east-1", "pathStyle": True}}),
        ("", "FILESYSTEM_DISK=s3\nAWS_DEFAULT_REGION=eu-west-1\n",
         {"s3": {"bucket": "fill-in", "region": "eu-west-1", "pathStyle": True}}),
        ("s3", "AWS_ENDPOINT=https://minio.example.org\nAWS_BUCKET=abc\nSTYLE=false\n",
         {"s3": {"bucket": "abc", "region": "us-east-1", "endpoint": "https://minio.example.org"}}),
        ("s3", "AWS_ENDPOINT=http://minio:9000\nAWS_BUCKET=abc\nSTYLE=false\n",
         {"s3": {"bucket": "abc", "region": "us-east-1"}}),
        ("gcs", "", {"gcs": {"bucket": "photos", "project": "my-project"}}),
        ("", "", {"volume": {"size": "10Gi", "storageClass": "fill-in"}}),
        ("media", "", {"volume": {"size": "10Gi", "storageClass": "fill-in"}}),
        ("part", "AWS_BUCKET=photos\nSTYLE=false\n",
         {"s3": {"bucket": "photos", "region": "us-east-1"}}),
    ],
)  # fmt: skip
def test_where_files_go(project, disk, env, uploads):
    found = spec(project(files=writes(disk), env=env))
    assert found["storage"]["uploads"] == uploads


def test_nothing_is_written(project):
    found = written(project(files={"config/filesystems.php": DISKS}, env="FILESYSTEM_DISK=s3\n"))
    assert "storage" not in found.app["spec"]
    assert "No storage" in found.text


def test_a_package_for_s3_is_there_already(project):
    files = {**writes(""), **lock("league/flysystem-aws-s3-v3")}
    found = written(project(files=files, env="APP_NAME=Shop\n"))
    assert found.app["spec"]["storage"]["uploads"] == {"s3": {"bucket": "fill-in"}}
    assert "storage.uploads.s3.bucket" in gaps(found)


def test_s3_needs_a_package(project):
    assert "composer require league/flysystem-aws-s3-v3" in tasks(project(files=writes("s3")))


def test_a_disk_of_one_pod_beside_s3(project):
    files = writes("s3")
    facade = "<?php use Illuminate\\Support\\Facades\\Storage;"
    files["app/Y.php"] = f"{facade} Storage::disk('media')->put('a', 'b'); Storage::put('c', 'd');"
    said = tasks(project(files=files))
    assert "the disk media is in one pod" in said
    assert "the default disk, local, becomes s3" in said


LIVEWIRE = "<?php\nuse Livewire\\WithFileUploads;\nclass P { use WithFileUploads; }\n"


def test_livewire(project):
    files = {"app/Livewire/P.php": LIVEWIRE, "config/filesystems.php": DISKS}
    found = spec(project(files=files, env="FILESYSTEM_DISK=s3\n"))
    assert found["storage"]["livewire"] is True
    assert list(found["storage"]["uploads"]) == ["s3"]


@pytest.mark.parametrize(
    ("disk", "said"),
    [("null", ""), ("'media'", "Livewire keeps uploads on the disk media"), ("'s3'", "")],
)
def test_where_livewire_keeps_files_meanwhile(project, disk, said):
    livewire = f"<?php return ['temporary_file_upload' => ['disk' => {disk}]];"
    files = {**writes("s3"), "app/Livewire/P.php": LIVEWIRE, "config/livewire.php": livewire}
    found = tasks(project(files=files))
    assert said in found
    assert ("Livewire" in found) == bool(said)


@pytest.mark.parametrize(
    ("disk", "uploads"), [("'s3'", "s3"), ("'local'", "volume"), (None, "volume")]
)
def test_media_of_a_package(project, disk, uploads):
    files = {**lock("spatie/laravel-medialibrary"), "config/filesystems.php": DISKS}
    if disk is not None:
        files["config/media-library.php"] = f"<?php return ['disk_name' => {disk}];"
    assert list(spec(project(files=files))["storage"]["uploads"]) == [uploads]


def test_a_disk_that_code_names_is_not_changed(project):
    files = {**writes("media"), **lock("league/flysystem-aws-s3-v3")}
    assert "it names the disk media, which FILESYSTEM_DISK=s3 does not change" in tasks(
        project(files=files)
    )


# Variables and secrets


def test_what_only_the_env_file_says_is_kept(project):
    env = "SESSION_PATH=/shop\nSESSION_HTTP_ONLY=false\nAPP_LOCALE=de\nSESSION_LIFETIME=9\n"
    config = spec(project(env=env))["config"]
    assert config == {
        "APP_LOCALE": "de",
        "APP_NAME": "Laravel",
        "SESSION_PATH": "/shop",
    }


def test_a_memcached_for_the_cache(project):
    root = project(env="CACHE_STORE=memcached\nMEMCACHED_HOST=m.example.org\n")
    assert spec(root)["config"]["MEMCACHED_HOST"] == "m.example.org"


def test_the_rest_is_named_without_values(project):
    found = written(project(env="MAIL_HOST=mail-value\nANALYTICS_ID=an-id\nVITE_X=1\nDB_HOST=x\n"))
    assert "for you to decide: MAIL_FROM_NAME, MAIL_HOST, ANALYTICS_ID." in found.text
    assert "mail-value" not in found.text


SECRETS = {
    "STRIPE_SECRET": "sk-live-value",
    "GITHUB_TOKEN": "ghp-value",
    "SMTP_PASSWD": "smtp-value",
    "SENTRY_DSN": "dsn-value",
    "SEARCH_URL": "https://user:url-value@search.example.org",
    "MAIL_PASSWORD": "mail-value",
    "APP_KEY": "base64:key-value",
    "DB_PASSWORD": "db-value",
    "REDIS_PASSWORD": "redis-value",
    "AWS_SECRET_ACCESS_KEY": "aws-value",
}


def test_secrets_are_names(project):
    env = "".join(f"{name}={value}\n" for name, value in SECRETS.items())
    found = written(project(env=env + "POSTMARK_TOKEN=\nVITE_KEY=x\n"))
    assert found.app["spec"]["secrets"]["keys"] == [
        "GITHUB_TOKEN", "MAIL_PASSWORD", "SEARCH_URL", "SENTRY_DSN", "SMTP_PASSWD", "STRIPE_SECRET",
    ]  # fmt: skip
    said = found.text + str(found.tasks) + str(found.gaps) + str(found.read)
    for value in SECRETS.values():
        assert value not in said
    assert "url-value" not in said


def test_an_address_that_a_section_takes_apart_is_no_key(project):
    names = ("DB_URL", "DATABASE_URL", "REDIS_URL", "SEARCH_URL")
    env = "".join(f"{name}=x://u:p@a.example.org\n" for name in names)
    assert spec(project(env=env + "DB_READ_PASSWORD=x\n"))["secrets"]["keys"] == [
        "DB_READ_PASSWORD", "SEARCH_URL",
    ]  # fmt: skip


def test_the_example_file_has_names_too(project):
    files = {".env.example": "STRIPE_SECRET=\nMAIL_PASSWORD=null\nAPP_KEY=\nA=1\n"}
    found = spec(project(files=files, dotenv=False))
    assert found["secrets"]["keys"] == ["STRIPE_SECRET"]


def test_the_example_file_is_read_where_there_is_no_other(project):
    example = (
        "APP_ENV=local\nAPP_NAME=Shop\nSESSION_DRIVER=redis\nMAIL_HOST=x\nDB_PASSWORD=hid-den\n"
    )
    root = project(files={".env.example": example, ".env.local": "APP_NAME=No\n"}, dotenv=False)
    found = written(root, env={"SESSION_LIFETIME": "7"})
    session = found.app["spec"]["session"]
    assert (session["driver"], session["cookie"]) == ("redis", "shop-session")
    assert session["lifetime"] == 7
    assert "driver: redis  # .env.example:3 SESSION_DRIVER" in found.text
    assert found.app["spec"]["config"] == {"APP_NAME": "Shop"}
    assert "Also in .env.example, and for you to decide: MAIL_HOST." in found.text
    assert "hid-den" not in found.text


def test_no_env_file_is_said(project):
    root = project(dotenv=False)
    assert ".env: it is not there: does the application" in tasks(root)
    (root / ".env.example").write_text("A=1\n")
    assert ".env: it is not there, .env.example was read in its place: does" in tasks(root)
    assert ".env: " not in tasks(root, env={"APP_NAME": "x"})


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("SESSION_STORE=other", True),
        ("SESSION_STORE=null", False),
        ("SESSION_HTTP_ONLY=false", True),
        ("SESSION_HTTP_ONLY=true", False),
    ],
)
def test_what_config_may_not_hold_is_left_out_and_said(project, line, said):
    root = project(env=f"{line}\n")
    name = line.partition("=")[0]
    assert name not in spec(root).get("config", {})
    assert (f": {name} is left out: " in tasks(root)) == said


@pytest.mark.parametrize(
    "name", ["ACCESS_TOKEN_TTL", "AUTH_PASSWORD_RESET_TOKEN_TABLE", "DB_FOREIGN_KEYS", "MIX_KEY"]
)
def test_what_only_sounds_secret(project, name):
    assert "secrets" not in spec(project(env=f"{name}=5\n"))


@pytest.mark.parametrize(
    ("env", "api", "domains"),
    [
        ("", "", None),
        ("", "$middleware->statefulApi();", "shop.example.org"),
        ("SANCTUM_STATEFUL_DOMAINS=localhost:3000\n", "", "shop.example.org"),
        (
            "SANCTUM_STATEFUL_DOMAINS='admin.example.org, localhost, shop.example.org'\n",
            "",
            "shop.example.org,admin.example.org",
        ),
    ],
)
def test_sanctum(project, env, api, domains):
    text = f"<?php $app->withMiddleware(function (Middleware $middleware) {{ {api} }});"
    root = project(files={**lock("laravel/sanctum"), "bootstrap/app.php": text}, env=env)
    found = spec(root, host="shop.example.org")
    assert found["config"].get("SANCTUM_STATEFUL_DOMAINS") == domains


# What was read


def test_variables_of_a_person_win(project):
    found = spec(project(), env={"APP_NAME": "Given", "SESSION_COOKIE": "given_session"})
    assert found["session"]["cookie"] == "given_session"
    assert found["cache"]["prefix"] == "given-cache-"


def test_what_could_not_be_looked_at_is_said(project):
    root = project(files={"app/X.php": "<?php class A implements ShouldQueue {"})
    assert "app/X.php:1:1: not looked at: it is not valid PHP" in tasks(root)


def test_a_cached_configuration_is_said(project):
    cached = "<?php return ['session' => ['driver' => 'redis', 'cookie' => 'c', 'lifetime' => 5]];"
    root = project(files={"bootstrap/cache/config.php": cached})
    assert spec(root)["session"]["cookie"] == "c"
    assert "bootstrap/cache/config.php: it was read in place of .env" in tasks(root)


def test_reverb_is_said(project):
    assert "reverb:start" in tasks(project(files=lock("laravel/reverb")))


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("redis", True),
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("shop.test", True),
        ("/run/redis.sock", True),
        ("host.docker.internal", True),
        ("10.0.0.5", False),
        ("redis.prod.svc.cluster.local", False),
        ("db.example.org", False),
    ],
)
def test_hosts_of_a_developer(host, local):
    assert is_local(host) == local
