"""What an application queues: classes, queues, timeouts."""

from __future__ import annotations

import pytest

from holdfast.project.directory import Directory
from holdfast.project.queued import QueuedClass, queued
from holdfast.project.values import Spot


@pytest.fixture
def found(project):
    return lambda files: queued(Directory(project(files)))


def test_classes_and_what_they_say(found):
    work = found({
        "app/Jobs/A.php": """<?php
use Illuminate\\Contracts\\Queue\\ShouldQueue;
class A implements ShouldQueue {
    public $queue = 'reports';
    public int $timeout = 600;
}
""",
        "app/Jobs/B.php": "<?php class B implements \\Illuminate\\Contracts\\Queue\\ShouldQueue {}",
        "app/Jobs/C.php": "<?php class C { public $queue = 'none'; } // ShouldQueue",
    })  # fmt: skip
    assert work.classes == (
        QueuedClass("A", "reports", 600, Spot("app/Jobs/A.php", 5, 27)),
        QueuedClass("B", "", None, Spot("app/Jobs/B.php", 1, 7)),
    )
    assert work.queues == {"reports": Spot("app/Jobs/A.php", 5, 27)}


def test_attributes(found):
    work = found({
        "app/Jobs/A.php": """<?php
use Illuminate\\Contracts\\Queue\\ShouldQueue;
use Illuminate\\Queue\\Attributes\\Queue;
use Illuminate\\Queue\\Attributes\\Timeout;
#[Queue('exports')]
#[Timeout(900), Other('x')]
class A implements ShouldQueue {}
#[Queue('not-this')]
class B {}
""",
    })  # fmt: skip
    assert [(each.name, each.queue, each.timeout) for each in work.classes] == [
        ("A", "exports", 900)
    ]
    assert list(work.queues) == ["exports"]


def test_a_method_says_the_timeout(found):
    text = "<?php class A implements ShouldQueue { public $timeout = 5; function timeout() {} }"
    assert [each.timeout for each in found({"app/A.php": text}).classes] == [None]


@pytest.mark.parametrize(
    ("code", "queues", "unknown"),
    [
        ("A::dispatch()->onQueue('mails');", ["mails"], 0),
        ("$chain->allOnQueue('chain');", ["chain"], 0),
        ("Queue::pushOn('push', new A);", ["push"], 0),
        ("Queue::laterOn('later', 5, new A);", ["later"], 0),
        ("A::dispatch()->onQueue(queue: 'named');", ["named"], 0),
        ("A::dispatch()->onQueue(null);", [], 0),
        ("A::dispatch()->onQueue($x);", [], 1),
        ("A::dispatch()->onQueue(config('a.b'));", [], 1),
        ("// ->onQueue('comment')", [], 0),
    ],
)
def test_names_in_code(found, code, queues, unknown):
    work = found({"app/X.php": f"<?php\n{code}\n"})
    assert list(work.queues) == queues
    assert len(work.unknown) == unknown


def test_broken_files_are_told(found):
    work = found({"app/X.php": "<?php class A implements ShouldQueue {"})
    assert [str(broken.spot) for broken in work.broken] == ["app/X.php:1:1"]
    assert work.classes == ()
