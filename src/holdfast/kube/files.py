"""A rendering as files: one for each concern, numbered as they are applied."""

from __future__ import annotations

from holdfast.kube.emit import emit
from holdfast.kube.render import CONCERNS, Rendered


def files(rendered: Rendered) -> dict[str, str]:
    """Path and text; ``kubectl apply -f`` takes a directory's files by name."""
    return {file_of(concern): emit(objects) for concern, objects in rendered.objects.items()}


def file_of(concern: str) -> str:
    """``16-web.yaml``: a concern has its number whether or not the others are there."""
    return f"{10 + list(CONCERNS).index(concern)}-{concern}.yaml"


def steps(rendered: Rendered, directory: str) -> list[str]:
    """The commands that apply the files: nothing runs the new version before it has migrated.

    Args:
        directory: in which the files are.
    """
    jobs = [one for one in rendered.objects.get("migrations", ()) if one["kind"] == "Job"]
    if not jobs:
        return [f"kubectl apply -f {directory}"]
    concerns = list(rendered.objects)
    before = concerns[: concerns.index("migrations") + 1]
    (job,) = jobs
    wait = job["spec"].get("activeDeadlineSeconds", 600)
    namespace = job["metadata"].get("namespace")
    name = job["metadata"]["name"]
    where = f" -n {namespace}" if namespace else ""
    return [
        f"kubectl apply{''.join(f' -f {directory}/{file_of(concern)}' for concern in before)}",
        f"kubectl wait{where} --for=condition=complete --timeout={wait}s job/{name}",
        f"kubectl apply -f {directory}",
    ]
