<?php

namespace Holdfast\Rehearsal;

use Illuminate\Bus\Queueable;
use Illuminate\Contracts\Queue\ShouldQueue;
use Illuminate\Queue\InteractsWithQueue;
use Illuminate\Support\Facades\Redis;

/** A job that writes down that it has begun and that it has ended. */
final class SlowJob implements ShouldQueue
{
    use InteractsWithQueue;
    use Queueable;

    public function __construct(private string $name, private float $seconds)
    {
    }

    public function handle(): void
    {
        Redis::rpush('begun', $this->name);
        $end = microtime(true) + $this->seconds;
        while (microtime(true) < $end) { // A signal ends one usleep, not the job.
            usleep(20_000);
        }
        Redis::rpush('ended', $this->name);
    }
}
