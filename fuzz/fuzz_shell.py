"""Shell scripts: commands with places in the script, never an exception, no endless work.

python fuzz/fuzz_shell.py -max_total_time=600
"""

from __future__ import annotations

import atheris
from seeded import start

with atheris.instrument_imports(include=["holdfast.check.sources"]):
    from holdfast.check.sources import artisan, shell
    from holdfast.manifests.text import Text, text_of


def one_input(data: bytes) -> None:
    """What libFuzzer calls."""
    text = text_of(data, "run.sh")
    if not isinstance(text, Text):
        return
    lines = text.string.count("\n") + 1
    script = shell.read(text)
    for command in script.commands:
        assert command.words
        assert 1 <= command.place.line <= command.place.end_line <= lines
        assert 0 <= command.depth < shell.MAX_DEPTH
    if script.unreadable:
        assert 1 <= script.unreadable.place.line <= lines
    for call in artisan.calls(script.commands):
        assert call.command in script.commands


def main() -> None:
    """Start libFuzzer with scripts of each kind."""
    texts = [
        '#!/bin/sh\nset -e\nif [ -z "$APP_KEY" ]; then php artisan key:generate; fi\nexec "$@"\n',
        "case \"$1\" in\n web|api) a ;;\n *) exit 0 ;;\nesac\nsu x -c 'php artisan up && b' || c\n",
        "main() {\n for i in a b; do c $i; done\n}\nmain & cat <<EOF >.env\nA=$(b `c`)\nEOF\n",
        'while read -r l; do echo "${l:-$((1+2))}"; done < <(find . -name "*.php")\n',
        "[[ $a =~ ^(b|c)$ ]] && d || { e; }; A=(1 2) f \\\n  $'g\\'' # h\n",
    ]
    start(one_input, [text.encode() for text in texts])


if __name__ == "__main__":
    main()
