"""A LaravelApp: an application, or complaints with places.

python fuzz/fuzz_laravel_app.py -max_total_time=600
"""

from __future__ import annotations

import atheris
from seeded import start

with atheris.instrument_imports(
    include=["holdfast.kube.read", "holdfast.kube.shape", "holdfast.kube.merge"]
):
    from holdfast.kube.read import read
    from holdfast.kube.rejected import Complaint, Rejected

NAME = "app.yaml"


def one_input(data: bytes) -> None:
    """What libFuzzer calls."""
    for complaint in complaints(data):
        assert complaint.place.file == NAME
        assert "\n" not in complaint.reason + complaint.way_out


def complaints(data: bytes) -> tuple[Complaint, ...]:
    """What is wrong, or nothing."""
    try:
        read(data, NAME)
    except Rejected as error:
        return error.complaints
    return ()


def main() -> None:
    """Start libFuzzer with applications, right and wrong."""
    head = (
        "apiVersion: holdfast.dev/v1alpha1\nkind: LaravelApp\nmetadata: {name: shop}\n"
        "spec:\n  image: a/shop:1.2.3\n  host: shop.example.com\n  secretName: shop-env\n"
    )
    more = [
        "",
        "  web: {runtime: octane, server: swoole, min: 3, max: 9}\n  config: {A: b}\n",
        "  workers:\n  - {name: a, queues: [b, c], longestJob: 90, scaleOn: {jobs: 5}}\n",
        "  environments:\n    staging: {host: a.b, web: {max: null}, aliases: [c.d]}\n",
        "  session: {store: {external: {host: 10.1.2.3, port: 6379}}, lifetime: 5}\n",
        "  web: {mim: '3'}\n  web: [1]\n  aliases: {a: *b}\n",
    ]
    start(one_input, [(head + part).encode() for part in more])


if __name__ == "__main__":
    main()
