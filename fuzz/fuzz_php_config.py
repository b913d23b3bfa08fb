"""Configuration files in PHP: a value with its places, an Unknown with a reason, or FormatError.

python fuzz/fuzz_php_config.py -max_total_time=600

An input is a file as it is, or, where it starts with a NUL, a file of whole words: random bytes
alone hardly ever are PHP.
"""

from __future__ import annotations

import re

import atheris
from seeded import start

with atheris.instrument_imports(include=["holdfast.project", "holdfast.laravel.names"]):
    from holdfast.core.errors import FormatError
    from holdfast.project.dotenv import Loaded
    from holdfast.project.environment import Environment
    from holdfast.project.functions import DIRECTORIES, FUNCTIONS, METHODS, Paths
    from holdfast.project.operators import MAX_STRING
    from holdfast.project.scope import Scope
    from holdfast.project.statements import returned
    from holdfast.project.syntax import PhpFile, parse
    from holdfast.project.values import MAX_TEXT, Array, Unknown, Value

ENVIRONMENT = Environment(
    {"APP_NAME": "My App", "ZERO": "0", "LIST": "a,,b"}, ".env", {"ONE": Loaded("(true)", 3)}
)
PATHS = Paths("/app", "/app/storage", Unknown("bootstrap/app.php:2", "", "moved"), 12)
PLACE = re.compile(r"config/x\.php:(\d+)|bootstrap/app\.php:2|")
HEAD = b"<?php\nuse Illuminate\\Support\\{Str, Env as E};\n"

GRAMMAR = r"""
( ) [ ] { } , ; : ? . + - * / % ! = == === != < > <= >= && || ?? ??= .= += => -> :: & @ ...
and or xor return if else elseif endif match default fn function static new null true
isset( empty( env( getenv( putenv( E::get( Str::slug( Str::class self::X (int) (bool) (string)
(array) (float) use namespace require include unset( foreach while global list( `ls` ?> <?php
'APP_NAME' 'ZERO' 'ONE' 'MISSING' 'LIST' 'a' "b" '' ',' '/' '0' '-' $a $b $_ENV $$a 'k' => 'v'
0 1 -1 9223372036854775807 0x1F 017 1_000 1.5 1e308 1e999 __DIR__ __FILE__ PHP_EOL
"{$a}${a}$a\n\u{41}\x41" 名 é // # /* */ return [ ] ; $a = $a[
"""
WORDS = [
    *GRAMMAR.split(),
    *("\n", "<<<X\ntext\nX"),
    *(f"{name}(" for name in (*FUNCTIONS, *DIRECTORIES, *METHODS)),
]


def one_input(data: bytes) -> None:
    """What libFuzzer calls."""
    if data[:1] == b"\0":
        words = [WORDS[number % len(WORDS)] for number in data[1:]]
        data = HEAD + b"return " + " ".join(words).encode() + b";"
    lines = data.count(b"\n") + 1
    try:
        file = parse(data, "config/x.php", "/app/config/x.php")
    except FormatError as error:
        refused = error
    else:
        evaluate(file, lines)
        return
    assert refused.hint
    check_place(str(refused).partition(": ")[0], lines)


def evaluate(file: PhpFile, lines: int) -> None:
    """What it returns, which is the same each time."""
    value = returned(Scope(file, ENVIRONMENT, PATHS))
    look_at(value, lines)
    again = returned(Scope(file, ENVIRONMENT, PATHS))
    assert repr(again) == repr(value)


def look_at(value: Value, lines: int) -> None:
    """Everything that is said of a value is within its bounds."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, Unknown):
            assert len(found.text) <= MAX_TEXT
            assert "\n" not in found.text
            assert found.why
            check_place(found.place, lines)
            continue
        for place in found.source.places:
            check_place(place, lines)
        match found.value:
            case Array(items, rest):
                assert all(isinstance(key, int | str) for key in items)
                waiting.extend(items.values())
                waiting.extend([rest] if rest else [])
            case str() as text:
                assert len(text) <= MAX_STRING


def check_place(place: str, lines: int) -> None:
    """It is one of the file, or of where a path was moved."""
    named = PLACE.fullmatch(place)
    assert named
    assert not named[1] or 1 <= int(named[1]) <= lines


def main() -> None:
    """Start libFuzzer with a configuration and one of each kind of expression."""
    texts = [
        "return ['driver' => env('SESSION_DRIVER', 'file'), 'lifetime' => (int) env('ZERO', 120)];",
        "return ['cookie' => env('X', Str::slug(env('APP_NAME', 'laravel'), '_').'_session')];",
        "$a = ['k' => 1] + ['l' => 2]; $a['m'] = 3; if (env('ONE')) { return $a; } return [];",
        "return match (true) { env('ZERO') => 'a', default => array_map('trim', ['a ', 'b']) };",
        "namespace A; return [...['a'], 'c' => $x ?? storage_path('f') ?: database_path()];",
        "return \"a {$a['b']} \\u{e9}\" . PHP_EOL . __DIR__;",
        "return " + "[" * 200 + "]" * 200 + ";",
        "return " + "1 . " * 200 + "1;",
    ]
    words = [b"\0" + bytes(range(start, start + 40)) for start in range(0, 200, 40)]
    start(one_input, [*(HEAD + text.encode() for text in texts), *words])


if __name__ == "__main__":
    main()
