<?php

use Holdfast\Rehearsal\Failures;
use Holdfast\Rehearsal\Kernel;
use Illuminate\Contracts\Console\Kernel as ConsoleKernel;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Contracts\Http\Kernel as HttpKernel;
use Illuminate\Foundation\Application;

// A warning printed before the headers would cost every Set-Cookie; `php -S` takes even 'stderr' for on.
ini_set('display_errors', '0');
ini_set('log_errors', '1');

require_once getenv('LARAVEL_AUTOLOAD') ?: '/usr/share/php/Illuminate/autoload.php';

spl_autoload_register(static function (string $class): void {
    if (str_starts_with($class, 'Holdfast\\Rehearsal\\')) {
        require __DIR__ . '/app/' . substr($class, strlen('Holdfast\\Rehearsal\\')) . '.php';
    }
});

// Beside its code, in an image that is built for it; elsewhere in a rehearsal, where replicas share the code.
$storage = getenv('POD_STORAGE') ?: __DIR__ . '/storage';
if (! is_dir($storage)) {
    throw new RuntimeException('POD_STORAGE must name the directory that this replica writes to');
}
if (getenv('POD_STORAGE')) {
    foreach (['framework/sessions', 'framework/cache/data', 'logs', 'bootstrap'] as $directory) {
        // Two workers may meet here at the first requests; the second finds it made.
        is_dir("$storage/$directory") || @mkdir("$storage/$directory", 0700, true);
    }
    // The framework writes two manifests beside its source unless told of an absolute path.
    $_ENV['APP_SERVICES_CACHE'] = $_SERVER['APP_SERVICES_CACHE'] = "$storage/bootstrap/services.php";
    $_ENV['APP_PACKAGES_CACHE'] = $_SERVER['APP_PACKAGES_CACHE'] = "$storage/bootstrap/packages.php";
}

$app = new Application(__DIR__);
$app->useStoragePath($storage);
$app->singleton(HttpKernel::class, Kernel::class);
$app->singleton(ConsoleKernel::class, Illuminate\Foundation\Console\Kernel::class);
$app->singleton(ExceptionHandler::class, Failures::class);

return $app;
