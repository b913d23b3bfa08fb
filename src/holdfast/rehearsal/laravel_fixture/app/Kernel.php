<?php

namespace Holdfast\Rehearsal;

use Illuminate\Cookie\Middleware\AddQueuedCookiesToResponse;
use Illuminate\Cookie\Middleware\EncryptCookies;
use Illuminate\Foundation\Bootstrap;
use Illuminate\Foundation\Http\Middleware\VerifyCsrfToken;
use Illuminate\Session\Middleware\StartSession;

/** The middleware of a stock application's `web` group, and nothing around it. */
final class Kernel extends \Illuminate\Foundation\Http\Kernel
{
    protected $middleware = [];

    protected $middlewareGroups = [
        'web' => [
            EncryptCookies::class,
            AddQueuedCookiesToResponse::class,
            StartSession::class,
            VerifyCsrfToken::class,
        ],
    ];

    // The stock list without .env: a pod is configured by its environment.
    protected $bootstrappers = [
        Bootstrap\LoadConfiguration::class,
        Bootstrap\HandleExceptions::class,
        Bootstrap\RegisterFacades::class,
        Bootstrap\RegisterProviders::class,
        Bootstrap\BootProviders::class,
    ];
}
