<?php

use Illuminate\Support\Str;

$sql = [
    'host' => env('DB_HOST', '127.0.0.1'),
    'database' => env('DB_DATABASE', 'laravel'),
    'username' => env('DB_USERNAME', 'laravel'),
    'password' => env('DB_PASSWORD', ''),
    'prefix' => '',
];

$redis = [
    'url' => env('REDIS_URL'),
    'host' => env('REDIS_HOST', '127.0.0.1'),
    'port' => env('REDIS_PORT', '6379'),
    'username' => env('REDIS_USERNAME'),
    'password' => env('REDIS_PASSWORD'),
];

return [
    'default' => env('DB_CONNECTION', 'sqlite'),
    'connections' => [
        'sqlite' => ['driver' => 'sqlite', 'foreign_key_constraints' => true] + $sql,
        'mysql' => ['driver' => 'mysql', 'port' => env('DB_PORT', '3306'), 'charset' => 'utf8mb4',
            'collation' => 'utf8mb4_unicode_ci', 'strict' => true] + $sql,
        'pgsql' => ['driver' => 'pgsql', 'port' => env('DB_PORT', '5432'), 'charset' => 'utf8',
            'search_path' => 'public', 'sslmode' => 'prefer'] + $sql,
    ],
    'migrations' => 'migrations',
    'redis' => [
        'client' => 'phpredis',
        'options' => [
            'prefix' => env('REDIS_PREFIX', Str::slug(env('APP_NAME', 'laravel'), '_') . '_database_'),
        ],
        'default' => $redis + ['database' => env('REDIS_DB', '0')],
        'cache' => $redis + ['database' => env('REDIS_CACHE_DB', '1')],
    ],
];
