"""Which supervisors Horizon starts (laravel/horizon, ProvisioningPlan.php)."""

from __future__ import annotations

import pytest

from holdfast.project.horizon import Supervisor, supervisors
from holdfast.project.project import load
from holdfast.project.values import Unknown


@pytest.fixture
def planned(project):
    def plan(text: str, environment: str = "production"):
        return supervisors(load(project({"config/horizon.php": f"<?php\n{text}"}), {}), environment)

    return plan


def test_an_environment_over_the_defaults(planned):
    found = planned("""return [
        'defaults' => [
            'one' => ['queue' => ['default', 'mails'], 'timeout' => 90, 'tries' => 3],
            'two' => ['queue' => 'reports, exports', 'processes' => 2, 'memory' => 256],
        ],
        'environments' => [
            'local' => ['one' => ['maxProcesses' => 99]],
            'production' => ['one' => ['maxProcesses' => 8, 'queue' => ['high']]],
        ],
    ];""")
    assert found == (
        Supervisor("one", ("high", "mails"), 90, 8, 3, 128, "config/horizon.php:4"),
        Supervisor("two", ("reports", "exports"), 60, 2, 0, 256, "config/horizon.php:5"),
    )


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("production", ["s"]),
        ("prod*", ["s"]),
        ("*", ["s"]),
        ("staging", []),
        ("prod", []),
        ("production?", []),
        ("[p]roduction", []),
    ],
)
def test_patterns(planned, pattern, names):
    found = planned(f"return ['environments' => ['{pattern}' => ['s' => []]]];")
    assert [each.name for each in found] == names


def test_the_first_that_fits(planned):
    found = planned("return ['environments' => ['p*' => ['a' => []], '*' => ['b' => []]]];")
    assert [(each.name, each.queues, each.timeout) for each in found] == [("a", (), 60)]


def test_old_names(planned):
    text = "return ['environments' => ['*' => ['s' => ['max_processes' => 4, 'timeout' => '7']]]];"
    (found,) = planned(text)
    assert (found.processes, found.timeout) == (4, 7)


@pytest.mark.parametrize(
    "text",
    [
        "return ['environments' => f()];",
        "return ['environments' => ['production' => f()]];",
        "return ['environments' => ['local' => [], ...f()]];",
        "return ['name' => 'x'];",
    ],
)
def test_what_cannot_be_told(planned, text):
    found = planned(text)
    assert isinstance(found, Unknown)
    assert found.place.startswith("config/horizon.php")


def test_odd_values_do_not_stop_it(planned):
    found = planned("""return ['environments' => ['*' => [
        's' => ['queue' => null, 'timeout' => [], 'maxProcesses' => f(), 'memory' => 'much'],
        't' => 5,
    ]]];""")
    assert [(e.name, e.queues, e.timeout, e.processes, e.memory) for e in found] == [
        ("s", (), 60, 1, 128)
    ]
