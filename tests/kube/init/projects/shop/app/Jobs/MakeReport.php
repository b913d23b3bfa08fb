<?php

namespace App\Jobs;

use Illuminate\Bus\Queueable;
use Illuminate\Contracts\Queue\ShouldQueue;
use Illuminate\Foundation\Bus\Dispatchable;

class MakeReport implements ShouldQueue
{
    use Dispatchable, Queueable;

    public $queue = 'reports';

    public int $timeout = 600;

    public function handle(): void
    {
    }
}
