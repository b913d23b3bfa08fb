"""What is refused of web pods, and what was decided about those that are not."""

from __future__ import annotations

import pytest

from holdfast.kube.app import Object
from holdfast.kube.refusals import web
from holdfast.kube.web import deployment

from .conftest import application

REFUSED = [
    ("web.port", {"web": {"port": 2019}}, {"web": {"port": 2018}}),
    ("web.port", {"web": {"port": 9253}}, {"web": {"port": 8080}}),
    ("web.grace", {"web": {"grace": 44}}, {"web": {"grace": 45}}),
    (
        "web.grace",
        {"web": {"grace": 60, "drain": 30, "longestRequest": 26}},
        {"web": {"grace": 60, "drain": 30, "longestRequest": 25}},
    ),
    (
        "web.drain",
        {"web": {"runtime": "frankenphp", "drain": 4}},
        {"web": {"runtime": "frankenphp", "drain": 5}},
    ),
    ("web.max", {"web": {"min": 3, "max": 2}}, {"web": {"min": 3, "max": 3}}),
    (
        "web.server",
        {"web": {"server": "swoole"}},
        {"web": {"server": "swoole", "runtime": "octane"}},
    ),
    (
        "web.health",
        {"laravel": 10, "web": {"runtime": "octane"}},
        {"laravel": 10, "web": {"runtime": "octane", "health": "/healthz"}},
    ),
    (
        "web.health",
        {"laravel": 10, "web": {"runtime": "frankenphp"}},
        {"laravel": 11, "web": {"runtime": "frankenphp"}},
    ),
    (
        "web.autoscale.busy",
        {"web": {"autoscale": {"busy": 80}}},
        {"web": {"autoscale": {"busy": 80}}, "monitoring": {}},
    ),
    (
        "web.autoscale.busy",
        {"web": {"runtime": "octane", "autoscale": {"busy": 80}}, "monitoring": {}},
        {"web": {"runtime": "octane", "autoscale": {"cpu": 80}}, "monitoring": {}},
    ),
]


def refused(spec: Object) -> list[str]:
    return [".".join(map(str, one.path)) for one in web.refusals(application(**spec))]


@pytest.mark.parametrize(("path", "wrong", "right"), REFUSED)
def test_it_is_refused_where_it_stands(path: str, wrong: Object, right: Object) -> None:
    assert refused(wrong) == [path]
    assert refused(right) == []


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"laravel": 8},
        {"web": {"min": 1, "max": 1}},
        {"web": {"runtime": "octane"}},
    ],
)
def test_what_is_usual_is_not(spec: Object) -> None:
    assert refused(spec) == []


def decided(subject: str, **spec: object) -> list[str]:
    return [
        f"{one.choice}: {one.because}"
        for one in deployment.decisions(application(**spec))
        if one.subject == subject
    ]


def test_the_stop_is_computed_before_ones_eyes() -> None:
    [said] = decided("stop of web pods", web={"drain": 12, "longestRequest": 50})
    assert said.startswith("67 s: 12 s until edges know")
    assert "50 s for the longest request" in said
    assert "each stop waits so long" not in said
    [said] = decided("stop of web pods", web={"runtime": "frankenphp"})
    assert "each stop waits so long" in said
    assert decided("stop of web pods", web={"grace": 99}) == ["99 s: web.grace says so"]


@pytest.mark.parametrize(
    ("web", "told"),
    [
        ({}, ["2: web.max above web.min scales them"]),
        ({"max": 8}, ["2 to 8, by 70 % of PHP's processor: "]),
        ({"max": 8, "autoscale": {"busy": 60}}, ["2 to 8, by 70 % of PHP's processor, or 60 % of"]),
        ({"min": 1}, ["1: deployments and drains lose nobody"]),
    ],
)
def test_the_number_is_explained(web: Object, told: list[str]) -> None:
    found = decided("number of web pods", web=web)
    assert [one[: len(said)] for one, said in zip(found, told, strict=True)] == told


@pytest.mark.parametrize(
    ("memory", "processes", "said"),
    [("512Mi", 10, 0), ("400Mi", 10, 0), ("399Mi", 10, 1), ("512Mi", 64, 1)],
)
def test_too_little_memory_is_said_and_not_refused(memory: str, processes: int, said: int) -> None:
    web = {"resources": {"memory": memory}, "processes": processes}
    assert len(decided("memory of web pods", web=web)) == said
    assert refused({"web": web}) == []


def test_a_tag_is_said_to_be_one() -> None:
    assert decided("image", image="registry.example.com/shop:1.2.3")
    assert not decided("image")


@pytest.mark.parametrize(
    ("web", "said"),
    [
        ({"runtime": "octane", "longestRequest": 31}, 1),
        ({"runtime": "octane", "longestRequest": 30}, 0),
        ({"longestRequest": 31}, 0),
    ],
)
def test_octanes_own_limit_is_said(web: Object, said: int) -> None:
    assert len(decided("longest request", web=web)) == said


@pytest.mark.parametrize(
    ("web", "said"),
    [
        ({"runtime": "octane", "server": "swoole"}, 1),
        ({"runtime": "octane", "server": "swoole", "maxBody": "10241Ki"}, 1),
        ({"runtime": "octane", "server": "swoole", "maxBody": "10Mi"}, 0),
        ({"runtime": "octane", "server": "roadrunner"}, 0),
        ({}, 0),
    ],
)
def test_swooles_own_limit_is_said(web: Object, said: int) -> None:
    assert len(decided("largest body", web=web)) == said


@pytest.mark.parametrize(
    ("web", "said"),
    [
        ({}, 0),
        ({"runtime": "frankenphp"}, 1),
        ({"runtime": "octane"}, 1),
        ({"runtime": "octane", "server": "frankenphp"}, 1),
        ({"runtime": "octane", "server": "swoole"}, 0),
    ],
)
def test_a_capability_is_explained(web: Object, said: int) -> None:
    assert len(decided("capability of web pods", web=web)) == said


def test_probes_are_explained() -> None:
    assert "asks /up" in decided("probes of web pods")[0]
    assert "asks php-fpm's ping" in decided("probes of web pods", laravel=9)[0]
