<?php

use Illuminate\Support\Str;

return [
    'driver' => env('SESSION_DRIVER', 'file'),
    'lifetime' => (int) env('SESSION_LIFETIME', 120),
    'expire_on_close' => false,
    'encrypt' => (bool) env('SESSION_ENCRYPT', false),
    'serialization' => env('SESSION_SERIALIZATION', 'php'), // Laravel 9 on
    'files' => env('SESSION_FILES', storage_path('framework/sessions')),
    'connection' => env('SESSION_CONNECTION'),
    'table' => env('SESSION_TABLE', 'sessions'),
    'store' => env('SESSION_STORE'),
    'lottery' => array_map('intval', explode(',', env('SESSION_LOTTERY', '2,100'))),
    'cookie' => env('SESSION_COOKIE', Str::slug(env('APP_NAME', 'laravel'), '_') . '_session'),
    'path' => '/',
    'domain' => null,
    'secure' => (bool) env('SESSION_SECURE_COOKIE', false),
    'http_only' => true,
    'same_site' => env('SESSION_SAME_SITE', 'lax'),
    // As `->block(10, 10)` on every route; StartSession reads it in 8.83 and later.
    'block' => (bool) env('SESSION_BLOCK', false),
    'block_store' => env('SESSION_BLOCK_STORE'),
    'block_lock_seconds' => (int) env('SESSION_BLOCK_LOCK_SECONDS', 10), // Laravel 10 on
    'block_wait_seconds' => (int) env('SESSION_BLOCK_WAIT_SECONDS', 10),
];
