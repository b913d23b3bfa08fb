<?php

return [
    'default' => env('CACHE_STORE', 'redis'),
    'stores' => [
        'array' => ['driver' => 'array', 'serialize' => false],
        'database' => ['driver' => 'database', 'connection' => null, 'table' => 'cache'],
        'memcached' => [
            'driver' => 'memcached',
            'servers' => [
                ['host' => env('MEMCACHED_HOST', 'memcached'), 'port' => 11211, 'weight' => 100],
            ],
        ],
        'redis' => [
            'driver' => 'redis',
            'connection' => 'cache',
            'lock_connection' => 'cache',
        ],
    ],
    'prefix' => env('CACHE_PREFIX', 'shop-cache-'),
];
