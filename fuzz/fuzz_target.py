"""URLs and options of a deployment that is already there: a target, or one of our errors.

python fuzz/fuzz_target.py -max_total_time=600
"""

from __future__ import annotations

from contextlib import suppress

import atheris
from seeded import start

with atheris.instrument_imports(include=["holdfast.rehearsal.target"]):
    from holdfast.core.errors import EnvironmentLacking, HoldfastError, UsageError
    from holdfast.rehearsal.courtesy import LONGEST_WAIT_SECONDS, seconds_of
    from holdfast.rehearsal.metrics import parse_address
    from holdfast.rehearsal.on_fault import read_command
    from holdfast.rehearsal.target import target

SECRET = "hunter2"


def read_target(url: str, host: str, basic: str) -> None:
    """A target that shows no password, or an error that shows none."""
    try:
        there = target(
            url,
            host=host or None,
            ca_file=None,
            insecure=False,
            basic=basic or None,
            rate=1.0,
            command=(),
            environment={"PW": SECRET},
        )
    except HoldfastError as error:
        refused = error
    else:
        assert "@" not in there.url.partition("://")[2].partition("/")[0]
        assert SECRET not in repr(there)
        assert all(value.isprintable() for value in there.headers.values())
        return
    assert SECRET not in f"{refused} {refused.hint}"


def one_input(data: bytes) -> None:
    """What libFuzzer calls: lines for the URL, the host and basic authentication."""
    text = data.decode(errors="replace").replace(SECRET, "")
    url, host, basic = [*text.split("\n"), "", ""][:3]
    read_target(url, host, basic)
    scheme, found, rest = url.partition("://")
    if found:
        read_target(f"{scheme}://bob:{SECRET}@{rest}", host, basic)
    assert 0 <= seconds_of(url) <= LONGEST_WAIT_SECONDS
    with suppress(UsageError):
        parse_address(url)
    with suppress(UsageError, EnvironmentLacking):
        read_command(url)


def main() -> None:
    """Start libFuzzer with targets of each kind."""
    texts = [
        "https://staging.example.com:8443/shop/",
        "http://ann:pw@[::1]:80\nshop.test:444",
        "https://192.0.2.7\nshop.test\nann:env:PW",
        "Wed, 21 Oct 2015 07:28:00 GMT",
        "127.0.0.1:9187",
        "sh -c 'exit 1' \"a b\"",
    ]
    start(one_input, [text.encode() for text in texts])


if __name__ == "__main__":
    main()
