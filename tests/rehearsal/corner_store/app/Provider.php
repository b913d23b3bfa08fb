<?php

namespace App;

use Illuminate\Foundation\Support\Providers\RouteServiceProvider;
use Illuminate\Support\Facades\Auth;
use Illuminate\Support\Facades\Route;

final class Provider extends RouteServiceProvider
{
    public function boot(): void
    {
        Auth::provider('customers', static fn (): Customers => new Customers());
    }

    public function map(): void
    {
        Route::middleware('web')->group(base_path('routes/web.php'));
        Route::middleware('unprotected')->get('/unprotected', static fn (): string => 'a page without a form');
        // Routes without a session.
        Route::redirect('/elsewhere', 'https://example.com/');
        Route::get('/ping', static fn (): string => 'pong');
    }
}
