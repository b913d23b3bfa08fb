<?php

use Laravel\Octane\Contracts\OperationTerminated;
use Laravel\Octane\Events\RequestReceived;
use Laravel\Octane\Events\WorkerStarting;
use Laravel\Octane\Listeners\EnsureUploadedFilesAreValid;
use Laravel\Octane\Listeners\FlushTemporaryContainerInstances;
use Laravel\Octane\Octane;

return [
    'server' => env('OCTANE_SERVER', 'frankenphp'),
    'https' => env('OCTANE_HTTPS', false),
    'listeners' => [
        WorkerStarting::class => [EnsureUploadedFilesAreValid::class],
        RequestReceived::class => [
            ...Octane::prepareApplicationForNextOperation(),
            ...Octane::prepareApplicationForNextRequest(),
        ],
        OperationTerminated::class => [FlushTemporaryContainerInstances::class],
    ],
    'warm' => [
        ...Octane::defaultServicesToWarm(),
    ],
    'flush' => [],
    'cache' => ['rows' => 1000, 'bytes' => 10000],
    'garbage' => 50,
    'max_execution_time' => 45,
];
