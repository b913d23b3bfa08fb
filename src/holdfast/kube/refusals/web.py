"""What is refused of web pods: stops that cut requests, probes that prove nothing."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.refusals.rule import all_refused, given, rule
from holdfast.kube.timing import SPARE

_WEB = "self.spec.web"
_RUNTIME = f"{_WEB}.runtime"
_NEEDED = f"{_WEB}.drain + {_WEB}.longestRequest + {SPARE}"
_HEALTH_SINCE = 11


def _needed(app: App) -> int:
    return app.spec.web.drain + app.spec.web.longest_request + SPARE


_TAKEN = (2019, 6001, 9253)
"""Caddy's and RoadRunner's own ports in Octane's pods, and php-fpm's exporter's."""

RULES = (
    rule(
        ("web", "port"),
        "another process of the pod listens there, and one of the two does not start",
        "web.port: 8080",
        broken=lambda app: app.spec.web.port in _TAKEN,
        cel=f"!({_WEB}.port in {list(_TAKEN)})",
    ),
    rule(
        ("web", "grace"),
        "a pod that stops would be killed before its longest request has ended, and what that"
        " wrote to its session is lost",
        f"at least drain + longestRequest + {SPARE}, or no grace: it is computed",
        broken=lambda app: app.spec.web.grace is not None and app.spec.web.grace < _needed(app),
        cel=f"!{given(f'{_WEB}.grace')} || {_WEB}.grace >= {_NEEDED}",
    ),
    rule(
        ("web", "drain"),
        f"edges let a request take {SPARE} s more than longestRequest, and a server that is HTTP"
        " and PHP in one is killed by then: it only waits for drain and longestRequest",
        f"drain: {SPARE}, or more",
        broken=lambda app: app.spec.web.runtime != "fpm-nginx" and app.spec.web.drain < SPARE,
        cel=f"{_RUNTIME} == 'fpm-nginx' || {_WEB}.drain >= {SPARE}",
    ),
    rule(
        ("web", "max"),
        "there would be fewer replicas at most than at least",
        "web.max of at least web.min, or none",
        broken=lambda app: app.spec.web.max is not None and app.spec.web.max < app.spec.web.min,
        cel=f"!{given(f'{_WEB}.max')} || {_WEB}.max >= {_WEB}.min",
    ),
    rule(
        ("web", "server"),
        "only Octane has servers to choose from; this one would not be started",
        "web.runtime: octane, or no server",
        broken=lambda app: app.spec.web.server is not None and app.spec.web.runtime != "octane",
        cel=f"!{given(f'{_WEB}.server')} || {_RUNTIME} == 'octane'",
    ),
    rule(
        ("web", "health"),
        "nothing says whether Laravel answers: /up is there from Laravel 11 on, and only php-fpm"
        " has a ping of its own",
        "web.health: a route outside the group web, which opens no session",
        broken=lambda app: (
            app.spec.web.health is None
            and app.spec.web.runtime != "fpm-nginx"
            and app.spec.laravel < _HEALTH_SINCE
        ),
        cel=(
            f"{given(f'{_WEB}.health')} || {_RUNTIME} == 'fpm-nginx'"
            f" || self.spec.laravel >= {_HEALTH_SINCE}"
        ),
    ),
    rule(
        ("web", "autoscale", "busy"),
        "busy PHP processes are counted by php-fpm alone; the autoscaler would wait for a number"
        " that never comes",
        "web.runtime: fpm-nginx, or web.autoscale.cpu alone",
        broken=lambda app: (
            app.spec.web.autoscale.busy is not None and app.spec.web.runtime != "fpm-nginx"
        ),
        cel=f"!{given(f'{_WEB}.autoscale.busy')} || {_RUNTIME} == 'fpm-nginx'",
    ),
    rule(
        ("web", "autoscale", "busy"),
        "nobody would count busy PHP processes: the exporter comes with monitoring",
        "monitoring: {}, or web.autoscale.cpu alone",
        broken=lambda app: app.spec.web.autoscale.busy is not None and app.spec.monitoring is None,
        cel=f"!{given(f'{_WEB}.autoscale.busy')} || {given('self.spec.monitoring')}",
    ),
)


def refusals(app: App) -> Iterator[Refusal]:
    """All that is refused of web pods."""
    yield from all_refused(RULES, app)
