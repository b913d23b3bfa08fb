"""The evaluator against PHP itself: the same value, or an honest Unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.core.errors import FormatError
from holdfast.project.environment import Environment
from holdfast.project.expressions import MAX_DEPTH
from holdfast.project.functions import Paths
from holdfast.project.scope import Scope
from holdfast.project.statements import returned
from holdfast.project.syntax import parse
from holdfast.project.values import Array, Known, Unknown, Value

ENV = {
    "APP_NAME": "My App",
    "ZERO": "0",
    "ONE": "1",
    "EMPTY": "",
    "TRUE": "(true)",
    "FALSE": "False",
    "NULL": "null",
    "QUOTED": '"quoted text"',
    "LIST": "a,,b, c,",
    "LONG": "1440",
}
PATHS = Paths("/app", "/app/storage", "/app/database", 8)
HEAD = "<?php\nuse Illuminate\\Support\\{Str, Env as E};\n"


def evaluate(code: str, env: dict[str, str] = ENV) -> Value:
    file = parse(code.encode(errors="surrogateescape"), "config/x.php", "/app/config/x.php")
    return returned(Scope(file, Environment(env), PATHS))


def tagged(value: Any) -> Any:
    """As expressions.php writes a value."""
    match value:
        case Known():
            return tagged(value.value)
        case None | bool() | int() | str():
            name = {"NoneType": "null", "str": "string"}.get(type(value).__name__)
            return [name or type(value).__name__, value]
        case float():
            return ["float", repr(value)]
        case Array():
            assert value.rest is None
            return ["array", [[tagged(name), tagged(below)] for name, below in value.items.items()]]
    return ["unknown", value]


KNOWN = r"""
1 | -1 | 0x1F | 0b101 | 017 | 1_000 | 1.5 | .5 | 1e3 | -0 | true | FALSE | Null | \PHP_EOL | 'a'
'a\'b\\c\n' | '' | "a" | "a\n\t\"\\\$\x41\101\u{e9}\q" | "ünï" | 'ünï' | b'x' | "a {$y} b"
"$s-x" | "{$a['k']}z" | 'a' . 'b' | 'a' . 1 | 1 . 2 | 'x' . null . true . false | [] | [1, 2]
['a' => 1, 'b' => [2, 'c' => null]] | array(1, 'k' => array()) | [5 => 'a', 'b', 2 => 'c', 'd']
['1' => 'a', true => 'b', '01' => 'c', null => 'd'] | [...[1, 2], 3]
['a' => 1, ...['a' => 2, 'b' => 3]] | [1, 2, /* c */ 3, ] | ['a' => 1, 'a' => 2] | env('ONE')
env('NOT') | env('NOT', 'd') | env('ONE', 'd') | env('TRUE') | env('FALSE', 1) | env('NULL', 'd')
env('EMPTY', 'd') | env('QUOTED') | env(default: 5, key: 'NOT') | \env('ONE') | E::get('ONE')
ENV('ONE') | getenv('ONE') | getenv('TRUE') | getenv('NOT') | env('NOT', env('ONE'))
(int) env('LONG') | (int) '12abc' | (int) 'abc' | (int) null | (int) '1e3' | (int) ' 7'
(int) 1.9 | (int) '-3.7' | (bool) '0' | (bool) '' | (bool) 'false' | (bool) [] | (bool) [0]
(bool) 0.0 | (string) 1 | (string) true | (string) 1.5 | (string) null | (float) '1.5' | (float) 3
(array) 'a' | (array) null | (array) [1] | (boolean) env('ZERO') | (integer) '5' | intval('9')
boolval('a') | strval(3) | floatval('2.5') | 1 + 2 * 3 | 60 * 24 * 7 | 10 / 2 | 10 / 4 | 7 % 3
'5' + 1 | -'3' | +'4' | 1.5 + 1 | 5 - 7 | [1] + [2, 3] | ['a' => 1] + ['a' => 2, 'b' => 3] | !true
!env('ZERO') | !'' | !!env('APP_NAME') | true && false | true and true | 0 || 'a' | false or 0
true xor true | 1 === 1 | '1' === 1 | 1 == '1' | 'a' == 'b' | null == false | null == ''
'abc' === 'abc' | [] === [] | [] == false | [1] == null | 1 != 2 | 1 <> 1 | 1 !== '1' | 1 < 2
'10' > 9 | 2 <= 2 | 3 >= 4 | '1e1' == '10' | 'true' == true | '0' == false | true ? 'a' : 'b'
env('NOT') ? 1 : 2 | env('APP_NAME') ?: 'x' | env('EMPTY') ?: 'x' | null ?? 'd'
env('NOT') ?? 'd' | env('ONE') ?? 'd' | $a['k'] | $a['no'] ?? 'd' | $a['k']['deep'] ?? 'd'
$n ?? 'd' | $s ?? 'd' | isset($a['k']) | isset($a['no']) | empty($n) | empty($a['k']) | empty('0')
isset($a['k'], $a['no']) | Str::slug('My App') | Str::slug(env('APP_NAME'), '_')
Str::slug('Ünïcode @ Home', '_') | Str::snake('MyApp') | Str::snake(env('APP_NAME'))
\Illuminate\Support\Str::slug('A B') | Str::lower('ABC') | Str::upper('abc') | str::SLUG('A b')
Str::slug((string) env('NOT', 'laravel')) . '-session'
Str::slug(env('APP_NAME', 'laravel'), '_').'_session' | storage_path('framework/sessions')
storage_path() | base_path('x') | base_path() | database_path('database.sqlite') | config_path()
public_path('p') | resource_path() | app_path() | storage_path('/x') | explode(',', env('LIST'))
array_filter(explode(',', env('LIST', ''))) | array_filter(explode(',', (string) env('NOT', '')))
array_map('intval', explode(',', '2,100')) | array_map('trim', ['a' => ' x '])
array_merge(['a' => 1, 2], ['a' => 3, 4]) | array_values(['a' => 1, 'b' => 2])
implode('-', ['a', 1]) | in_array('a', ['a', 'b']) | in_array('1', [1], true) | count([1, 2])
array_replace(['a' => 1, 'b' => 2], ['b' => 3]) | trim(' a ') | rtrim('a/', '/')
ltrim('/a', '/') | strtolower('ABC') | strtoupper('abc') | str_replace('a', 'b', 'banana')
strlen('ünï') | str_contains('abc', 'b') | str_starts_with('abc', 'ab')
str_ends_with('abc', 'bc') | is_null(null) | is_string('') | is_array([]) | is_int(1) | is_bool(0)
max(1, 2) | min(3, 2, 1) | dirname('/a/b/c') | Str::class | Foo\Bar::class | \Foo::class
Redis::SERIALIZER_PHP | Redis::COMPRESSION_LZ4
Symfony\Component\HttpFoundation\Cookie::SAMESITE_LAX
match(env('ONE')) { '0' => 'a', '1', '2' => 'b', default => 'c' }
match(true) { env('NOT') === null => 'x', default => 'y' } | match(5) { default => 'z' } | (1)
((('a'))) | @env('ONE') | ($x = 5) + $x | [$v = 'a', $v . 'b'] | PHP_INT_MAX
DIRECTORY_SEPARATOR . 'x' | "" | "a$" | "\{$y}" | "$ a" | "a {b} c" | "{ $s}" | '$y' | "\\u"
"\u{1F600}" | "é\x09" | "\0"
"""

UNKNOWN = r"""
php_sapi_name() | extension_loaded('redis') ? 1 : 2 | config('app.name') | app()->environment()
gethostname() | new DateTime() | fn () => 1 | $this | $GLOBALS['a'] | $_ENV['ONE']
$_SERVER['ONE'] ?? 'x' | PHP_VERSION_ID > 80000 | Str::slug('日本語', '_') | Str::kebab('MyApp')
Str::snake('MyApp', '-') | Str::slug('a', '.') | strtolower('Ü') | md5('x') | 'abc' == 0 | 1 <=> 2
1 << 2 | 2 ** 3 | ~1 | 'a' + 1 | 1 / 0 | -7 % 3 | [1] == [1] | [] < 1 | "a" < "b" | (object) []
`ls` | include 'x' | 9223372036854775808 | PHP_INT_MAX + 1 | 1e20 . '' | $undefined
$undefined ?? 'd' | $x ??= 'new' | $a['no'] | $a[env('NOT')] | [1][5] | 'abc'[0] | E_ALL
UNDEFINED | Foo::BAR | static::class | env($a) | env() | explode('', 'a') | implode($a)
match(1) { 2 => 3 } | "\xff" | storage_path('0') | dirname(__FILE__, 2) | (unset) $x
array_map(fn ($v) => $v, [1]) | array_filter([1], fn ($v) => $v) | trim('a', 'a..c') | getenv()
max('a', 'b') | array_map('exec', ['x']) | Closure::fromCallable('x') | env(...['ONE'])
print 'x' | clone $a | throw new Exception()
"""

SET = "$y = 'why'; $s = \"str\"; $n = null; $a = ['k' => 'v', 7 => 'seven'];\n"


def cells(table: str) -> list[str]:
    """The expressions of a table."""
    rows = table.strip().splitlines()
    return [cell.strip() for row in rows for cell in row.split(" | ")]


@pytest.mark.parametrize("expression", cells(KNOWN))
def test_what_is_known_is_what_php_says(ask_php, expression):
    code = f"{HEAD}{SET}return {expression};"
    assert tagged(evaluate(code)) == ask_php({"code": code, "env": ENV})


@pytest.mark.parametrize("expression", cells(UNKNOWN))
def test_what_is_not_sure_is_unknown(expression):
    result = evaluate(f"{HEAD}{SET}return {expression};")
    assert isinstance(result, Unknown)
    assert result.place == "config/x.php:4"
    assert result.why
    assert result.text


def test_two_lines_in_quotes(ask_php):
    for code in (
        "<?php return 'a\nb';",
        '<?php return "a\nb\r\n";',
        "<?php\n\n return [\n'a\n'];\n?>\n",
    ):
        assert tagged(evaluate(code)) == ask_php({"code": code, "env": {}})


PROGRAMS = [
    "$x = 'a'; $x .= 'b'; return $x;",
    "$x = ['a' => 1]; $x['b'] = 2; $x['a'] = 3; return $x;",
    "$x = 1; $x += 2; $x *= 5; return $x;",
    "if (env('ONE')) { return 'yes'; } return 'no';",
    "if (env('NOT')) { return 'yes'; } else { $x = 5; } return $x;",
    "if (env('NOT')): return 'yes'; endif; return 'no';",
    "$x = 1; { $x = 2; } return $x;",
    "function f() { return 1; } return 2;",
    "class C { const X = 1; } return 2;",
    "declare(strict_types=1); return __LINE__ ? 1 : 2;",
    "$x = 'k'; return [$x => 1, \"{$x}2\" => 2];",
    "// c\n# d\n/* e */ return 1; // f",
    "$x = [1, 2]; return [...$x, 'more' => count($x)];",
    "return 1; return 2;",
    "$x = $y = 3; return $x + $y;",
    "$x = null; $x ??= 'd'; $x ??= 'e'; return $x;",
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_statements(ask_php, program):
    result = evaluate(f"<?php {program}")
    if "__LINE__" in program:
        assert isinstance(result, Unknown)
    else:
        assert tagged(result) == ask_php({"code": f"<?php {program}", "env": ENV})


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("$x = 1; foreach ([1] as $x) {} return $x;", "statement"),
        ("$x = 1; preg_match('/a/', 'a', $x); return $x;", "function"),
        ("$x = 1; $f = function () use (&$x) { $x = 2; }; $f(); return $x;", ""),
        ("$x = 1; if (rand()) { $x = 2; } return $x;", "function"),
        ("$x = 1; rand() ? $x = 2 : 0; return $x;", "function"),
        ("$x = 1; rand() && $x = 2; return $x;", "function"),
        ("$x = 1; rand() ?? $x = 2; return $x;", "function"),
        ("$x = 1; include 'y.php'; return $x;", "expression"),
        ("$x = 1; extract(['x' => 2]); return $x;", "function"),
        ("$x = 1; $$y = 2; return $x;", ""),
        ("$x = 1; $x++; return $x;", "expression"),
        ("$x = 1; [$x] = [2]; return $x;", "assignment"),
        ("$x = 1; $y = &$x; $y = 2; return $x;", "expression"),
        ("$x = [1]; $x[] = 2; return $x;", "assignment"),
        ("$x = 1; unset($x); return $x;", ""),
        ("putenv('ONE=2'); return env('ONE');", "function"),
        ("$_ENV['ONE'] = '2'; return env('ONE');", "assignment"),
        ("if (rand()) { return 1; } return 2;", "function"),
        ("while (true) { return 1; } return 2;", "statement"),
        ("$x = 1;", "nothing"),
        ("return;", "nothing"),
        ("exit; return 1;", ""),
    ],
)
def test_what_code_may_have_changed_is_unknown(program, why):
    result = evaluate(f"<?php {program}")
    assert isinstance(result, Unknown), result
    assert why in result.why


def test_the_rest_of_an_array_is_still_known():
    result = evaluate("<?php $m = rand(); return ['a' => 1, 'b' => $m, 'c' => ['d' => 2]] + $m;")
    assert isinstance(result, Known)
    array = result.value
    assert isinstance(array, Array)
    assert tagged(array.get("a")) == ["int", 1]
    assert isinstance(array.get("b"), Unknown)
    assert isinstance(array.get("z"), Unknown)
    spread = evaluate("<?php return ['a' => 1, ...rand(), 'b' => 2];")
    assert isinstance(spread, Known)
    assert isinstance(spread.value, Array)
    assert isinstance(spread.value.get("a"), Unknown)
    assert tagged(spread.value.get("b")) == ["int", 2]
    merged = evaluate("<?php return array_merge(['a' => 1] + rand(), ['b' => 2]);")
    assert isinstance(merged, Known)
    assert isinstance(merged.value, Array)
    assert isinstance(merged.value.get("z"), Unknown)


@pytest.mark.parametrize(
    ("expression", "source"),
    [
        ("'a'", "config/x.php:2"),
        ("env('NOT', 'd')", "config/x.php:2"),
        ("env('ONE', 'd')", "environment ONE"),
        ("(int) env('LONG')", "environment LONG"),
        ("env('APP_NAME') . '_x'", "config/x.php:2 with environment APP_NAME"),
        ("env('ONE') ? 'a' : 'b'", "config/x.php:2 with environment ONE"),
        ("env('NOT') ?? env('ONE')", "environment ONE"),
        ("explode(',', env('LIST'))", "config/x.php:2 with environment LIST"),
    ],
)
def test_where_a_value_is_from(expression, source):
    result = evaluate(f"<?php\nreturn {expression};")
    assert isinstance(result, Known)
    assert str(result.source) == source


def test_an_expression_is_quoted_in_one_short_line():
    result = evaluate("<?php return foo(\n\n    'a',\n 'b'," + "'c'," * 99 + ");")
    assert isinstance(result, Unknown)
    assert result.text.startswith("foo( 'a', 'b','c',")
    assert len(result.text) == 80
    assert "foo" not in repr(result)


def test_nesting_is_bounded():
    for code in ("(" * 5000 + "1" + ")" * 5000, "!" * 5000 + "1", "1" + " . 1" * 5000):
        result = evaluate(f"<?php return {code};")
        assert isinstance(result, Unknown)
        assert result.why == f"it is nested deeper than {MAX_DEPTH}"


def test_texts_that_double_are_bounded():
    program = "<?php $x = 'xxxxxxxxxx';" + "$x .= $x;" * 60 + "return $x;"
    result = evaluate(program)
    assert isinstance(result, Unknown)
    assert result.why == "the text is too long"


def test_no_php_is_refused_with_its_line():
    with pytest.raises(FormatError, match=r"config/x.php:3: not valid PHP"):
        evaluate("<?php\nreturn [\n  'a' => => 1,\n];")


ATOMS = st.sampled_from(
    ["0", "1", "-2", "1.5", "''", "'0'", "'a'", "'1'", "'1e1'", "' 1'", "'1 '", "'ü'", "null",
     "true", "false", "[]", "['k' => 'v']", "[0]", "env('ONE')", "env('NOT')", "env('APP_NAME')",
     "$s", "$n", "$a", "$a['k']", "$undefined", "'LIST'", "','", '"{$s}x"']
)  # fmt: skip
BINARY = st.sampled_from(
    [
        ".",
        "+",
        "-",
        "*",
        "/",
        "%",
        "===",
        "!==",
        "==",
        "!=",
        "<",
        ">",
        "<=",
        ">=",
        "&&",
        "||",
        "??",
        "and",
        "xor",
    ]
)
FORMS = st.sampled_from(
    ["!{}", "-{}", "(int) {}", "(bool) {}", "(string) {}", "(float) {}", "(array) {}", "[{}, 'x']",
     "['k' => {}]", "env({}, {})", "Str::slug({})", "Str::snake({})", "explode(',', {})",
     "array_filter({})", "{} ? {} : {}", "{} ?: {}", "implode(',', {})", "array_merge({}, {})",
     "count({})", "trim({})", "in_array({}, {})", "isset($a[{}])", "[{} => {}]", "[...{}, ...{}]",
     "storage_path({})", "match({}) {{ {} => 1, default => 2 }}", "strtolower({})", "intval({})",
     "(array) {} + (array) {}", "array_values({})", "is_null({})", "strlen({})"]
)  # fmt: skip


def compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.builds("({} {} {})".format, inner, BINARY, inner)
    formed = st.builds(
        lambda form, a, b, c: "(" + form.format(a, b, c) + ")", FORMS, inner, inner, inner
    )
    return binary | formed


@settings(max_examples=800)
@given(st.recursive(ATOMS, compound, max_leaves=8))
def test_any_expression_is_what_php_says_or_unknown(ask_php, expression):
    code = f"{HEAD}{SET}return {expression};"
    ours = evaluate(code)
    if has_unknown(ours):
        return
    theirs = ask_php({"code": code, "env": ENV})
    assert tagged(ours) == theirs


def has_unknown(value: Value | None) -> bool:
    if isinstance(value, Known) and isinstance(value.value, Array):
        return value.value.rest is not None or any(map(has_unknown, value.value.items.values()))
    return isinstance(value, Unknown)


WORDS = st.sampled_from(
    ["<?php", "return", "[", "]", "(", ")", "'", "$a", "=>", ",", ";", "env", "Str", "::", ".", "{",
     "}", "//", "\\", "1", "?", "\n"]
)  # fmt: skip


@given(st.text(max_size=30) | st.lists(WORDS, max_size=30).map(" ".join))
def test_any_text_is_read_or_refused(text):
    result: object
    try:
        result = evaluate("<?php " + text)
    except FormatError as error:
        result = error.hint
    assert isinstance(result, Known | Unknown | str)
    assert result


@pytest.mark.parametrize("code", ["[..f()]", "[1, .]"])
def test_a_lone_point_is_no_number(code):
    """The grammar lets it pass for one; PHP does not."""
    assert has_unknown(evaluate(f"{HEAD}return {code};"))


def test_the_paths_of_later_releases():
    file = parse(b"<?php return [storage_path('/x'), base_path('a//b')];", "c", "/app/c")
    for major, first in ((8, "/app/storage//x"), (12, "/app/storage/x")):
        paths = Paths("/app", "/app/storage", "/app/database", major)
        result = returned(Scope(file, Environment({}), paths))
        assert tagged(result)[1][0][1] == ["string", first]
    assert Path("/app") == Path(PATHS.base)
