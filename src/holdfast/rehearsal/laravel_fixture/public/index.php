<?php

// The front controller of one replica, under php-fpm as under `php -S`.

// Set before the framework is loaded: a fatal error must say who answered too.
header('X-Holdfast-Replica: ' . getenv('HOLDFAST_REPLICA'));
header('X-Holdfast-Generation: ' . getenv('HOLDFAST_GENERATION'));

$app = require dirname(__DIR__) . '/bootstrap.php';

$kernel = $app->make(Illuminate\Contracts\Http\Kernel::class);
$request = Illuminate\Http\Request::capture();
$response = $kernel->handle($request);
$response->send();
$kernel->terminate($request, $response);
