<?php

use Illuminate\Support\Str;

return [
    'default' => env('DB_CONNECTION', 'mysql'),
    'connections' => [
        'mysql' => [
            'driver' => 'mysql',
            'host' => env('DB_HOST', '127.0.0.1'),
            'port' => env('DB_PORT', '3306'),
            'database' => env('DB_DATABASE', 'corner_store'),
            'username' => env('DB_USERNAME', 'corner_store'),
            'password' => env('DB_PASSWORD', ''),
        ],
    ],
    'migrations' => 'migrations',
    'redis' => [
        'client' => env('REDIS_CLIENT', 'phpredis'),
        'options' => [
            'prefix' => env('REDIS_PREFIX', Str::slug(env('APP_NAME', 'laravel'), '_') . '_database_'),
        ],
        'default' => ['host' => '127.0.0.1', 'password' => null, 'port' => '1', 'database' => '0'],
        'cache' => ['host' => '127.0.0.1', 'password' => null, 'port' => '1', 'database' => '1'],
    ],
];
