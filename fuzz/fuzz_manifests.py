"""Manifests: documents of plain data with places, or the reason why not.

python fuzz/fuzz_manifests.py -max_total_time=600
"""

from __future__ import annotations

import atheris
from seeded import start

with atheris.instrument_imports(
    include=["yaml", "holdfast.manifests.yaml", "holdfast.manifests.tree"]
):
    from holdfast.manifests.unreadable import Unreadable
    from holdfast.manifests.yaml import documents

NAME = "web.yaml"


def one_input(data: bytes) -> None:
    """What libFuzzer calls."""
    for part in documents(data, NAME):
        if isinstance(part, Unreadable):
            assert "\n" not in part.why
            continue
        place = part.at()
        assert (1, 1) <= (place.line, place.column) <= (place.end_line, place.end_column)
        if isinstance(part.value, str):
            first, last = part.span()
            assert 0 <= first <= last <= len(data)
        elif isinstance(part.value, dict):
            assert all(part.key_at(key).file == NAME for key in part.value)


def main() -> None:
    """Start libFuzzer with a document of each kind."""
    texts = [
        "kind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 3\n",
        "---\na: &a [0123, 8.10, on, ~, 1:30]\n--- # c\nb: *a\n<<: {c: !!binary aGk=}\n",
        '{"a": [1, "\\u00e9", null], "b": {}}\n',
        "a: {{ .Values.b }}\n{{- if c }}\nd: e\n{{- end }}\n",
        "a: |\n  b\n\nc: >-\n  'd'\n? e\n: \"f\\x00\"\n",
    ]
    start(one_input, [text.encode() for text in texts])


if __name__ == "__main__":
    main()
