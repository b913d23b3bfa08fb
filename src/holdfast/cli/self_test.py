"""``holdfast rehearse --self-test``: does the judge catch stores that are broken on purpose?"""

from __future__ import annotations

import anyio
from rich import box
from rich.table import Table

from holdfast.cli import exit_status
from holdfast.cli.output import write_json
from holdfast.cli.screen import stderr, stdout
from holdfast.rehearsal.selftest import SelfTestResult, self_test


def judge_the_judge(seed: int, json: str | None) -> int:
    """Judge broken stores, print what was found, and give the exit status.

    Args:
        seed: as in ``self_test``.
        json: a file for the results, ``-`` for stdout; None: none.
    """
    with stderr.status("self-test") as status:
        results = anyio.run(self_test, seed, status.update)
    screen = stderr if json == "-" else stdout
    screen.print(_table(results))
    caught = all(result.caught for result in results)
    if json:
        write_json({"seed": seed, "caught": caught, "results": results}, json)
    if caught:
        screen.print(
            "[bold green]the judge caught every broken store and cleared the correct one[/]"
        )
    else:
        screen.print("[bold red]the judge is not to be trusted: see the table[/]")
    return exit_status.HOLDS if caught else exit_status.VIOLATED


def _judgement(result: SelfTestResult) -> str:
    if not result.expected:
        return "[green]clean[/]" if result.caught else "[bold red]ACCUSED[/]"
    return "[green]caught[/]" if result.caught else "[bold red]MISSED[/]"


def _table(results: list[SelfTestResult]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("store")
    table.add_column("what it does")
    table.add_column("struck", justify="right")
    table.add_column("must show")
    table.add_column("found")
    table.add_column("")
    for result in results:
        found = ", ".join(f"{name} {count}" for name, count in result.found.items() if count)
        table.add_row(
            result.mutant,
            result.words,
            str(result.struck),
            " or ".join(result.expected) or "nothing",
            found or "nothing",
            _judgement(result),
        )
    return table
