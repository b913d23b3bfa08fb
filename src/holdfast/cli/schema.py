"""``holdfast schema``: what a LaravelApp may say, for clusters and for editors."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter

from holdfast.cli import exit_status
from holdfast.cli.output import require_writable, write_in_place
from holdfast.core.errors import UsageError
from holdfast.kube.emit import emit
from holdfast.kube.schema import crd, json_schema

_STARTS = (
    (
        b"---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        b"metadata:\n  name: laravelapps.holdfast.dev\n"
    ),
    (
        b'{\n  "$schema": "https://json-schema.org/draft/2020-12/schema",\n  "$ref": '
        b'"#/$defs/LaravelApp"'
    ),
)
"""Of the schemas that are written here."""


def schema(
    *,
    format: Literal["crd", "json-schema"] = "crd",
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
) -> int:
    """Write the schema of a LaravelApp.

    As a CustomResourceDefinition a cluster keeps applications, and refuses what `render` refuses as
    far as one file is enough to know. As JSON Schema an editor completes and marks: begin the file
    with `# yaml-language-server: $schema=laravelapp.schema.json`.

    **Examples**

        holdfast schema | kubectl apply -f -

        holdfast schema --format json-schema -o laravelapp.schema.json

    Exit status: 0 written, 2 another file is there, 3 the file cannot be written.

    Args:
        format: `crd`, YAML for kubectl, or `json-schema`, JSON for editors.
        output: A file, which is not there or is such a schema. Without it: stdout.
    """
    text = emit([crd()]) if format == "crd" else _as_json()
    if output is None:
        sys.stdout.write(text)
        return exit_status.HOLDS
    require_writable(str(output), "--output")
    _require_ours(output)
    write_in_place(text.encode(), str(output))
    return exit_status.HOLDS


def _require_ours(output: Path) -> None:
    """Raise where another file would be lost: a schema is written next to what it is for."""
    if output.is_symlink() or (output.exists() and not output.is_file()):
        raise UsageError(f"{output} is a link, or no file", hint="another name")
    if not output.exists():
        return
    with output.open("rb") as file:
        start = file.read(200)
    if start and not start.startswith(_STARTS):
        raise UsageError(
            f"{output} is there already, and is no schema of a LaravelApp", hint="another name"
        )


def _as_json() -> str:
    return msgspec.json.format(msgspec.json.encode(json_schema()), indent=2).decode() + "\n"
