"""Excerpts of any file: printable, with the marks inside, and no secret that has its usual form.

python fuzz/fuzz_excerpts.py -max_total_time=600
"""

from __future__ import annotations

import atheris
from seeded import start

with atheris.instrument_imports(include=["holdfast.check.reports"]):
    from holdfast.check.reports.excerpt import Excerpts, clipped
    from holdfast.manifests.place import Place

SECRET = b"correcthorse"
PLANTED = b"\nAPP_KEY=%b\nenv:\n  - name: DB_PASSWORD\n    value: %b\n" % (SECRET, SECRET)
"""Behind whatever was drawn: no line above may have them shown."""


def one_input(data: bytes) -> None:
    """What libFuzzer calls."""
    at = Place("f", 1 + data[0] % 7, data[0] % 40, 0, data[-1] % 50) if data else Place("f", 1)
    excerpts = Excerpts({"f": data + PLANTED})
    for line in (*excerpts.whole("f"), *excerpts.of(at)):
        assert line.text.isprintable()
        assert SECRET.decode() not in line.text
        assert 0 <= line.start <= line.end <= len(line.text)
        short = clipped(line, 20)
        assert len(short.text) <= 20
        assert 0 <= short.start <= short.end <= len(short.text)


def main() -> None:
    """Start libFuzzer with what stands in repositories."""
    texts = [
        "kind: Secret\ndata:\n  a: b\n---\nkind: ConfigMap\ndata: {A: b}\n",
        "env:\n- name: APP_KEY\n  value: |\n    x\n- {name: B, value: c}\n",
        '{"env": [{"name": "APP_KEY", "value": "x"}]}',
        "<?php\nreturn ['password' => env('A', 'b'), 'key' => \"x\\\"y\"];\n",
        "ENV APP_KEY=a\\\n B=c\nRUN redis-cli -a x ping\n",
        "A=\"open\nB='x'\n# APP_KEY=y\n",
        "-----BEGIN RSA PRIVATE KEY-----\nx\n-----END RSA PRIVATE KEY-----\n",
        "password:\n  - x\n  y\n\ta\x1b[31m\u202e",
        "args: [--requirepass, x]\n- --requirepass\n- y\nurl: redis://:x@y\n",
    ]
    start(one_input, [text.encode() for text in texts])


if __name__ == "__main__":
    main()
