<?php

use Illuminate\Support\Str;

return [
    'name' => env('HORIZON_NAME'),
    'domain' => env('HORIZON_DOMAIN'),
    'path' => env('HORIZON_PATH', 'horizon'),
    'use' => 'default',
    'prefix' => env('HORIZON_PREFIX', Str::slug(env('APP_NAME', 'laravel'), '_').'_horizon:'),
    'middleware' => ['web'],
    'waits' => ['redis:default' => 60],
    'fast_termination' => false,
    'memory_limit' => 64,
    'defaults' => [
        'supervisor-1' => [
            'connection' => 'redis',
            'queue' => ['default'],
            'balance' => 'auto',
            'maxProcesses' => 1,
            'memory' => 128,
            'tries' => 3,
            'timeout' => 60,
        ],
        'supervisor-long' => [
            'connection' => 'redis',
            'queue' => ['reports', 'exports'],
            'balance' => false,
            'maxProcesses' => 2,
            'memory' => 256,
            'tries' => 1,
            'timeout' => 300,
        ],
    ],
    'environments' => [
        'production' => [
            'supervisor-1' => ['maxProcesses' => 8],
        ],
        'local' => [
            'supervisor-1' => ['maxProcesses' => 3],
        ],
    ],
];
