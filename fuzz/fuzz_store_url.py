"""Store URLs: a store or UsageError with a hint, and no message that shows the password.

python fuzz/fuzz_store_url.py -max_total_time=600
"""

from __future__ import annotations

import atheris
from seeded import start

with atheris.instrument_imports(include=["holdfast.stores"]):
    from holdfast.core.errors import UsageError
    from holdfast.stores import SCHEMES, database, file, redis_url
    from holdfast.stores.url import parse, with_password

SECRET = "correct-horse"
MAKERS = {
    "file": file.from_url,
    "redis": redis_url.from_url,
    "rediss": redis_url.from_url,
    "redis+sentinel": redis_url.from_url,
    "sqlite": database.from_url,
    "postgresql": database.from_url,
    "mysql": database.from_url,
}


def take_apart(text: str) -> None:
    """Everything that can be asked of a URL, without opening anything."""
    try:
        url = parse(text)
        assert url.lifetime > 0
        assert 8 <= url.laravel <= 13
        url.choice("serialization", "php", ("php", "json"))
        if url.scheme in MAKERS:
            MAKERS[url.scheme](url)
        if url.parameters.get("password") == "env:PASSWORD":
            assert parse(with_password(text, {"PASSWORD": SECRET})).password == SECRET
    except UsageError as error:
        refused = error
    else:
        assert url.scheme in SCHEMES
        assert SECRET not in repr(url)
        return
    assert str(refused)
    assert refused.hint
    assert SECRET not in f"{refused} {refused.hint}"


def one_input(data: bytes) -> None:
    """What libFuzzer calls."""
    text = data.decode("utf-8", "surrogateescape").replace(SECRET, "")
    take_apart(text)
    scheme, found, rest = text.partition("://")
    if found and scheme in SCHEMES:
        take_apart(f"{scheme}://bob:{SECRET}@{rest}")


def main() -> None:
    """Start libFuzzer with URLs of each kind."""
    texts = [
        "memory:",
        "memory:name?lifetime=60",
        "file:///var/www/a%20b?lifetime=5&laravel=8",
        "redis://bob:p%40ss@[::1]:7000/3?prefix=a%20b+c&lifetime=60",
        "redis://cache:7000/3?password=env:PASSWORD",
        "rediss://cache/0?key=env:APP_KEY&encrypt=1&cipher=aes-256-gcm&previous=env:OLD",
        "sqlite:///data/d.sqlite?table=web_sessions&serialization=json",
        "memory:?lifetime=" + "9" * 4400,
        "redis://h/" + "9" * 4400,
        "redis+sentinel://bob:p%40ss@a:26379,b:26380/mymaster/0?replicas=2",
    ]
    start(one_input, [text.encode() for text in texts])


if __name__ == "__main__":
    main()
