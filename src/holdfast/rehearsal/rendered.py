"""Our Laravel fixture in pods that ``render`` made: its commands, configuration, probes and stop.

What the deployment's file says of requests, processes and stops is rehearsed as it was rendered;
only what this machine decides is put in its place: the port of each replica, where the store is,
and an image, which is our fixture on Debian's PHP. Queues, edges and meshes are left out.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from signal import SIGQUIT
from typing import Any, Literal

from msgspec import structs

from holdfast.core.errors import UsageError
from holdfast.kube import timing
from holdfast.kube.app import App, Object
from holdfast.kube.objects import named
from holdfast.kube.render import render
from holdfast.kube.spec.laravel_app import Cache, Secrets, Spec
from holdfast.kube.spec.session import Driver, ExternalServer, Session, Store
from holdfast.kube.spec.storage import Database, Storage
from holdfast.rehearsal.application import Container, Pod, Readiness
from holdfast.rehearsal.backing import SESSION_PREFIX
from holdfast.rehearsal.compare import Setup
from holdfast.rehearsal.laravel import FIXTURE, Laravel
from holdfast.rehearsal.pace import Pace
from holdfast.servers.nginx import PACKAGE as NGINX_PACKAGE
from holdfast.servers.php import FPM_NAMES, FPM_PACKAGE
from holdfast.servers.pods.container import Container as PodContainer
from holdfast.servers.pods.pod import Pod as RenderedPod
from holdfast.servers.pods.pod import prepare
from holdfast.servers.pods.sandbox import PACKAGE as SANDBOX_PACKAGE
from holdfast.servers.pods.sandbox import Image
from holdfast.servers.process import Process
from holdfast.servers.programs import require_program
from holdfast.stores.database import DatabaseStore

_REDIS_PREFIX, _CACHE_PREFIX = SESSION_PREFIX.split("laravel_cache:")[0], "laravel_cache"
_STOP_SETTING = re.compile(
    r"^ *(?:process_control_timeout = .*|worker_shutdown_timeout .*)\n", re.MULTILINE
)
_WRITABLE = (
    "bootstrap/cache",
    "storage/app",
    "storage/framework/cache",
    "storage/framework/views",
    "storage/logs",
)


@dataclass(frozen=True)
class Rendered:
    """The fixture, deployed as a LaravelApp says.

    Args:
        app: the deployment.
        setup: where its sessions go.
        stop: ``rendered``, or as the official images stop by themselves (``images``).
    """

    app: App
    setup: Setup
    stop: Literal["rendered", "images"] = "rendered"

    @property
    def pace(self) -> Pace:
        """Stops as rendered: the balancer hears of one a second after the pod does."""
        return Pace(drain=0, lag=1.0, grace=timing.web_grace(self.app))

    @cached_property
    def ready(self) -> Readiness:
        """What the rendered readiness probe asks."""
        for container in web_template(_of_fixture(self.app))["spec"]["containers"]:
            if asked := container.get("readinessProbe", {}).get("httpGet"):
                return Readiness(asked["path"], 400)
        raise UsageError("no container has an HTTP readiness probe", hint="rehearse fpm-nginx")

    def require(self) -> None:
        """Raise EnvironmentLacking where something is not installed.

        Raises:
            UsageError: it is nothing that this machine can run.
        """
        Laravel(self.setup).require()
        require_program(*FPM_NAMES, package=FPM_PACKAGE)
        require_program("nginx", package=NGINX_PACKAGE)
        require_program("bwrap", package=SANDBOX_PACKAGE)
        if self.app.spec.web.runtime != "fpm-nginx":
            raise UsageError(
                f"this machine has no {self.app.spec.web.runtime}",
                hint="rehearse with web.runtime: fpm-nginx",
            )

    def containers(self, pod: Pod) -> Sequence[Container]:
        """php-fpm and nginx as rendered; the first one runs the init containers before it."""
        rendered = self.pod(pod)
        first, *others = rendered.containers

        def begin() -> Process:
            rendered.initialise()
            return _started(first)

        return [begin, *(_starter(container) for container in others)]

    def pod(self, pod: Pod) -> RenderedPod:
        """The rendered web pod, its volumes made below the directory of ``pod``."""
        here = placed(self.app, pod)
        image = _image(pod.directory / "image", here.spec.root)
        directory = pod.directory / "pod"
        directory.mkdir()
        template, objects = web_template(here), objects_of(here)
        if self.stop == "images":
            template, objects = as_images_stop(template), [as_images_stop(one) for one in objects]
            image = replace(image, stop_signal=SIGQUIT)
        return prepare(
            template,
            objects,
            directory,
            lambda container: image,
            fields={"metadata.name": pod.endpoint.name},
        )

    def create_tables(self, store: DatabaseStore) -> None:
        """As the fixture does."""
        Laravel(self.setup).create_tables(store)


def objects_of(app: App) -> list[Object]:
    """All objects of a rendering."""
    return [one for some in render(app).objects.values() for one in some]


def web_template(app: App) -> Object:
    """The template of the web pods."""
    name = named(app, "web")
    deployment = next(
        one
        for one in objects_of(app)
        if one["kind"] == "Deployment" and one["metadata"]["name"] == name
    )
    template: Object = deployment["spec"]["template"]
    return template


def as_images_stop(value: Any) -> Any:
    """The same without hooks and without limits for a stop: what the official images do.

    Both are stopped with SIGQUIT (``STOPSIGNAL`` of docker-library/php's fpm variants and of
    nginxinc/docker-nginx). php-fpm's ``process_control_timeout`` is 0 there: it ends its processes
    at once.
    """
    match value:
        case dict():
            return {key: as_images_stop(one) for key, one in value.items() if key != "lifecycle"}
        case list():
            return [as_images_stop(one) for one in value]
        case str():
            return _STOP_SETTING.sub("", value)
        case _:
            return value


def placed(app: App, pod: Pod) -> App:
    """The same deployment with what this machine decides.

    Raises:
        UsageError: its sessions go where no pod can reach them.
    """
    app = _of_fixture(app)
    told = dict(pod.environment(pod.backing.laravel))
    session, database = _session(app.spec.session, told)
    spec: Spec = structs.replace(
        app.spec,
        web=structs.replace(app.spec.web, port=pod.endpoint.port, max=None),
        session=session,
        database=database,
        cache=Cache(store="array", prefix=_CACHE_PREFIX),
        workers=(),
        scheduler=None,
        migrations=None,
        mesh=None,
        monitoring=None,
        secrets=Secrets(),
        storage=Storage(),
        config={name: told[name] for name in ("HOLDFAST_REPLICA", "HOLDFAST_GENERATION")},
    )
    secret: dict[str, str] = {
        name: told[name]
        for name in ("APP_KEY", "DB_PASSWORD", "HOLDFAST_HANDLE_KEY", "REDIS_PASSWORD")
        if name in told
    }
    return replace(app, spec=spec, secret=secret, namespace=None)


def _of_fixture(app: App) -> App:
    """With the version of the fixture's framework, and so the route that tells its health."""
    web = structs.replace(app.spec.web, health=None)
    return replace(app, spec=structs.replace(app.spec, laravel=8, web=web))


def _session(session: Session, told: dict[str, str]) -> tuple[Session, Database | None]:
    driver: Driver
    store, database = None, None
    match told["SESSION_DRIVER"]:
        case "redis":
            driver, store = "redis", Store(external=_server(told, "REDIS"))
        case "memcached":
            driver, store = "memcached", Store(external=_server(told, "MEMCACHED"))
        case "database" if told["DB_CONNECTION"] != "sqlite":
            driver = "database"
            database = Database(
                driver="pgsql" if told["DB_CONNECTION"] == "pgsql" else "mysql",
                host=told["DB_HOST"],
                port=int(told["DB_PORT"]),
                name=told["DB_DATABASE"],
                user=told["DB_USERNAME"],
            )
        case other:
            raise UsageError(
                f"rendered pods share no {other} here",
                hint="rehearse redis, memcached, database:postgresql or database:mariadb",
            )
    found = structs.replace(
        session,
        driver=driver,
        store=store,
        connection=None,
        cookie="laravel_session",
        prefix=_REDIS_PREFIX,
        domain=None,
        affinity=None,
        encrypt=told.get("SESSION_ENCRYPT") == "true",
    )
    return found, database


def _server(told: dict[str, str], variables: str) -> ExternalServer:
    return ExternalServer(
        host=told[f"{variables}_HOST"],
        port=int(told[f"{variables}_PORT"]),
        password=f"{variables}_PASSWORD" in told,
    )


def _image(directory: Path, root: str) -> Image:
    """What stands for the application's image: the fixture, as an image would hold it."""
    application, programs = directory / "application", directory / "bin"
    shutil.copytree(FIXTURE, application)
    for path in _WRITABLE:
        (application / path).mkdir(parents=True, exist_ok=True)
    # Where the console looks for it (Illuminate/Foundation/Console/ConfigCacheCommand).
    (application / "bootstrap/app.php").write_text(
        "<?php\n\nreturn require dirname(__DIR__) . '/bootstrap.php';\n"
    )
    programs.mkdir()
    (programs / "php-fpm").symlink_to(require_program(*FPM_NAMES, package=FPM_PACKAGE))
    files = {root: application, "/etc/php": Path("/etc/php"), "/etc/nginx": Path("/etc/nginx")}
    return Image(files=files, programs=programs)


def _started(container: PodContainer) -> Process:
    process = container.start()
    container.wait_born(process)
    return process


def _starter(container: PodContainer) -> Container:
    return lambda: _started(container)
