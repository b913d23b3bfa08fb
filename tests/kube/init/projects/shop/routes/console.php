<?php

use App\Jobs\MakeReport;
use Illuminate\Support\Facades\Artisan;
use Illuminate\Support\Facades\Schedule;

Artisan::command('inspire', function () {
    $this->comment('Keep going.');
})->purpose('Display a quote');

Schedule::command('horizon:snapshot')->everyFiveMinutes();
Schedule::job(new MakeReport)->dailyAt('03:00')->onOneServer();
Schedule::call(fn () => cache()->forget('prices'))->everyTenSeconds();
