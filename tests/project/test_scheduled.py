"""What is scheduled, and what of it more often than each minute."""

from __future__ import annotations

import pytest

from holdfast.project.directory import Directory
from holdfast.project.scheduled import scheduled

KERNEL = """<?php
class Kernel {{
    protected function schedule(Schedule $schedule): void {{
        {0}
    }}
}}
"""


@pytest.fixture
def found(project):
    return lambda name, text: scheduled(Directory(project({name: text})))


@pytest.mark.parametrize(
    ("code", "tasks", "seconds"),
    [
        ("Schedule::command('a')->daily();", 1, 0),
        ("Schedule::job(new A)->everyTenSeconds();", 1, 1),
        ("Schedule::call(fn () => 1)->everySecond();", 1, 1),
        ("Schedule::exec('x')->everyThirtySeconds()->withoutOverlapping();", 1, 1),
        ("Schedule::command('a'); Schedule::command('b')->everyTwoSeconds();", 2, 1),
        ("App\\Console\\Schedule::command('a', 'daily');", 1, 0),
        ("Artisan::command('a', fn () => 1)->purpose('x')->hourly();", 1, 0),
        ("Artisan::command('a', fn () => 1)->everyFifteenSeconds();", 1, 1),
        ("Artisan::command('a', fn () => 1)->purpose('x');", 0, 0),
        ("// Schedule::command('a')->everyTenSeconds();", 0, 0),
        ("Other::command('a')->daily(); // Schedule::", 0, 0),
        ("$x->everySecond(); // Schedule::", 0, 0),
    ],
)
def test_of_console(found, code, tasks, seconds):
    text = f"<?php\nuse Illuminate\\Support\\Facades\\Schedule;\n{code}\n"
    schedule = found("routes/console.php", text)
    assert (len(schedule.tasks), len(schedule.seconds)) == (tasks, seconds)
    assert all(spot.file == "routes/console.php" for spot in schedule.tasks)


@pytest.mark.parametrize(
    ("code", "tasks", "seconds"),
    [
        ("$schedule->command('a')->daily();", 1, 0),
        ("$schedule->job(new A)->everyFiveSeconds();", 1, 1),
        ("// $schedule->command('inspire')->hourly();", 0, 0),
        ("$this->schedule->command('a')->daily();", 1, 0),
        ("$this->scheduleInstance->call(fn () => 1)->everySecond();", 1, 1),
        ("$this->scheduled()->command('a'); $schedule->useCache('x');", 0, 0),
        ("$other->command('a'); $schedule->useCache('redis');", 0, 0),
    ],
)
def test_of_a_kernel(found, code, tasks, seconds):
    schedule = found("app/Console/Kernel.php", KERNEL.format(code))
    assert (len(schedule.tasks), len(schedule.seconds)) == (tasks, seconds)


def test_of_bootstrap(found):
    text = "<?php $app->withSchedule(function (Schedule $schedule) { $schedule->call('x'); });"
    assert [str(spot) for spot in found("bootstrap/app.php", text).tasks] == [
        "bootstrap/app.php:1:69"
    ]


def test_broken_files_are_told(found):
    schedule = found("routes/console.php", "<?php Schedule::command(")
    assert (len(schedule.broken), schedule.tasks) == (1, ())
