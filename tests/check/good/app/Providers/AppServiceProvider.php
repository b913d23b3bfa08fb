<?php

namespace App\Providers;

use App\Prices;
use Illuminate\Support\ServiceProvider;

class AppServiceProvider extends ServiceProvider
{
    public function register(): void
    {
        $this->app->singleton(Prices::class, fn () => new Prices('EUR'));
    }
}
