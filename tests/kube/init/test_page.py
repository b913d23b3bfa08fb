"""docs/init.md shows what `holdfast init` does: its example is run.

`python -m tests.kube.init.test_page` writes it again.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from tests.kube.init.made import copied, written

PAGE = Path(__file__).parents[3] / "docs/init.md"
_YAML = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TEXT = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def example(directory: Path) -> tuple[str, str]:
    """The file, and what stands on stderr."""
    found = written(
        copied("blog", directory / "notebook"), image="registry.example.com/notebook:1.4.2"
    )
    lines = [
        "To be filled in, since nothing in the project says it:",
        *(f"  {gap.path}: {gap.what}" for gap in found.gaps),
        "To be done in the project or its image:",
        *(f"  {task.where}: {task.what}" for task in found.tasks),
        "Written: app.yaml. Next: holdfast render app.yaml",
    ]
    return found.text, "".join(f"{line}\n" for line in lines)


def test_the_example_is_run(tmp_path):
    page = PAGE.read_text()
    assert (_YAML.findall(page), _TEXT.findall(page)) == tuple([part] for part in example(tmp_path))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        manifest, said = example(Path(directory))
    page = _YAML.sub(lambda _: f"```yaml\n{manifest}```", PAGE.read_text())
    PAGE.write_text(_TEXT.sub(lambda _: f"```text\n{said}```", page))
