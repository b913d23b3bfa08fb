<?php

use Illuminate\Support\Str;

// The session's locks (`session.block`) live in the default store.
return [
    'default' => env('CACHE_DRIVER', 'file'),
    'stores' => [
        'array' => ['driver' => 'array', 'serialize' => false],
        'file' => ['driver' => 'file', 'path' => env('CACHE_FILES', storage_path('framework/cache/data'))],
        'database' => ['driver' => 'database', 'table' => 'cache', 'connection' => null],
        'memcached' => ['driver' => 'memcached', 'servers' => [
            ['host' => env('MEMCACHED_HOST', '127.0.0.1'), 'port' => env('MEMCACHED_PORT', 11211), 'weight' => 100],
        ]],
        'redis' => ['driver' => 'redis', 'connection' => 'cache', 'lock_connection' => 'default'],
    ],
    'prefix' => env('CACHE_PREFIX', Str::slug(env('APP_NAME', 'laravel'), '_') . '_cache'),
];
