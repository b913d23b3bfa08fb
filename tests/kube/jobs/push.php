<?php

// Sends jobs as an application does: arguments are queue:name:seconds, or queue:name:seconds:delay.

use Holdfast\Rehearsal\SlowJob;
use Illuminate\Contracts\Console\Kernel;
use Illuminate\Support\Facades\Queue;

$app = require getcwd() . '/bootstrap.php';
$app->make(Kernel::class)->bootstrap();

foreach (array_slice($argv, 1) as $word) {
    [$queue, $name, $seconds, $delay] = [...explode(':', $word), '0'];
    $job = new SlowJob($name, (float) $seconds);
    $delay ? Queue::laterOn($queue, (int) $delay, $job) : Queue::pushOn($queue, $job);
}
