"""Applications for tests, as a person would write them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from holdfast.kube.app import USUAL, App
from holdfast.kube.spec.laravel_app import Spec

IMAGE = "registry.example.com/shop@sha256:" + "0123456789abcdef" * 4


def application(*, name: str = "shop", kubernetes: int = USUAL, **spec: Any) -> App:
    """An App of what stands below ``spec`` in a file, in the file's spelling."""
    smallest = {"image": IMAGE, "host": "shop.example.com", "secretName": "shop-env"}
    return App(name=name, spec=msgspec.convert(smallest | spec, Spec), kubernetes=kubernetes)


@pytest.fixture
def app() -> App:
    """The smallest."""
    return application()
