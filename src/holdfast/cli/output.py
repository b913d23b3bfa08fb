"""What leaves a command: files, JSON on stdout, the line of an error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.core.whole_file import write_whole


def say_error(message: str, hint: str) -> None:
    """One line on stderr, and what to do next under it."""
    from holdfast.cli.screen import stderr

    stderr.print(f"[bold red]holdfast:[/] {_plain(message)}", highlight=False, soft_wrap=True)
    if hint:
        stderr.print(f"  [dim]hint:[/] {_plain(hint)}", highlight=False, soft_wrap=True)


def require_writable(target: str, option: str = "--json") -> None:
    """Raise where the option's file could not be written at the end: long work must not be lost.

    Raises:
        UsageError: it names no file; ``-`` is for ``--json`` alone.
        EnvironmentLacking: the file cannot be written.
    """
    if not target:
        also = ", or - for stdout" if option == "--json" else ""
        raise UsageError(f"{option} names no file", hint=f"a file's name{also}")
    if target == "-" and option != "--json":
        raise UsageError(f"{option} takes a file, not stdout", hint="only --json goes to stdout")
    path = Path(target)
    if target != "-" and (
        path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK)
    ):
        raise EnvironmentLacking(
            f"cannot write {target}", hint="name a file in a directory that is there"
        )


def require_all_writable(targets: Mapping[str, str | None]) -> None:
    """Raise where an option's file could not be written, or two options write the same one.

    Raises:
        UsageError, EnvironmentLacking: as ``require_writable``.
    """
    options: dict[Path, str] = {}
    for option, target in targets.items():
        if target is None:
            continue
        require_writable(target, option)
        other = options.setdefault(Path(target).resolve(), option)
        if other != option:
            raise UsageError(f"{other} and {option} name the same file", hint="name two files")


def write_json(value: Any, target: str) -> None:
    """Write a value as JSON to a file, or to stdout where the target is ``-``.

    Raises:
        EnvironmentLacking: the file cannot be written.
    """
    text = msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
    if target == "-":
        sys.stdout.buffer.write(text)
        sys.stdout.flush()
        return
    write_file(text, target)


def write_in_place(content: bytes, target: str) -> None:
    """Write a file at once as a whole; a link is replaced, not what it leads to.

    Raises:
        EnvironmentLacking: it cannot be written.
    """
    with _named(target):
        write_whole(Path(target), content)


def write_new(content: bytes, target: str) -> None:
    """Write a file that is not there.

    Raises:
        UsageError: something is there, or a link that leads nowhere.
        EnvironmentLacking: it cannot be written.
    """
    with _named(target), Path(target).open("xb") as file:
        file.write(content)


def write_file(content: bytes, target: str) -> None:
    """Write a file.

    Raises:
        EnvironmentLacking: it cannot be written.
    """
    with _named(target):
        Path(target).write_bytes(content)


@contextmanager
def _named(target: str) -> Iterator[None]:
    """Say which file could not be written."""
    try:
        yield
    except FileExistsError as error:
        raise UsageError(f"{target} is there already", hint="another name, or --force") from error
    except OSError as error:
        raise EnvironmentLacking(
            f"cannot write {target}: {error.strerror}",
            hint="name a file in a directory that is there",
        ) from error


def _plain(text: str) -> str:
    return text.replace("[", "\\[")
