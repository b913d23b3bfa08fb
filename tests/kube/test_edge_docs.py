"""The specifications in docs/render-edge.md and docs/render-storage.md are read and rendered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from holdfast.kube.read import read
from holdfast.kube.render import render

DOCS = Path(__file__).parents[2] / "docs"
SMALLEST = {
    "image": "  image: registry.example.com/shop:1.2.3",
    "host": "  host: shop.example.com",
    "secretName": "  secretName: shop-env",
}


def snippets():
    """Each block, and each of its lines that a # keeps out, in place of its sister."""
    for page in ("render-edge.md", "render-storage.md"):
        for block in re.findall(
            r"^```yaml\nspec:\n(.*?)^```$", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE
        ):
            yield pytest.param(block, id=f"{page}-{len(block)}")
            lines = block.splitlines()
            for index, line in enumerate(lines):
                found = re.fullmatch(r"( +)# (\w+)(: \{.*)", line)
                if found is None:
                    continue
                kept = [
                    one for one in lines[:index] if not re.match(rf"{found[1]}(# |ingress|s3)", one)
                ]
                kept += [found[1] + found[2] + found[3]]
                kept += [one for one in lines[index + 1 :] if not re.match(rf"{found[1]}# ", one)]
                yield pytest.param("\n".join(kept), id=f"{page}-{found[2]}-{index}")


@pytest.mark.parametrize("block", list(snippets()))
def test_it_is_rendered(block):
    more = [line for key, line in SMALLEST.items() if f"\n  {key}:" not in f"\n{block}"]
    if "ReadWriteOnce" in block:
        more.append("  web: {min: 1}")
    if "affinity" in block:
        more.append("  edge: {ingress: {controller: nginx}}")
    if re.search("name: public", block):
        block = re.sub(r"\n +tls: .*", "", block)
    text = "\n".join(
        [
            "apiVersion: holdfast.dev/v1alpha1",
            "kind: LaravelApp",
            "metadata: {name: shop}",
            "spec:",
            *more,
            block,
        ]
    )
    assert render(read(text.encode(), "app.yaml")).objects["web"]
