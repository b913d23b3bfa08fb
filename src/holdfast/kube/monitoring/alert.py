"""One alert."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from holdfast.kube.app import App, Object

PAGE = "docs/render-monitoring.md"


@dataclass(frozen=True)
class Alert:
    """What is wrong, whom it hurts, what to do.

    Args:
        name: without the prefix.
        expr: PromQL; it fires where this has a value.
        minutes: so long it has to be true; 0: at once.
        severity: critical: users lose sessions or get no pages now, somebody gets up for it.
        summary: one line.
        users: what users see.
        do: what to do first; the page has the rest.
    """

    name: str
    expr: str
    minutes: int
    severity: Literal["critical", "warning", "info"]
    summary: str
    users: str
    do: str

    def rule(self, app: App) -> Object:
        """As Prometheus' operator takes it."""
        return {
            "alert": f"Holdfast{self.name}",
            "expr": self.expr,
            **({"for": f"{self.minutes}m"} if self.minutes else {}),
            "labels": {"app": app.name, "severity": self.severity},
            "annotations": {
                "description": f"{self.users} {self.do}",
                "runbook": f"{PAGE}#holdfast{self.name.lower()}",
                "summary": f"{app.name}: {self.summary}",
            },
        }
