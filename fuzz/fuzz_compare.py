"""Comparisons of the command line: setups or UsageError with a hint; a setup's name reads as it.

python fuzz/fuzz_compare.py -max_total_time=600
"""

from __future__ import annotations

import atheris
from seeded import start

with atheris.instrument_imports(include=["holdfast.rehearsal.compare"]):
    from holdfast.core.errors import UsageError
    from holdfast.rehearsal.compare import EXAMPLE, App, Setup, parse_compare, parse_setup

APPS: tuple[App, App] = ("laravel", "shop")


def one_input(data: bytes) -> None:
    """What libFuzzer calls."""
    text = data.decode("utf-8", "surrogateescape")
    for app in APPS:
        try:
            setups = parse_compare(text, app)
        except UsageError as error:
            refused = error
        else:
            check(setups, text, app)
            continue
        assert str(refused)
        assert refused.hint


def check(setups: list[Setup], text: str, app: App) -> None:
    """What was read says what was written."""
    assert [setup.name for setup in setups] == [part.strip() for part in text.split(",")]
    assert len({setup.name for setup in setups}) == len(setups)
    for setup in setups:
        assert parse_setup(setup.name, app) == setup
        assert setup.locality in {"request", "replica", "client", "shared"}
        assert not (setup.block and setup.app == "shop")


def main() -> None:
    """Start libFuzzer with comparisons that can be."""
    texts = [
        EXAMPLE,
        "file,file:shared,array,database:sqlite",
        "laravel=database:sqlite+block@cookie",
        "shop=file:own@cookie, laravel=cookie",
    ]
    start(one_input, [text.encode() for text in texts])


if __name__ == "__main__":
    main()
