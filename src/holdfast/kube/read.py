"""From a file to the application that is rendered, or to everything that is wrong with it.

A file has one ``LaravelApp``. Each of its environments is read too, whichever is asked for: a
mistake in production's patch is seen where staging is rendered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec

from holdfast.core.errors import UsageError
from holdfast.kube.app import NEWEST, OLDEST, USUAL, App
from holdfast.kube.merge import merged
from holdfast.kube.refusals.gather import refusals
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.rejected import Complaint, Rejected
from holdfast.kube.shape import control_characters, kind_of, wrong
from holdfast.kube.spec.laravel_app import API_VERSION, KIND, MOST_ENVIRONMENTS, LaravelApp, Spec
from holdfast.manifests.place import Place
from holdfast.manifests.unreadable import Unreadable
from holdfast.manifests.yaml import Document, documents

_WORD = re.compile(r"[-\w./]{1,60}", re.ASCII)


def read(
    data: bytes,
    file: str,
    *,
    environment: str | None = None,
    kubernetes: int = USUAL,
    secret: Mapping[str, str] | None = None,
) -> App:
    """Read an application.

    Args:
        data: YAML or JSON, one document.
        file: how it is shown to people; ``-`` for standard input.
        environment: whose patch is put into the specification; None: none.
        kubernetes: the minor version of Kubernetes 1 to render for.
        secret: the values of the Secret, where it is to be rendered too.

    Raises:
        Rejected: with all that is wrong with the file, each with its place.
        UsageError: nothing is rendered for that version of Kubernetes.
    """
    if not OLDEST <= kubernetes <= NEWEST:
        raise UsageError(
            f"Kubernetes 1.{kubernetes} is not rendered for", hint=f"1.{OLDEST} to 1.{NEWEST}"
        )
    document = _only_document(data, file)
    complaints = [
        Complaint(place, f"{name} stands a second time in its mapping", "write it once")
        for name, place in document.repeated
    ]
    base, *others = _versions(document.value)
    everywhere = _refused(base, kubernetes, None)
    complaints += [_complaint(document, base, refusal) for refusal in everywhere]
    for version in others:
        its_own = (one for one in _refused(version, kubernetes, None) if one not in everywhere)
        complaints += [_complaint(document, version, refusal) for refusal in its_own]
    asked = next((version for version in (base, *others) if version.name == environment), None)
    if asked is None:
        names = ", ".join(str(version.name) for version in others)
        hint = f"there: {names}" if names else "spec.environments has none"
        complaints.append(
            Complaint(document.at("spec", "environments"), f"no environment {environment}", hint)
        )
    elif secret is not None and not complaints:
        with_it = _refused(asked, kubernetes, secret)
        complaints += [_complaint(document, asked, refusal) for refusal in with_it]
    if complaints or asked is None:
        raise Rejected(sorted(set(complaints)))
    app = _app(asked, kubernetes, secret)
    neighbours = (_app(version, kubernetes, None) for version in others if version is not asked)
    namesakes = (one.environment or "" for one in neighbours if one.namespace == app.namespace)
    return replace(app, namesakes=tuple(namesakes))


class _Version(NamedTuple):
    """The file's object in one environment.

    Args:
        name: of the environment; None: as it is written.
        patch: by which it differs.
        value: with the patch in it.
    """

    name: str | None
    patch: dict[str, Any]
    value: dict[str, Any]


def _versions(value: dict[str, Any]) -> list[_Version]:
    """The object as it is written, and in each environment; none of too many, which are refused."""
    versions = [_Version(None, {}, value)]
    spec = value.get("spec")
    environments = spec.get("environments") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(environments, dict):
        return versions
    if len(environments) > MOST_ENVIRONMENTS:
        return versions
    common = {key: part for key, part in spec.items() if key != "environments"}
    for name, patch in environments.items():
        if isinstance(patch, dict):
            versions.append(_Version(name, patch, {**value, "spec": merged(common, patch)}))
    return versions


def _refused(version: _Version, kubernetes: int, secret: Mapping[str, str] | None) -> list[Refusal]:
    """What is wrong with a version; refusals of sense only where its shape is right."""
    found = [
        *_wrong_patch(version.patch),
        *control_characters(version.value),
        *wrong(version.value, kind_of(LaravelApp)),
    ]
    if found:
        return found
    try:
        app = _app(version, kubernetes, secret)
    except msgspec.ValidationError as error:
        return [Refusal((), str(error), f"see kind {KIND} in docs/laravel-app.md")]
    return [replace(refusal, path=("spec", *refusal.path)) for refusal in refusals(app)]


def _wrong_patch(patch: dict[str, Any]) -> Iterator[Refusal]:
    """What is no longer seen when the patch is in: a null for a key that is none."""
    if "environments" in patch:
        reason = "an environment has no environments of its own"
        yield Refusal(("spec", "environments"), reason, "one level, each with a name", of_key=True)
    for refusal in wrong(patch, kind_of(Spec), ("spec",)):
        if refusal.of_key:
            yield refusal


def _app(version: _Version, kubernetes: int, secret: Mapping[str, str] | None) -> App:
    read = msgspec.convert(version.value, LaravelApp)
    return App(
        name=read.metadata.name,
        spec=read.spec,
        namespace=read.spec.namespace or read.metadata.namespace,
        labels=read.metadata.labels,
        environment=version.name,
        kubernetes=kubernetes,
        secret=secret,
    )


def _complaint(document: Document, version: _Version, refusal: Refusal) -> Complaint:
    path, reason = refusal.path, refusal.reason
    if version.name is not None:
        path = ("spec", "environments", version.name, *path[1:])
        reason = f"in environment {version.name}: {reason}"
    place = document.key_at(*path) if refusal.of_key else document.at(*path)
    return Complaint(place, reason, refusal.way_out)


def _only_document(data: bytes, file: str) -> Document:
    found = documents(data, file)
    unreadable = [part for part in found if isinstance(part, Unreadable)]
    if unreadable:
        way_out = "a LaravelApp as YAML; environments take the place of templates"
        raise Rejected([Complaint(part.place, part.why, way_out) for part in unreadable])
    ours = [part for part in found if isinstance(part, Document)]
    way_out = f"one document with apiVersion: {API_VERSION} and kind: {KIND}"
    if not ours:
        raise Rejected([Complaint(Place(file), "nothing is in it", way_out)])
    others = [Complaint(part.at(), _what(part), way_out) for part in ours if not _is_ours(part)]
    if others:
        raise Rejected(others)
    if more := ours[1:]:
        reason = "another LaravelApp is here"
        raise Rejected(
            [Complaint(part.at(), reason, "a file of its own for each") for part in more]
        )
    return ours[0]


def _is_ours(document: Document) -> bool:
    value = document.value
    return isinstance(value, dict) and (value.get("apiVersion"), value.get("kind")) == (
        API_VERSION,
        KIND,
    )


def _what(document: Document) -> str:
    if not isinstance(document.value, dict):
        return "this is no mapping"
    version, kind = document.value.get("apiVersion"), document.value.get("kind")
    if not isinstance(kind, str) or not isinstance(version, str):
        return "this has no apiVersion and kind, or not as text"
    if kind == KIND:
        return f"this is a {KIND} of {_shown(version)}, not of {API_VERSION}"
    return f"this is a {_shown(kind)}, not a {KIND}"


def _shown(word: str) -> str:
    """A word of somebody's, as it is where it is one."""
    return word if _WORD.fullmatch(word) else repr(word[:60])
