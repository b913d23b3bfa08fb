"""PHP itself judges: what we write, what we refuse, and what we make of references."""

from __future__ import annotations

import base64
import random
import struct

from holdfast.core.errors import FormatError
from holdfast.laravel.php import Opaque, SessionArray, dumps, loads

# Spellings that PHP takes or refuses in its own ways, beside those of the golden edges.
ODD = [
    rb'O:8:"stdClass":+0:{}',
    rb'O:8:"stdClass":-0:{}',
    rb'O:8:"stdClass"::{}',
    rb'O:8:"stdClass":-1:{}',
    rb'O:8:"stdClass":01:{s:1:"a";i:1;}',
    rb'O:1:"9":0:{}',
    rb'O:1:" ":0:{}',
    rb'O:2:"\A":0:{}',
    rb'O:2:"A\":0:{}',
    b'O:2:"A\0":0:{}',
    b'O:2:"A\x7f":0:{}',
    b'O:2:"\xc3\x84":0:{}',
    rb'O:0:"":0:{}',
    rb'O:1:"A":1:{S:1:"\41";i:1;}',
    rb'O:1:"A":2:{s:1:"x";i:1;s:1:"x";R:2;}',
    rb'O:1:"A":2:{i:0;i:1;s:1:"0";R:2;}',
    rb'O:1:"A":99999999999999999999:{}',
    rb'O:1:"A":1 :{}',
    b'O:8:"stdClass":1:{s:2:"\0a";i:1;}',
    rb'O:8:"stdClass":1:{s:0:"";i:1;}',
    rb'C:1:"A":3:{abc}',
    rb'C:1:"A":+3:{abc}',
    rb'C:1:"A"::{}',
    rb'C:1:"A":-1:{}',
    rb'C:1:"A":3XYabc}',
    rb'C:1:"A":0:}}',
    rb'C:1:"A":99999999999999999999:{}',
    rb"i:9999999999999999999;",
    rb"i:9223372036854775807;",
    rb"i:9223372036854775808;",
    rb"i:-9223372036854775808;",
    rb"i:-9223372036854775809;",
    b"i:" + b"0" * 30 + b"1;",
    b"i:-" + b"0" * 5000 + b"7;",
    b"i:" + b"9" * 5000 + b";",
    rb"i:-0;",
    rb"i:--1;",
    rb"i:;",
    rb's:18446744073709551618:"ab";',
    rb's:00:"";',
    rb's::"";',
    rb's:2:"ab"x',
    rb'S:2:"a\4";',
    rb'S:1:"\4g";',
    rb'S:3:"\5C\22;";',
    rb'S:02:"ab";',
    rb"a:18446744073709551617:{i:0;i:1;}",
    rb"a:01:{i:0;i:1;}",
    rb"a:+1:{i:0;i:1;}",
    rb'a:1:{S:1:"\41";i:1;}',
    rb'a:1:{S:1:"5";i:1;}',
    rb"a:1:{i:+1;i:1;}",
    rb"a:1:{i:99999999999999999999;i:1;}",
    rb'a:1:{s:20:"-9223372036854775808";i:1;}',
    rb'a:1:{s:20:"-9223372036854775809";i:1;}',
    rb'a:4:{s:1:"-";i:1;s:2:"-0";i:1;s:2:"-7";i:1;s:2:"07";i:1;}',
    'a:1:{s:2:"٣";i:1;}'.encode(),
    rb"a:2:{i:0;i:1;i:0;R:2;}",
    rb'a:2:{i:0;O:8:"stdClass":0:{}i:0;r:2;}',
    rb'a:3:{i:0;O:8:"stdClass":0:{}i:0;i:5;i:1;r:2;}',
    rb'a:3:{i:0;i:5;i:0;O:8:"stdClass":0:{}i:1;r:2;}',
    rb'a:2:{s:1:"0";i:1;i:0;R:2;}',
    rb"R:0;",
    rb"r:0;",
    rb"a:1:{i:0;R:0;}",
    rb"a:1:{i:0;R:18446744073709551617;}",
    rb"a:1:{i:0;r:1;}",
    rb"a:1:{i:0;r:2;}",
    rb"a:3:{i:0;i:1;i:1;R:2;i:2;r:2;}",
    rb'a:3:{i:0;O:1:"A":0:{}i:1;r:2;i:2;r:3;}',
    rb'a:3:{i:0;O:1:"A":0:{}i:1;R:2;i:2;r:3;}',
    rb'O:1:"A":1:{s:1:"a";r:1;}',
    rb'O:1:"A":1:{s:1:"a";a:1:{i:0;R:2;}}',
    rb"d:1.;",
    rb"d:.;",
    rb"d:+.5;",
    rb"d:1e;",
    rb"d:1e+5;",
    rb"d:1E400;",
    rb"d:-1e400;",
    rb"d:1e-400;",
    rb"d:0x1p3;",
    rb"d:1_0;",
    rb"d:-NAN;",
    rb"d:+INF;",
    rb"d:infinity;",
    rb"d:0.10000000000000001;",
    rb"d:1.0;",
    rb"d:1.0E+25;",
    rb"d:1.0E25;",
    rb"b:1",
    rb"b:+1;",
    rb"b:01;",
    rb"N:",
    rb"n;",
    rb"}",
]


def _accepted(data: bytes) -> bool:
    try:
        loads(data)
    except FormatError:
        return False
    return True


def _depth(opening: bytes, inner: bytes, depth: int) -> bytes:
    return opening * depth + inner + b"}" * depth


def test_odd_spellings_get_phps_verdict(ask_php):
    nested = [
        _depth(opening, inner, depth)
        for opening in (b"a:1:{i:0;", b'O:1:"A":1:{s:1:"a";')
        for inner in (b"i:1;", b"a:0:{}", b'O:1:"A":0:{}', b'C:1:"A":0:{}')
        for depth in (4095, 4096, 4097)
    ]
    names = [b'O:2:"A%c":0:{}' % byte for byte in range(256)]
    payloads = ODD + nested + names
    for data, verdict in zip(payloads, ask_php(payloads), strict=True):
        assert _accepted(data) == verdict.accepted, data[:80]


def test_odd_values_are_what_php_reads(ask_php):
    """PHP writes what it read in its own way; ours, read as PHP reads, must say the same."""
    checked = 0
    for data, verdict in zip(ODD, ask_php(ODD), strict=True):
        if not verdict.accepted or data[:1] not in b"isSda":
            continue
        value = loads(data)
        if isinstance(value, Opaque):
            if value.kind == "array":
                continue  # with references
            value = value.value
        elif isinstance(value, float):
            value = float(value)
        assert dumps(value) == verdict.again, data
        checked += 1
    assert checked > 25


def test_floats_are_written_as_php_writes_them(ask_php):
    draw = random.Random(1)
    numbers = [struct.unpack(">d", draw.randbytes(8))[0] for _ in range(3000)]
    numbers += [
        draw.choice((-1, 1)) * draw.random() * 10 ** draw.randint(-8, 20) for _ in range(3000)
    ]
    numbers += [round(draw.random() * 10**n, 2) for n in range(17) for _ in range(20)]
    numbers += [float(f"{sign}1e{n}") for n in range(-330, 309) for sign in "+-"]
    payloads = [dumps(numbers[at : at + 500]) for at in range(0, len(numbers), 500)]
    for data, verdict in zip(payloads, ask_php(payloads), strict=True):
        assert verdict.again == data


def _random_value(draw: random.Random, depth: int):
    match draw.randint(0, 8 if depth < 4 else 6):
        case 0:
            return draw.choice([None, True, False])
        case 1:
            return draw.choice([0, -1, 2**63 - 1, -(2**63), draw.randint(-(10**6), 10**6)])
        case 2:
            return draw.choice(['x";s:5:"admin";b:1;', "Zoë – 日本語 🎉", "", "0", "a:1:{"])
        case 3:
            return draw.randbytes(draw.randint(0, 9)) + b"\xff"
        case 4:
            return draw.random() * 10 ** draw.randint(-20, 20)
        case 5:
            return {}
        case 6:
            return Opaque(b'O:4:"Cart":1:{s:8:"\0*\0items";i:1;}')
        case 7:
            return [_random_value(draw, depth + 1) for _ in range(draw.randint(0, 4))]
        case _:
            keys = ["5", "05", "-5", "-0", "", "name", 7, b"\xff\x00", "1.5", "9223372036854775808"]
            return {
                draw.choice(keys): _random_value(draw, depth + 1) for _ in range(draw.randint(0, 6))
            }


def test_php_writes_our_shapes_alike(ask_php):
    draw = random.Random(2)
    payloads = [dumps(_random_value(draw, 0)) for _ in range(2000)]
    for data, verdict in zip(payloads, ask_php(payloads), strict=True):
        assert verdict.again == data


def test_mutated_payloads_get_phps_verdict(vectors, ask_php):
    draw = random.Random(3)
    seeds = [vector.raw for vector in vectors if len(vector.raw) < 600]
    seeds += [data for data in ODD if len(data) < 100]
    payloads = []
    for _ in range(6000):
        data = bytearray(draw.choice(seeds))
        for _ in range(draw.randint(1, 3)):
            at = draw.randrange(len(data) + 1)
            match draw.randint(0, 4):
                case 0:
                    data[at : at + 1] = draw.choice(
                        [b"0", b"1", b"2", b":", b";", b"{", b"}", b"R", b"r"]
                    )
                case 1:
                    del data[at : at + draw.randint(1, 5)]
                case 2:
                    data[at:at] = draw.choice(
                        [b"R:1;", b"r:2;", b"i:0;", b"N;", b"+", b"-", b"S", b"C"]
                    )
                case 3:
                    data[at : at + 1] = draw.randbytes(1)
                case 4:
                    other = draw.choice(seeds)
                    start = draw.randrange(len(other) + 1)
                    data[at:at] = other[start : start + draw.randint(1, 30)]
        payloads.append(bytes(data))
    differences = []
    accepted = 0
    for data, verdict in zip(payloads, ask_php(payloads), strict=True):
        ours = _accepted(data)
        accepted += ours
        if ours != verdict.accepted and not (ours and verdict.needs_class):
            differences.append((data, ours))
    assert not differences, differences[:5]
    assert accepted > 500


def test_php_reads_edited_payloads_with_references(run_php):
    draw = random.Random(4)
    requests = []
    shared = 0
    whole = []
    for line in run_php("references.php", [{"seed": 5, "count": 300}]):
        before = base64.b64decode(line["data"])
        array = SessionArray.loads(before)
        changed: set[str | int] = set()
        moved = False
        for _ in range(draw.randint(1, 3)):
            key = draw.choice([*array, "k0", "new"])
            changed.add(key)
            match draw.randint(0, 3):
                case 0:
                    array.pop(key, None)
                case 1:
                    array[key] = draw.choice([1, "text", [1, [2, 3]], {}, {"a": None}])
                case 2:
                    array.pop(key, None)
                    array[key] = Opaque(b'O:8:"stdClass":1:{s:1:"o";a:2:{i:0;i:1;i:1;i:2;}}')
                case 3:
                    array[key] = array.pop(key, None)
                    moved = True
            if not array:
                array["only"] = 1
                changed.add("only")
        for key, value in array.items():
            if isinstance(value, dict) and draw.random() < 0.2:
                value["in place"] = [True]
                changed.add(key)
        after = array.dumps()
        shared += b"R:" in after or b"r:" in after
        requests.append(
            {
                "before": base64.b64encode(before).decode(),
                "after": base64.b64encode(after).decode(),
                "changed": sorted(changed, key=str),
            }
        )
        whole.append(not moved)
    assert shared > 80
    answers = run_php("references.php", requests)
    for request, answer, comparable in zip(requests, answers, whole, strict=True):
        assert answer["same"], request
        # PHP writes R also for an object that it met first outside the variable, and so takes
        # places together that were apart; which ones depends on the order
        assert answer["kept"] or not comparable, request
