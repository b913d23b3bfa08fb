<?php

namespace Holdfast\Rehearsal;

use Illuminate\Foundation\Support\Providers\RouteServiceProvider;
use Illuminate\Http\Response;
use Illuminate\Support\Facades\Auth;
use Illuminate\Support\Facades\Route;

/** The routes of the rehearsal's HTTP interface (rehearsal/protocol.py). */
final class Provider extends RouteServiceProvider
{
    private const PAGES = ['catalogue', 'state'];

    private const ACTIONS = ['open', 'login', 'cart', 'count', 'mark', 'checkout', 'logout'];

    public function boot(): void
    {
        Auth::provider('numbered', static fn (): Accounts => new Accounts());
    }

    public function map(): void
    {
        Route::get('/healthz', static fn (): Response => new Response('ok', 200, ['Content-Type' => 'text/plain']));

        Route::middleware('web')->group(static function (): void {
            foreach (self::PAGES as $page) {
                Route::get("/$page", [Shop::class, $page]);
            }
            foreach (self::ACTIONS as $action) {
                Route::post("/$action", [Shop::class, $action]);
            }
        });
    }
}
