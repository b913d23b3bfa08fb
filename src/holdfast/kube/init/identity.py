"""What the application is called, where it is found, and its image."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from holdfast.core.errors import UsageError
from holdfast.kube.init.facts import Facts, is_local
from holdfast.kube.init.part import Part, fits
from holdfast.kube.spec.words import LONGEST, Beginning, Host, Image

_STOCK_NAMES: Final = ("laravel", "")
_DEBIAN, _ALPINE = 33, 82
_ROOT: Final = "/var/www/html"


def name(facts: Facts) -> tuple[str, str]:
    """A name, and where it is from: APP_NAME, the Composer package or the directory."""
    asked = facts.asked.name
    if asked is not None:
        if not fits(asked, Beginning):
            raise UsageError(
                f"--name {asked[:60]} is no name of an object",
                hint=f"lower-case letters, digits and -, a letter first, at most {LONGEST}",
            )
        return asked, "--name"
    own = facts.directory.json("composer.json").get("name")
    package = own if isinstance(own, str) and not own.startswith("laravel/") else ""
    for text, where in (
        (facts.text("app.name") or "", facts.where("app.name")),
        (package.rpartition("/")[2], "composer.json, name"),
        (facts.directory.root.name, "the directory's name"),
    ):
        found = re.sub(r"[^a-z0-9]+", "-", text.lower())[:LONGEST].strip("-")
        if found not in _STOCK_NAMES:
            # A Service's name begins with a letter.
            return f"app-{found}"[:LONGEST].strip("-") if found[0].isdigit() else found, where
    return "app", "nothing in the project has a name"


def host(facts: Facts) -> tuple[str, str] | None:
    """Where users find it, and where that is from; None where nobody says it."""
    asked = facts.asked.host
    if asked is not None:
        if not fits(asked, Host):
            raise UsageError(
                f"--host {asked[:60]} is no host name", hint="for example --host shop.example.com"
            )
        return asked, "--host"
    url = facts.text("app.url") or ""
    try:
        found = urlsplit(url).hostname or ""
    except ValueError:
        found = ""
    if fits(found, Host) and not is_local(found) and not re.fullmatch(r"[\d.]+", found):
        return found, facts.where("app.url")
    return None


def identity(facts: Facts, called: str) -> Part:
    """The first lines of the specification."""
    part = Part()
    _image(facts, called, part)
    found = host(facts)
    if found is not None:
        part.line("host", *found)
    else:
        domain = (facts.text("session.domain") or "").removeprefix(".")
        inside = domain if fits(domain, Host) and not is_local(domain) else "example.com"
        part.line(
            "host", f"{called}.{inside}",
            fill="where users find it; APP_URL is no public address",
        )  # fmt: skip
    part.line(
        "secretName",
        f"{called}-env",
        "",
        "A Secret that you make: `holdfast render` names its keys.",
    )
    part.line("laravel", facts.major, facts.project.release.place)
    _inside(facts, part)
    return part


def _image(facts: Facts, called: str, part: Part) -> None:
    asked = facts.asked.image
    if asked is None:
        part.line(
            "image", f"registry.example.com/{called}:1.0.0",
            fill="the image, by digest or by a tag that never moves",
        )  # fmt: skip
        return
    if not fits(asked, Image):
        raise UsageError(
            f"--image {asked[:80]} is no image", hint="for example --image registry.io/shop:1.2.3"
        )
    part.line("image", asked, "--image")


def _inside(facts: Facts, part: Part) -> None:
    """Where it is in its image, and as which user it runs."""
    image = facts.image
    if image is None:
        assumed = "assumed, as in the official images of PHP: there is no Dockerfile"
        part.line("root", _ROOT, assumed)
        part.line("user", _DEBIAN, assumed)
        return
    part.line(
        "root", (image.workdir or "").rstrip("/") or _ROOT,
        f"{image.file}, WORKDIR" if image.workdir else f"assumed: {image.file} has no WORKDIR",
    )  # fmt: skip
    if image.user:
        part.line("user", image.user, f"{image.file}, USER")
        return
    alpine = "alpine" in image.base
    user = _ALPINE if alpine and "serversideup" not in image.base else _DEBIAN
    part.line("user", user, f"www-data of {'Alpine' if alpine else 'Debian'}: {image.file}, FROM")
