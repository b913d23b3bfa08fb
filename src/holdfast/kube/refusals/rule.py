"""A refusal that is stated once: in Python for the file, in CEL for the API server, in one wording.

CEL is what the CustomResourceDefinition carries, so that `kubectl apply` refuses what `render`
refuses. Its expressions are over the whole object with the schema's defaults in it, and true where
all is well. What CEL cannot say in reasonable cost is refused in Python alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from holdfast.kube.app import App
from holdfast.kube.refusals.refusal import Refusal


@dataclass(frozen=True)
class Rule:
    """One reason for refusals.

    Args:
        path: where in the specification, as in ``Refusal``.
        message: reason and way out, for the API server's answer.
        refused: the refusals of an application.
        cel: true where there are none.
    """

    path: tuple[str, ...]
    message: str
    refused: Callable[[App], Iterator[Refusal]]
    cel: str

    @property
    def field(self) -> str:
        """The same path, from the object's root, as the API server names it."""
        return "." + ".".join(("spec", *self.path))


def rule(
    path: tuple[str, ...],
    reason: str,
    way_out: str,
    *,
    broken: Callable[[App], bool],
    cel: str,
) -> Rule:
    """A rule whose words do not depend on what is written."""

    def refused(app: App) -> Iterator[Refusal]:
        if broken(app):
            yield Refusal(path, reason, way_out)

    return Rule(path, f"{reason}: {way_out}", refused, cel)


def all_refused(rules: Iterable[Rule], app: App) -> Iterator[Refusal]:
    """What several rules refuse, in their order."""
    for one in rules:
        yield from one.refused(app)


def given(path: str) -> str:
    """CEL: something is there. The API server has taken nulls away by then (``kube.schema``)."""
    return f"has({path})"


WEB_MOST = f"({given('self.spec.web.max')} ? self.spec.web.max : self.spec.web.min)"
"""CEL: how many web replicas there may be."""


def web_most(app: App) -> int:
    """How many web replicas there may be."""
    web = app.spec.web
    return web.min if web.max is None else web.max


ONE_POD = f"({WEB_MOST} <= 1 && size(self.spec.workers) == 0 && !{given('self.spec.scheduler')})"
"""CEL: never more than one pod runs the application."""


def one_pod(app: App) -> bool:
    """Whether never more than one pod runs the application, migrations aside."""
    return web_most(app) <= 1 and not app.spec.workers and app.spec.scheduler is None
