"""No rule raises for manifests in which anything may stand anywhere: the rules' own bad examples,
with values of them exchanged."""

from __future__ import annotations

import copy
import importlib
import random
import re

import pytest
import yaml

from holdfast.check.rules import RULES

FENCE = re.compile(r"^```\w+ (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
VALUES = (
    None, 1, -1, 1.5, True, "", "x", "{{", "0", "9" * 50, "a" * 300, "\u2028",
    [], {}, [1], [None], [[]], [{}], {"a": 1}, {"a": {"b": []}}, [{"name": 1}],
)  # fmt: skip
UNREADABLE = "HF001"
SEEDS = 40


def bad(rule):
    page = importlib.import_module(rule.check.__module__).__doc__
    return dict(FENCE.findall(page.partition("## Good")[0]))


EXAMPLES = [
    files
    for files in (bad(rule) for rule in RULES if rule.id != UNREADABLE)
    if any(name.endswith(".yaml") for name in files)
]


def paths(value, path=()):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from paths(value[key], (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths(item, (*path, index))


def mutated(draw, text):
    documents = [document for document in yaml.safe_load_all(text) if document]
    for _ in range(draw.randrange(1, 4)):
        owner = draw.choice(documents)
        path = draw.choice([p for p in paths(owner) if p and p[-1] not in ("kind", "apiVersion")])
        for step in path[:-1]:
            owner = owner[step]
        owner[path[-1]] = copy.deepcopy(draw.choice(VALUES))
    return yaml.safe_dump_all(documents, sort_keys=False)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_rule_raises(checked, seed):
    draw = random.Random(seed)
    changed = {
        name: mutated(draw, text) if name.endswith(".yaml") else text
        for name, text in draw.choice(EXAMPLES).items()
    }
    raised = [f.finding.message for f in checked(changed).found if f.rule.id == "HF000"]
    assert raised == []
