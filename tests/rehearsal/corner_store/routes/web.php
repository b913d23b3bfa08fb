<?php

use Illuminate\Http\Request;
use Illuminate\Support\Facades\Auth;
use Illuminate\Support\Facades\Route;

Route::view('/', 'store');
Route::redirect('/start', '/welcome');
Route::redirect('/welcome', '/');
Route::get('/broken', static fn () => throw new RuntimeException('broken on purpose'));

Route::view('/login', 'login');
Route::post('/login', static function (Request $request) {
    if (!Auth::attempt($request->only('email', 'password'))) {
        return back()->withErrors(['email' => 'Unknown e-mail address or password.']);
    }
    $request->session()->regenerate();

    return redirect('/account');
});
Route::get('/account', static function () {
    return Auth::check() ? view('account', ['number' => Auth::id()]) : redirect('/login');
});
