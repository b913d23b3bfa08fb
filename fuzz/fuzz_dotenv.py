"""``.env`` files: definitions or FormatError, no message that shows a value, no endless growth.

python fuzz/fuzz_dotenv.py -max_total_time=600
"""

from __future__ import annotations

import re

import atheris
from seeded import start

with atheris.instrument_imports(include=["holdfast.project.dotenv"]):
    from holdfast.core.errors import FormatError
    from holdfast.project.dotenv import MAX_VALUE_CHARACTERS, Entry, Loaded, load, parse

SECRET = b"correct-horse"
ENVIRONMENT = {"APP_ENV": "testing", "A": "from the process"}
NAME = re.compile(r"[a-zA-Z0-9_.]+")
PLACE = re.compile(r"\.env:(\d+): |\S+ in line \d+ of the environment file ")


def one_input(data: bytes) -> None:
    """What libFuzzer calls."""
    data = data.replace(b"\0", SECRET)
    lines = len(re.split(rb"\r\n|\n|\r", data))
    try:
        entries = parse(data)
        loaded = load(data, ENVIRONMENT, ".env")
    except FormatError as error:
        refused = error
    else:
        check(entries, loaded, lines)
        return
    assert SECRET.decode() not in f"{refused} {refused.hint} {refused.expected}"
    assert refused.hint
    place = PLACE.match(str(refused))
    assert place
    assert not place[1] or 1 <= int(place[1]) <= lines


def check(entries: list[Entry], loaded: dict[str, Loaded], lines: int) -> None:
    """What was read stands in the file, and what the process has was left alone."""
    for entry in entries:
        assert NAME.fullmatch(entry.name)
        assert 1 <= entry.line <= lines
        assert SECRET.decode() not in repr(entry) or SECRET.decode() in entry.name
        assert all((entry.value or "")[offset] == "$" for offset in entry.references)
    assert set(loaded) <= {entry.name for entry in entries} - set(ENVIRONMENT)
    assert all(len(found.value) <= MAX_VALUE_CHARACTERS for found in loaded.values())


def main() -> None:
    """Start libFuzzer with files that Laravel reads, and some that it refuses."""
    texts = [
        'APP_NAME="My App" # a comment\nAPP_KEY=base64:aGVsbG8=\nexport APP_DEBUG=false\n',
        'SINGLE=\'it ${is} not \\n replaced\'\nDOUBLE="a\\n\\t\\"\\\\ \\$ b"\n',
        'LINES="one\ntwo # no comment\nthree"\nAFTER=1',
        "\ufeffFIRST=1\r\nSECOND=${FIRST}${MISSING}-$x\rTHIRD\n",
        "B=${B}${B}\n" + "B=${B}${B}\n" * 30,
        "N=${${FIRST}}\n'QUOTED'=1\n\"Q\"=2\nA=mine\nA\n",
        "BROKEN=a b\n",
        'BROKEN="\\x"\n',
        "=value\n",
        'OPEN="never closed\nA=1\n',
        "\0=\0\n\0\n",
    ]
    start(one_input, [text.encode() for text in texts])


if __name__ == "__main__":
    main()
