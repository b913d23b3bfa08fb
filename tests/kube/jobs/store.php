<?php

// What Laravel does with the Redis of its sessions, as JSON; what it must not is tried, too.

use Illuminate\Contracts\Console\Kernel;
use Illuminate\Support\Facades\Cache;
use Illuminate\Support\Facades\Queue;
use Illuminate\Support\Facades\Redis;

$app = require getcwd() . '/bootstrap.php';
$app->make(Kernel::class)->bootstrap();
config(['queue.connections.redis' => [
    'driver' => 'redis', 'connection' => 'default', 'queue' => 'default', 'retry_after' => 90, 'block_for' => null,
]]);

function tried(callable $act)
{
    try {
        return $act();
    } catch (Throwable $error) {
        return 'refused: ' . $error->getMessage();
    }
}

$session = $app['session']->driver();
$session->start();
$session->put('cart', 3);
$session->save();

$queue = Queue::connection('redis');
$queue->pushRaw('{"id": "1", "job": "x", "attempts": 0}');
$job = $queue->pop();
$job->release(0);
$again = $queue->pop();
$counted = [$again->attempts(), $queue->size()];
$again->delete();

// What loses everybody's sessions elsewhere.
$harm = [
    'flushdb' => tried(fn () => Redis::connection()->flushdb()),
    'keys' => tried(fn () => Redis::connection()->keys('*')),
    'cache' => tried(fn () => Cache::store('redis')->flush()),
];

$later = $app['session']->driver()->getHandler()->read($session->getId());
echo json_encode([
    'cart' => unserialize($later)['cart'] ?? null,
    'job' => $counted,
    'left' => $queue->size(),
] + $harm);
