"""``holdfast rehearse --url URL --watch``: a canary, which says each session that is lost."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial

import anyio

from holdfast.cli import exit_status
from holdfast.cli.screen import stderr
from holdfast.core.errors import EnvironmentLacking
from holdfast.rehearsal.canary import Loss, Watch, watch
from holdfast.rehearsal.metrics import Metrics, parse_address, served


def watched(plan: Watch, address: str | None) -> int:
    """Watch to the end, and give the exit status: 0 nothing was lost, 1 something was.

    Args:
        plan: what to watch.
        address: where metrics are served, ``PORT`` or ``ADDRESS:PORT``; None: nowhere.

    Raises:
        UsageError: the address cannot be read.
        EnvironmentLacking: it cannot be served on, there is no way to the deployment, or no session
            was ever begun there.
    """
    metrics = Metrics()
    with ExitStack() as stack:
        if address is not None:
            stack.enter_context(served(metrics, parse_address(address)))
        anyio.run(partial(watch, plan, metrics, _say_loss, _say))
    lost, observed = metrics.sessions_lost, metrics.total("sessions_observed")
    ok = metrics.total("requests", outcome="ok")
    _say(
        f"{plan.target.name}: {lost} sessions lost of {observed}, {metrics.total('logins_lost')} of"
        f" them logged in; {ok} requests answered as asked"
    )
    if not observed:
        raise EnvironmentLacking(
            f"{plan.target.name}: no session was begun: nothing was proved",
            hint="was it reachable? requests_total of --metrics counts by outcome",
        )
    return exit_status.VIOLATED if lost else exit_status.HOLDS


def _say_loss(loss: Loss) -> None:
    who = "logged in" if loss.user is not None else "of a guest"
    _say(
        f"LOST: session {loss.session} ({loss.lineage}), {who}, after {loss.age:.0f} s:"
        f" {loss.words}"
    )


def _say(words: str) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    stderr.print(f"{now} {words}", highlight=False, markup=False, soft_wrap=True)
