"""A Dockerfile, what it copies and a pipeline beside it: an image, and no exception.

python fuzz/fuzz_repository.py -max_total_time=600
"""

from __future__ import annotations

import atheris
from seeded import start

with atheris.instrument_imports(include=["holdfast.check.image", "holdfast.check.sources"]):
    from holdfast.check.repository import repository

SEPARATOR = b"\n=====\n"
NAMES = ("docker/Dockerfile", "start.sh", ".github/workflows/a.yml", "supervisord.conf", ".env")


def one_input(data: bytes) -> None:
    """What libFuzzer calls."""
    parts = data.split(SEPARATOR)
    files = dict(zip(NAMES, parts, strict=False)) | {"artisan": b"", "composer.json": b"{}"}
    found = repository(files, files.get)
    assert len(found.images) <= data.count(b"\n") + 1
    for image in found.images:
        assert image.file == NAMES[0]
        assert all(path.startswith("/") for path in image.files)
        assert image.start.program == "" or image.start.process
        assert image.dotenv is None or image.dotenv.place.line >= 1
        for part in (image.stop_signal, image.build_commands, image.fpm, image.supervisor):
            assert part is None or isinstance(part, tuple)


def main() -> None:
    """Start libFuzzer with small repositories."""
    served = (
        "FROM php:8.3-fpm AS a\nWORKDIR /a\nCOPY . .\nRUN cp .env .e && mv .e .env\nFROM a\n"
        'COPY --from=a /a /b\nCOPY start.sh /s\nENTRYPOINT ["/s", "x"]\nCMD ["php-fpm"]\n'
        '=====\n#!/bin/sh\nphp artisan up\nexec "$@"\n'
        "=====\njobs: {a: {steps: [{run: 'php artisan up'}]}}\n=====\n[program:a]\ncommand=b\n"
    )
    texts = [served, "FROM debian\nCOPY supervisord.conf /etc/\nSTOPSIGNAL 3\nCMD php-fpm -F\n"]
    start(one_input, [text.encode() for text in texts])


if __name__ == "__main__":
    main()
