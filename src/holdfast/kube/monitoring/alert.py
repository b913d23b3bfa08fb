"""One alert."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from holdfast.kube.app import App, Object

PAGE = "Holdfast, «Monitoring of a rendered deployment»"


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

    def rule(self, app: App, runbooks: str | None) -> Object:
        """As Prometheus' operator takes it.

        Args:
            runbooks: the address of the page; None: its name has to do, a link would lead nowhere.
        """
        name = f"Holdfast{self.name}"
        if runbooks is None:
            further = {"runbook": f"{PAGE}: {name}"}
        else:
            further = {"runbook_url": f"{runbooks}#{name.lower()}"}
        return {
            "alert": name,
            "expr": self.expr,
            **({"for": f"{self.minutes}m"} if self.minutes else {}),
            "labels": {"app": app.name, "severity": self.severity},
            "annotations": {
                "description": f"{self.users} {self.do}",
                **further,
                "summary": f"{app.name}: {self.summary}",
            },
        }
