"""make bench: `holdfast render` in applications a second on one core, beside PyYAML.

A thousand applications, drawn with a seed from what examples/ have, are read, rendered and written.
The rival writes the same objects by PyYAML's CSafeDumper (libyaml), the fastest that reads back as
it was in Python: its ratio is for the writing alone. No rival renders: helm and kustomize take a
process for each application. The times are of the processor; the best of the turns counts, and
nothing is asserted.
"""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import yaml
from rich.console import Console
from rich.table import Table

from holdfast.kube.emit import emit
from holdfast.kube.read import read
from holdfast.kube.rejected import Rejected
from holdfast.kube.render import render

APPLICATIONS = 1000
TURNS = 3
EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*/app.yaml"))


class Dumper(yaml.CSafeDumper):
    """With texts of several lines as literal blocks, as ours."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)


def main() -> None:
    files = drawn(random.Random(1))
    apps = [read(data, "app.yaml") for data in files]
    rendered = [every(app) for app in apps]
    lines = sum(emit(objects).count("\n") for objects in rendered)
    rows = {
        "read": seconds(lambda: [read(data, "app.yaml") for data in files]),
        "render": seconds(lambda: [every(app) for app in apps]),
        "write": seconds(lambda: [emit(objects) for objects in rendered]),
        "write, PyYAML": seconds(
            lambda: [
                yaml.dump_all(objects, Dumper=Dumper, sort_keys=True, width=1 << 30)
                for objects in rendered
            ]
        ),
    }
    show(rows, lines)


def drawn(chance: random.Random) -> list[bytes]:
    """Applications: sections of one example put into another, as far as that is an application."""
    examples = [yaml.safe_load(path.read_bytes()) for path in EXAMPLES]
    made: list[bytes] = []
    while len(made) < APPLICATIONS:
        one = copy.deepcopy(chance.choice(examples))
        one["metadata"]["name"] = f"app-{len(made)}"
        for section in ("web", "workers", "monitoring", "edge", "scheduler", "session"):
            if chance.random() < 0.3:
                other = chance.choice(examples)["spec"]
                one["spec"] |= {section: other[section]} if section in other else {}
        data = msgspec.json.encode(one)
        try:
            read(data, "app.yaml")
        except Rejected:
            continue
        made.append(data)
    return made


def every(app: Any) -> list[dict[str, Any]]:
    return [one for objects in render(app).objects.values() for one in objects]


def seconds(work: Callable[[], object]) -> float:
    """Of the processor, the best of some turns."""
    best = float("inf")
    for _ in range(TURNS):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def show(rows: dict[str, float], lines: int) -> None:
    table = Table(title=f"{APPLICATIONS:,} applications, {lines // APPLICATIONS:,} lines each")
    for column in ("what", "applications a second", "ms each", "ratio to PyYAML"):
        table.add_column(column, justify="left" if column == "what" else "right")
    rows = {**rows, "render and write": rows["render"] + rows["write"]}
    for name, took in rows.items():
        ratio = f"{rows['write, PyYAML'] / took:.1f}x" if name == "write" else ""
        per = took / APPLICATIONS
        table.add_row(name, f"{1 / per:,.0f}", f"{per * 1000:.2f}", ratio)
    Console().print(table)


if __name__ == "__main__":
    main()
