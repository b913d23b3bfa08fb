<?php

// Laravel's own locks on demand: one JSON request a line, one JSON answer a line.

use Illuminate\Contracts\Cache\LockTimeoutException;
use Illuminate\Support\Facades\Cache;

$app = require getenv('FIXTURE') . '/bootstrap.php';
$app->make(Illuminate\Contracts\Http\Kernel::class)->bootstrap();

$taken = [];
while (($line = fgets(STDIN)) !== false) {
    $task = json_decode($line, true, flags: JSON_THROW_ON_ERROR);
    $name = $task['name'];
    switch ($task['do']) {
        case 'take':
            $lock = Cache::lock($name, $task['seconds']);
            $answer = $lock->get() ? $lock->owner() : null;
            $taken[$name] = $lock;
            break;
        case 'block': // as StartSession does
            $lock = Cache::lock($name, $task['seconds'])->betweenBlockedAttemptsSleepFor(50);
            try {
                $answer = $lock->block($task['wait']);
                $taken[$name] = $lock;
            } catch (LockTimeoutException) {
                $answer = false;
            }
            break;
        case 'give':
            $answer = $taken[$name]->release();
            break;
        case 'restore':
            $answer = Cache::restoreLock($name, $task['owner'])->release();
            break;
    }
    echo json_encode($answer, JSON_THROW_ON_ERROR), "\n";
    fflush(STDOUT);
}
