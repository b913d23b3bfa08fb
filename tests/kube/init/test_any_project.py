"""Whatever a project says, what is written of it is accepted, or a clear error says why not."""

from __future__ import annotations

import random

import pytest
import yaml

from holdfast.core.errors import HoldfastError
from holdfast.kube.read import read
from holdfast.kube.render import render
from tests.kube.init.made import copied, where, written

GIVEN = {"image": "registry.example.com/shop:1.4.2", "host": "shop.example.org"}
HOSTS = (
    "127.0.0.1",
    "redis",
    "redis.prod.example.org",
    "tls://r.example.org",
    "10.0.0.5",
    "::1",
    "",
)
VALUES: dict[str, tuple[str, ...]] = {
    "APP_NAME": ("Laravel", "My App", "2048", "", "null", "Größe", "-", "x" * 90, "a:b # c"),
    "APP_URL": ("http://localhost", "https://a.example.org", "//", "https://ä.example"),
    "APP_LOCALE": ("de", "on", "null", "1.0", "a: b"),
    "SESSION_DRIVER": (
        *("file", "redis", "database", "cookie", "memcached", "dynamodb", "array", "apc", "null"),
        *("native", "mongodb", ""),
    ),
    "SESSION_LIFETIME": ("120", "0", "1", "-5", "999999999", "0x10", "1e3", "abc", ""),
    "SESSION_COOKIE": ("sid", "__Host-sid", "XSRF-TOKEN", "a b", "ä", "x" * 100, "null", ""),
    "SESSION_DOMAIN": (".example.org", "example.org", "other.org", "localhost", "null", "a b"),
    "SESSION_SAME_SITE": ("lax", "strict", "none", "null", "Lax", "odd"),
    "SESSION_ENCRYPT": ("true", "false", "null", "1"),
    "SESSION_CONNECTION": ("default", "cache", "none", "Odd Name", "null"),
    "SESSION_STORE": ("redis", "null"),
    "SESSION_TABLE": ("sessions", "web"),
    "SESSION_PATH": ("/", "/shop", "${APP_NAME}", "$(x)"),
    "CACHE_STORE": (
        "file",
        "redis",
        "database",
        "memcached",
        "dynamodb",
        "array",
        "null",
        "octane",
    ),
    "CACHE_PREFIX": ("p_", "", "p:", "p p", "x" * 90),
    "QUEUE_CONNECTION": ("sync", "redis", "database", "sqs", "beanstalkd", "null", "odd", ""),
    "SQS_PREFIX": ("https://sqs.eu-west-1.amazonaws.com/42", "x"),
    "REDIS_HOST": HOSTS,
    "REDIS_PORT": ("6379", "6380", "0", "99999", "x", "null"),
    "REDIS_PASSWORD": ("null", "secret", ""),
    "REDIS_PREFIX": ("r_", "", "r r"),
    "REDIS_CLIENT": ("phpredis", "predis"),
    "REDIS_URL": ("redis://u:p@r.example.org:6380/2", "", "odd"),
    "MEMCACHED_HOST": HOSTS,
    "DB_CONNECTION": ("mysql", "pgsql", "sqlite", "mariadb", "sqlsrv", "odd", "null"),
    "DB_HOST": HOSTS,
    "DB_PORT": ("3306", "5433", "0", "x"),
    "DB_DATABASE": ("shop", "a b", ":memory:", "x" * 90),
    "DB_USERNAME": ("shop", "a b", "null"),
    "DB_URL": ("mysql://u:p@db.example.org:3307/shop", "", "odd"),
    "FILESYSTEM_DISK": ("local", "public", "s3", "odd"),
    "AWS_BUCKET": ("photos", "A B", "x", ""),
    "AWS_DEFAULT_REGION": ("eu-west-1", "us-east-1", "A B", ""),
    "AWS_ENDPOINT": ("https://minio.example.org", "http://minio:9000", "odd"),
    "SANCTUM_STATEFUL_DOMAINS": ("localhost", "a.example.org, b", ""),
}


def as_env_file(variables: dict[str, str]) -> str:
    return "".join(f"{name}='{value}'\n" for name, value in variables.items())


@pytest.mark.parametrize("seed", range(32))
def test_any_environment(seed, tmp_path):
    """Half of all variables, each with one of its values."""
    chance = random.Random(seed)
    chosen = {name: chance.choice(v) for name, v in VALUES.items() if chance.random() < 0.5}
    root = copied(chance.choice(("shop", "blog", "8", "11", "13")), tmp_path / "project")
    (root / ".env").write_text(as_env_file(chosen))
    found = written(root, **GIVEN)
    assert yaml.safe_load(found.text) == found.app
    app = read(found.text.encode(), "app.yaml")
    assert render(app).objects


def test_one_region(tmp_path):
    root = copied("shop", tmp_path / "project")
    with (root / ".env").open("a") as file:
        file.write("QUEUE_CONNECTION=sqs\nSQS_PREFIX=https://sqs.eu-west-1.amazonaws.com/42\n")
    lock = root / "composer.lock"
    lock.write_text(lock.read_text().replace("laravel/horizon", "laravel/other"))
    found = written(root, **GIVEN)
    gap = next(gap for gap in found.gaps if gap.path.endswith("s3.region"))
    assert gap.what == "one region for all of AWS; the project has eu-west-1 and eu-central-1"
    assert read(found.text.encode(), "app.yaml").spec.storage.uploads.s3.region == "eu-west-1"


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Some bytes are taken out, doubled, or exchanged for others."""
    at = chance.randrange(len(data) + 1)
    end = min(len(data), at + chance.choice((1, 2, 10, 200)))
    piece = data[at:end]
    other = chance.choice(
        (b"", piece * 2, b"'", b"]", b"f(", b"null", b"[[", b"\xff", b"\n#", b"5")
    )
    return data[:at] + other + data[end:]


FILES = sorted(
    str(path.relative_to(where("shop"))) for path in where("shop").rglob("*") if path.is_file()
)


@pytest.mark.parametrize("name", FILES)
def test_any_byte_of_any_file(name, tmp_path):
    root = copied("shop", tmp_path / "project")
    path = root / (".env" if name == "env" else name)
    chance = random.Random(name)
    before = path.read_bytes()
    for _ in range(2):
        path.write_bytes(mutated(before, chance))
        try:
            found = written(root, **GIVEN)
        except HoldfastError as error:
            refused = error
        else:
            refused = None
            read(found.text.encode(), "app.yaml")
        assert refused is None or (refused.hint and "\n" not in str(refused))
