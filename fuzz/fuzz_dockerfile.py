"""Dockerfiles and ``.dockerignore``: records with places in the file, or one Unreadable.

python fuzz/fuzz_dockerfile.py -max_total_time=600
"""

from __future__ import annotations

import atheris
from seeded import start

with atheris.instrument_imports(include=["holdfast.check.sources"]):
    from holdfast.check.sources import dockerfile, dockerignore, stages
    from holdfast.check.sources.docker_words import MAX_VALUE_CHARACTERS


def one_input(data: bytes) -> None:
    """What libFuzzer calls."""
    lines = data.count(b"\n") + 1
    ignore = dockerignore.read(data, ".dockerignore")
    if isinstance(ignore, dockerignore.Ignore):
        ignore.excludes("bootstrap/cache/config.php")
    found = dockerfile.read(data, "Dockerfile")
    if not isinstance(found, dockerfile.Dockerfile):
        assert found.place.line <= lines
        return
    for instruction in found.instructions:
        assert 1 <= instruction.place.line <= instruction.place.end_line <= lines
    for stage in stages.stages(found):
        effective = stages.effective(found, str(stage.index))
        assert effective
        for value in effective.env.values():
            assert len(value.text or "") <= MAX_VALUE_CHARACTERS


def main() -> None:
    """Start libFuzzer with files of each kind."""
    texts = [
        "# escape=`\nARG V=8\nFROM --platform=x php:${V}-fpm AS base\nRUN a `\n  && b\n",
        "FROM x\nRUN <<EOF\na\nEOF\nCOPY <<'A' <<-B /d/\n1\nA\n\t2\n\tB\nCMD [\"a\", 'b']\n",
        'FROM x AS y\nENV A=1 B="$A ${C:-d}" D=\\$A\nENV E f g\nFROM y\nENTRYPOINT ["/e"]\n',
        "*\n!app/**\n**/.env\n[a-c]?\\*\n# no\n",
    ]
    start(one_input, [text.encode() for text in texts])


if __name__ == "__main__":
    main()
