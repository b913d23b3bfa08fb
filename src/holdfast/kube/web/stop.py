"""How a web pod stops without losing a request, whatever STOPSIGNAL its images have.

Kubernetes takes a pod that is to go out of its Services and runs its containers' ``preStop`` hooks
at the same moment; the signal follows when a hook has ended, SIGKILL when the grace period has
(Kubernetes documentation, «Pod Lifecycle», termination of pods). The news reaches edges some
seconds later, and what they have sent by then must be answered. With the numbers of the smallest
application (drain 10, longestRequest 30):

===========  =======================================================================================
second       what happens
===========  =======================================================================================
0            both hooks begin; requests still come, and are answered
10           nginx: SIGQUIT. It listens no more, closes idle connections, and ends when its last
             request has, at 40 at the latest (worker_shutdown_timeout). php-fpm goes on
10 to 40     nginx has gone, and its pid file with it; php-fpm's hook sees that within a second, and
             only then SIGQUIT: what goes on after an answer (dispatchAfterResponse, terminable
             middleware) still comes to its end (process_control_timeout)
42           php-fpm's hook waits no longer for an nginx that was killed and left its file
45           SIGKILL for what is left (terminationGracePeriodSeconds)
===========  =======================================================================================

nginx before php-fpm: the other way round each request on a connection that an edge keeps would be
answered 502 for as long as nginx is there.

A hook ends by the death of its container, for as soon as it returned Kubernetes would send the
image's STOPSIGNAL, which may be SIGTERM. Kubernetes writes an event «FailedPreStopHook» then
(kubernetes/kubernetes issue 39170); it means nothing here.
"""

from __future__ import annotations

from holdfast.kube.app import App, Object
from holdfast.kube.web import nginx_conf, php_fpm_conf


def single(app: App) -> Object:
    """The lifecycle of a server that is HTTP and PHP in one: it waits until nothing can be lost.

    What the signal does to requests there depends on server and version: Octane kills Swoole's
    workers (laravel/octane 2.3, Swoole/ServerProcessInspector.php: SIGKILL), RoadRunner's lose
    their master (laravel/octane issues 756, 757), and FrankenPHP answers 500 to what still waits
    for a thread (php/frankenphp issue 2644). The price: each pod takes so long to stop.
    """
    return {"preStop": {"sleep": {"seconds": app.spec.web.drain + app.spec.web.longest_request}}}


def _hook(*script: str) -> Object:
    return {"preStop": {"exec": {"command": ["/bin/sh", "-c", "\n".join(script)]}}}


def nginx(app: App) -> Object:
    """The lifecycle of nginx: it drains, then ends with its last request."""
    return _hook(
        f"sleep {app.spec.web.drain}",
        f'kill -QUIT "$(cat {nginx_conf.PID})"',
        f"while [ -e {nginx_conf.PID} ]; do sleep 1; done",
    )


def php_fpm(app: App) -> Object:
    """The lifecycle of php-fpm: it ends after nginx."""
    web = app.spec.web
    return _hook(
        f"end=$(($(date +%s) + {web.drain + web.longest_request + 2}))",
        f"sleep {web.drain}",
        f'while [ -e {nginx_conf.PID} ] && [ "$(date +%s)" -lt "$end" ]; do sleep 1; done',
        f'kill -QUIT "$(cat {php_fpm_conf.PID})"',
        f"while [ -e {php_fpm_conf.PID} ]; do sleep 1; done",
    )
