"""What is certain of a script, and where it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.check.sources import artisan, shell
from holdfast.check.sources.command import Script
from holdfast.manifests.place import Place
from holdfast.manifests.text import Text, text_of
from holdfast.manifests.unreadable import Unreadable


def script(text: str) -> Script:
    read = text_of(text.encode(), "run.sh")
    assert isinstance(read, Text)
    return shell.read(read)


def rows(text: str) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (" ".join(word.value or word.text for word in command.words), command.guards)
        for command in script(text).commands
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("php 'a b' \"c d\" e\\ f", ["php", "a b", "c d", "e f"]),
        ("a\"b\"'c'd", ["abcd"]),
        ('a "x\\"y\\$z\\w"', ["a", 'x"y$z\\w']),
        ("a ''", ["a", ""]),
        ("a $B \"$B\" ${B:-'x y'} $(date) `date` *.php {a,b}", ["a", *[None] * 7]),
        ("a $ \"x $ y\" 'it $B'", ["a", "$", "x $ y", "it $B"]),
        ("a b#c # comment", ["a", "b#c"]),
        ("a \\\n  b", ["a", "b"]),
        ("a $((1 + 2)) b", ["a", None, "b"]),
        ("a $'x\\'y' b", ["a", None, "b"]),
        ('a "$(b "c)" )" d', ["a", None, "d"]),
    ],
)
def test_words(text, values):
    assert script(text).commands[0].values() == values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a && b; c", [("a", ()), ("b", ()), ("c", ())]),
        ("a || b\nc", [("a", ()), ("b", ("! (a)",)), ("c", ())]),
        ("a || b && c", [("a", ()), ("b", ("! (a)",)), ("c", ())]),
        ("[ x ] && b || c", [("[ x ]", ()), ("b", ("[ x ]",)), ("c", ("! ([ x ] && b)",))]),
        ("! a && b", [("! a", ()), ("b", ("! a",))]),
        ("a | b & c", [("a", ()), ("b", ()), ("c", ())]),
        ("if a; then b; fi; c", [("a", ()), ("b", ("a",)), ("c", ())]),
        (
            "if a; then b; elif c; then d; else e; fi",
            [
                ("a", ()), ("b", ("a",)), ("c", ("! (a)",)),
                ("d", ("! (a)", "c")), ("e", ("! (a)", "! (c)")),
            ],
        ),
        ("while a; do b; done", [("a", ()), ("b", ("while a",))]),
        ("until a\ndo b\ndone", [("a", ()), ("b", ("until a",))]),
        ("for i in 1 2; do b $i; done; c", [("b $i", ("for i in 1 2",)), ("c", ())]),
        ("for ((i=0;i<3;i++)); do b; done; c", [("b", ("for ((i=0;i<3;i++))",)), ("c", ())]),
        (
            'case "$1" in\n web|api) a ;;\n (*) b ;;\nesac\nc',
            [("a", ('case "$1" in web|api',)), ("b", ('case "$1" in *',)), ("c", ())],
        ),
        ("(a; b) && c", [("a", ()), ("b", ()), ("c", ())]),
        ("a || { b; c; }; d", [("a", ()), ("b", ("! (a)",)), ("c", ("! (a)",)), ("d", ())]),
        ("[[ $a =~ ^(b|c)$ && d ]] && e", [
            ("[[ $a =~ ^ b c $ d ]]", ()), ("e", ("[[ $a =~ ^(b|c)$ && d ]]",)),
        ]),
        ("((i++))\na", [("a", ())]),
        ("{ test a; } && b", [("test a", ()), ("b", ("{ test a; }",))]),
        ("(cd a && b) && c", [("cd a", ()), ("b", ()), ("c", ())]),
        ("if test a; then b; fi && c", [("test a", ()), ("b", ("test a",)), ("c", ())]),
        ("f() { a; }\nf && b", [("a", ()), ("f", ()), ("b", ("f",))]),
        ("f\nf() { a; }", [("f", ()), ("a", ("f()",))]),
        ("f() { a; }\nf() { b; }\nf", [("a", ("f()",)), ("b", ("f()",)), ("f", ())]),
        ("(f() { a; }; f)\nf", [("a", ("f()",)), ("f", ()), ("f", ())]),
        ("m() { s; }\ns() { exec x; }\nm; a", [
            ("s", ()), ("exec x", ()), ("m", ()), ("a", ("! (m)",)),
        ]),
    ],
)  # fmt: skip
def test_guards(text, expected):
    assert rows(text) == expected


def test_a_function_that_is_called_in_any_case_has_no_guard_of_its_own():
    text = "main() {\n a\n if b; then c; fi\n}\nhelp () { d; }\nfunction f { e; }\nmain\n"
    assert rows(text) == [
        ("a", ()), ("b", ()), ("c", ("b",)), ("d", ("help()",)), ("e", ("f()",)), ("main", ()),
    ]  # fmt: skip


def test_nothing_comes_after_exec():
    read = script('a\nexec "$@"\nb')
    assert [command.name for command in read.commands] == ["a", "exec"]
    assert read.ends_with == read.commands[-1]
    assert rows("exec 3>file\nb") == [("exec", ()), ("b", ())]
    assert [name for name, _ in rows("start() { exec x; }\nstart\nb")] == ["exec x", "start"]


def test_what_comes_after_a_conditional_end_is_conditional():
    assert rows("if a; then exit 0; fi\nb")[-1] == ("b", ("! (a)",))
    assert rows("if a; then exec x; fi\nb")[-1] == ("b", ("! (a)",))
    assert rows("if a; then exit 1; fi\nb")[-1] == ("b", ())
    assert rows("a || exit 1\nb")[-1] == ("b", ())
    assert rows("exit 1\nb") == [("exit 1", ())]
    assert rows("(a; exit; b)\nc")[2:] == [("b", ("! (exit)",)), ("c", ())]
    assert rows("f() { exec x; b; }\nif a; then f; fi; c")[-1] == ("c", ("! (a)",))
    assert rows("f() { if a; then exec x; fi; }\nf; c")[-1] == ("c", ("! (f)",))
    assert rows("f() { if a; then return; fi; b; }\nf\nc")[2:] == [
        ("b", ("! (a)",)), ("f", ()), ("c", ()),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "sh -c 'a; b c'",
        "/bin/bash -lc 'a; b c'",
        "su www-data -s /bin/sh -c 'a; b c'",
        "su-exec www-data sh -c 'a; b c'",
        "bash <<'EOF'\na; b c\nEOF",
        "ssh host 'a; b c'",
    ],
)
def test_a_script_within(text):
    commands = script(text).commands
    assert [(c.values(), c.depth) for c in commands[1:]] == [(["a"], 1), (["b", "c"], 1)]


def test_a_substitution_is_run_under_the_guards_of_its_command():
    commands = script('if a; then x=$(b "$(c)") d; fi; e=`f`').commands
    assert [(c.name, c.guards, c.depth) for c in commands] == [
        ("a", (), 0), ("d", ("a",), 0), ("b", ("a",), 1), ("c", ("a",), 2), ("f", (), 1),
    ]  # fmt: skip


def test_places_are_those_of_the_file():
    commands = script("a\n  b c \\\n   d\nsh -c 'e &&\n f'\n").commands
    assert [command.place for command in commands] == [
        Place("run.sh", 1, 1, 1, 2),
        Place("run.sh", 2, 3, 3, 5),
        Place("run.sh", 4, 1, 5, 4),
        Place("run.sh", 4, 8, 4, 9),
        Place("run.sh", 5, 2, 5, 3),
    ]


def test_redirections_and_assignments():
    command = script("A=1 B='x y' a b >.env 2>&1 <<EOF\nx > y\nEOF\n").commands[0]
    assert [(name, word.value) for name, word in command.assignments] == [("A", "1"), ("B", "x y")]
    assert [(r.operator, r.target.value) for r in command.redirections] == [
        (">", ".env"), ("2>&", "1"), ("<<", "EOF"),
    ]  # fmt: skip
    assert command.values() == ["a", "b"]
    assert script("a &\nb").commands[0].background
    assert script("A=(b c) d").commands[0].values() == ["d"]


@pytest.mark.parametrize(
    ("text", "read", "line"),
    [
        ("a\nb 'c\nd", ["a"], 2),
        ('a\nb "c $(d', ["a"], 2),
        ("a\nfi\nb", ["a"], 2),
        ("if a; then b", ["a", "b"], 1),
        ("a )\nb", ["a"], 1),
        ("a >", [], 1),
        ("[[ a", [], 1),
        ("case a b", [], 1),
        ("a ;; b", ["a"], 1),
        ("$(" * 100, [], 1),
        ("(" * 100, [], 1),
    ],
)
def test_what_is_not_understood_ends_the_reading(text, read, line):
    found = script(text)
    assert [command.name for command in found.commands] == read
    assert isinstance(found.unreadable, Unreadable)
    assert found.unreadable.place.line == line


@pytest.mark.parametrize(
    "text",
    [
        "if a; then b; " + "elif c; then d; " * 5_000 + "fi",
        "f() {\n" + "[ a ] && return\nb\n" * 2_000 + "}\nf\n",
        "f() { a; }; " * 2_000 + "f\n" * 1_000,
        "".join(f"f{number}() {{ f{number + 1}; }}\n" for number in range(1_500)) + "f0\n",
    ],
)
def test_guards_do_not_grow_without_end(text):
    assert max(len(command.guards) for command in script(text).commands) < 20


def test_an_exec_form():
    place = Place("deploy.yaml", 7)
    read = shell.of_words(["sh", "-c", "a && exec b"], place)
    assert [(c.values(), c.depth) for c in read.commands[1:]] == [(["a"], 1), (["exec", "b"], 1)]
    assert all(command.place == place for command in read.commands[1:] if command.depth == 0)
    assert shell.of_words([], place).commands == ()


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("php artisan migrate --force", "migrate", ["--force"]),
        ("/usr/bin/php8.2 -d memory_limit=-1 /var/www/artisan up", "up", []),
        ("php -dx=1 artisan up", "up", []),
        ('php "$APP/artisan" up', "up", []),
        ("su-exec www-data php artisan up", "up", []),
        ("kubectl exec deploy/web -- php artisan up", "up", []),
        ("su - app -c 'cd /x && php artisan up'", "up", []),
        ("./artisan up", "up", []),
        ("php artisan $1", None, []),
        ("php artisan", None, []),
    ],
)
def test_artisan(text, name, arguments):
    (call,) = artisan.calls(script(text).commands)
    assert call.name == name
    assert [word.value for word in call.arguments] == arguments


@pytest.mark.parametrize(
    "text", ["echo php artisan up", "composer artisan", "# php artisan up", "cp artisan x"]
)
def test_no_artisan(text):
    assert not list(artisan.calls(script(text).commands))


PIECES = st.sampled_from([
    "'", '"', "`", "$(", "${", "$((", ")", "}", "(", "{", "\\", ";", ";;", "&&", "||", "|", "&",
    "<<", "<<-", "EOF", ">", "#", "if", "then", "fi", "case", "in", "esac", "do", "done", "for",
    "while", "[[", "]]", "a", "A=", "-c", "é", "\xa0", "!", "\n", " ", "\nEOF\n", "sh -c ", "if ",
    "then ", "case ", " in ", "do ", "for ",
])  # fmt: skip


@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=40).map("".join)))
def test_it_never_raises(data):
    read = text_of(data.encode() if isinstance(data, str) else data, "x")
    if isinstance(read, Text):
        for command in shell.read(read).commands:
            assert 1 <= command.place.line <= read.string.count("\n") + 1


@pytest.mark.parametrize("piece", [
    "$(", '"$(', "`", "a && ", "if ", "case x in a) ", "a=(", "<<a ", "(", "${a:-", "sh -c '",
    "\\", "$((", "[[ ", "f() { ", "a || ", "x $(y) ", "{ ", "echo 'a' ", "<<a\n", "$(a ", "((",
    '" ',
])  # fmt: skip
def test_much_of_the_same(piece):
    read = text_of((piece * (60_000 // len(piece))).encode(), "x")
    assert isinstance(read, Text)
    shell.read(read)
