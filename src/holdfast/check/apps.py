"""Which workloads run which Laravel application."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path, PurePath
from typing import Final

from holdfast.check.image.environment import Layer, agreed, brought, places
from holdfast.check.image.image import Image
from holdfast.check.kinship import families, of_code
from holdfast.check.kubernetes.data import Variable as EnvVariable
from holdfast.check.kubernetes.env import ContainerEnv
from holdfast.check.kubernetes.workload import Container, Workload
from holdfast.check.process import Process, Role, by_name_alone, role, runs_laravel
from holdfast.check.settings import Settings
from holdfast.check.sources.files import shown
from holdfast.check.target import App
from holdfast.core.errors import HoldfastError
from holdfast.manifests.place import Place
from holdfast.project.directory import Directory
from holdfast.project.environment import Process as ProcessEnvironment
from holdfast.project.project import Project, load
from holdfast.project.values import Unknown, Variable

# Where an image keeps what Laravel reads: were it taken for a part of each Secret that is not among
# the manifests, no setting could ever be told.
_NEVER_SECRET: Final = frozenset(("APP_CONFIG_CACHE", "LARAVEL_STORAGE_PATH"))
# As ``project`` calls what its process is given.
_GIVEN: Final = Place("environment")


@dataclass(frozen=True, eq=False)
class Code:
    """A Laravel project that was found.

    Args:
        name: its directory, as people are shown it; ``.`` for where ``check`` was started.
        directory: its files, each read once.
        laravel: the major version, where nothing in the directory says it.
    """

    name: str
    directory: Directory = field(repr=False)
    laravel: int | None = None

    @property
    def prefix(self) -> str:
        """Before the names of its files."""
        return "" if self.name == "." else f"{self.name}/"

    @property
    def title(self) -> str:
        """What messages call it: its directory's own name where ``check`` was started there."""
        return self.directory.root.name if self.name == "." else self.name

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called: its directory, its package."""
        package = self.directory.json("composer.json").get("name")
        return self.directory.root.name, package if isinstance(package, str) else ""

    def project(self, environment: ProcessEnvironment, *, dotenv: bool) -> Project:
        """The project in one environment.

        Raises:
            HoldfastError: it cannot be read.
        """
        return load(self.directory, environment, laravel=self.laravel, dotenv=dotenv)


def apps(
    workloads: Iterable[Workload],
    codes: Sequence[Code],
    failed: dict[str, HoldfastError],
    images: Sequence[Image] = (),
    *,
    extra: Mapping[str, str],
) -> tuple[App, ...]:
    """The applications that run in what is deployed together.

    Args:
        workloads: all of it that run pods.
        codes: the projects that were found.
        failed: takes what could not be read, by the project's name.
        images: that the repository makes.
        extra: variables that the user gives by hand; they win.
    """
    layers = {started: brought(images, started=started) for started in (True, False)}
    running: dict[Code | None, list[Container]] = {}
    for workload in workloads:
        for container in (*workload.containers, *workload.init_containers):
            if runs_laravel(container):
                code = _nearest(codes, workload.object.document.file)
                running.setdefault(code, []).append(container)
    found: dict[tuple[str, str, int], App] = {}
    for code, containers in running.items():
        groups = families(containers)
        ours = of_code(groups, code.names) if code and _readable(code, failed) else None
        for number, group in enumerate(groups):
            known = code if group is ours else None
            for container in group:
                namespace = container.workload.namespace
                name = known.title if known else namespace or "the manifests"
                app = found.setdefault(
                    (name, namespace, -1 if known else number),
                    App(name, known.directory if known else None, known.prefix if known else ""),
                )
                below = layers[not container.get("command")]
                settings = _settings(known, container, below, failed, extra)
                app.processes.append(Process(app, role(container), container, settings))
    return tuple(found.values())


def _readable(code: Code, failed: dict[str, HoldfastError]) -> bool:
    """Whether rules may ask what is installed."""
    try:
        for name in ("composer.json", "composer.lock"):
            code.directory.json(name)
    except HoldfastError as error:
        failed[code.name] = error
        return False
    return True


def alone(code: Code, failed: dict[str, HoldfastError], extra: Mapping[str, str]) -> App | None:
    """An application that no manifest runs, in the environment that its directory gives it."""
    app = App(code.title, code.directory, code.prefix, [])
    try:
        project = code.project(dict(extra), dotenv=True)
    except HoldfastError as error:
        failed[code.name] = error
        return None
    app.processes.append(Process(app, Role.WEB, None, Settings(project, code.prefix)))
    return app


def _settings(
    code: Code | None,
    container: Container,
    below: tuple[Layer, ...],
    failed: dict[str, HoldfastError],
    extra: Mapping[str, str],
) -> Settings:
    env = container.env
    if by_name_alone(container) and agreed(below, "APP_KEY") is None:
        why = "none of Laravel's variables is set, so a .env that nobody sees sets them"
        env = replace(env, more=(*env.more, EnvVariable("", None, container.at("env"), why)))
    given = {name: EnvVariable(name, value, _GIVEN) for name, value in extra.items()}
    env = replace(env, variables={**env.variables, **given})
    if code is not None:
        environment = _Environment(env, extra, below)
        try:
            project = code.project(environment, dotenv=False)
        except HoldfastError as error:
            failed[code.name] = error
        else:
            return Settings(project, code.prefix, env, places(below))
    return Settings(None, "", env)


class _Environment(Mapping[str, str | Variable | Unknown]):
    """A container's environment as ``project`` takes it; below it what its image brings.

    Where some of it comes from what no manifest shows, each name that is not set otherwise may have
    any value.
    """

    def __init__(
        self, env: ContainerEnv, extra: Mapping[str, str], below: tuple[Layer, ...]
    ) -> None:
        self._env = env
        self._extra = extra
        self._below = below

    def __getitem__(self, name: str) -> str | Variable | Unknown:
        if name in self._extra:
            return self._extra[name]
        if (found := self._env.get(name)) is not None:
            if found.value is None:
                return Unknown(str(found.place), name, found.why)
            return Variable(found.value, str(found.place))
        if self._env.more and name not in _NEVER_SECRET:
            closed = self._env.more[0]
            return Unknown(str(closed.place), name, closed.why)
        if (there := agreed(self._below, name)) is not None and name not in _NEVER_SECRET:
            return there
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter({**dict.fromkeys(self._env), **dict.fromkeys(self._extra)})

    def __len__(self) -> int:
        return len(list(iter(self)))


def _nearest(codes: Sequence[Code], file: str) -> Code | None:
    """The project that manifests belong to: of several the one that shares most of the way."""
    if len(codes) == 1:
        return codes[0]
    shared = [(_shared(code.name, file), code) for code in codes]
    most = max((length for length, _ in shared), default=0)
    best = [code for length, code in shared if length == most]
    return best[0] if len(best) == 1 else None


def _shared(directory: str, file: str) -> int:
    pairs = zip(PurePath(directory).parts, PurePath(file).parts, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def codes(files: Iterable[Path], base: Path, laravel: int | None) -> Iterator[Code]:
    """The Laravel projects among files: where a ``composer.json`` asks for the framework."""
    for path in files:
        if path.name != "composer.json":
            continue
        root = path.parent
        if (root / "artisan").exists() or (root / "config" / "app.php").exists():
            try:
                directory = Directory(root)
                asked = directory.json("composer.json").get("require")
            except HoldfastError:
                continue
            if isinstance(asked, dict) and "laravel/framework" in asked:
                yield Code(shown(root, base), directory, laravel)
