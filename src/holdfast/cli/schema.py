"""``holdfast schema``: what a LaravelApp may say, for clusters and for editors."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter

from holdfast.cli import exit_status
from holdfast.cli.output import require_writable, write_file
from holdfast.kube.emit import emit
from holdfast.kube.schema import crd, json_schema


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

    Exit status: 0 written, 3 the file cannot be written.

    Args:
        format: `crd`, YAML for kubectl, or `json-schema`, JSON for editors.
        output: A file. Without it: stdout.
    """
    text = emit([crd()]) if format == "crd" else _as_json()
    if output is None:
        sys.stdout.write(text)
        return exit_status.HOLDS
    require_writable(str(output), "--output")
    write_file(text.encode(), str(output))
    return exit_status.HOLDS


def _as_json() -> str:
    return msgspec.json.format(msgspec.json.encode(json_schema()), indent=2).decode() + "\n"
