"""Scenario files: a scenario that makes a plan, or one of our errors with the file's name.

python fuzz/fuzz_scenario.py -max_total_time=600
"""

from __future__ import annotations

import atheris
from seeded import start

with atheris.instrument_imports(include=["yaml", "holdfast.rehearsal.located"]):
    from holdfast.core.errors import UsageError
    from holdfast.rehearsal.located import read
    from holdfast.rehearsal.scenario import Scenario, check, template

NAME = "rehearsal.yaml"


def one_input(data: bytes) -> None:
    """What libFuzzer calls."""
    try:
        document = read(data, NAME)
        check(document.convert(Scenario, lambda path: path), document.at)
    except UsageError as error:
        refused = error
    else:
        return
    assert str(refused).startswith(NAME)


def main() -> None:
    """Start libFuzzer with a scenario of each kind."""
    texts = [
        template(),
        "faults:\n  - {at: 5, fault: kill}\n  - {at: 12.5, fault: roll}\n",
        "application: shop\ncompare: [file, 'file@cookie', \"redis+block\"]\nthink: 1e-1\n",
        "steps: {visit: 2, add: 4}\nseconds: 1:30\nstore: >-\n  redis://h/0\n",
        "a: &x [1]\nb: *x\n<<: {c: !!binary aGk=}\n",
    ]
    start(one_input, [text.encode() for text in texts])


if __name__ == "__main__":
    main()
