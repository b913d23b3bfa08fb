<?php

namespace Holdfast\Rehearsal;

use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Auth;

/**
 * What a shop does with a session, as ordinary Laravel code does it.
 *
 * Every action reads its value first, is held for `ms`, and then writes what follows from that value:
 * the window in which a slow query lets another request of the same browser in.
 */
final class Shop
{
    private const PRODUCTS = [
        'anchor', 'buoy', 'cleat', 'fender', 'halyard', 'lantern', 'mooring', 'pennant',
    ];

    private const LONGEST_HOLD_MS = 2000;

    public function catalogue(): JsonResponse
    {
        return new JsonResponse(self::PRODUCTS);
    }

    public function state(Request $request): JsonResponse
    {
        self::hold($request);

        return self::answer();
    }

    public function open(Request $request): JsonResponse
    {
        $kept = session('lineage');
        self::hold($request);
        session(['lineage' => $kept ?? self::field($request, 'lineage')]);

        return self::answer();
    }

    public function login(Request $request): JsonResponse
    {
        $user = (new Accounts())->retrieveById(self::field($request, 'user'));
        abort_if($user === null, 422);
        self::hold($request);
        Auth::login($user);
        $request->session()->regenerate();

        return self::answer();
    }

    public function cart(Request $request): JsonResponse
    {
        $cart = session('cart', []);
        self::hold($request);
        session(['cart' => [...$cart, self::field($request, 'item')]]);

        return self::answer();
    }

    public function count(Request $request): JsonResponse
    {
        $count = session('count', 0);
        self::hold($request);
        session(['count' => $count + 1]);

        return self::answer();
    }

    public function mark(Request $request): JsonResponse
    {
        $marks = session('marks', []);
        self::hold($request);
        $marks[self::field($request, 'key')] = self::field($request, 'value');
        session(['marks' => $marks]);

        return self::answer();
    }

    public function checkout(Request $request): JsonResponse
    {
        $cart = session('cart', []);
        $orders = session('orders', []);
        self::hold($request);
        session(['cart' => [], 'orders' => [...$orders, ...$cart]]);

        return self::answer();
    }

    public function logout(Request $request): JsonResponse
    {
        self::hold($request);
        Auth::logout();
        $request->session()->invalidate();
        $request->session()->regenerateToken();

        return self::answer();
    }

    private static function hold(Request $request): void
    {
        $ms = min(self::LONGEST_HOLD_MS, max(0, (int) $request->input('ms', 0)));
        $until = hrtime(true) + $ms * 1_000_000;
        // php-fpm's stop signal wakes a sleeper early, and would not hurry a slow query.
        while (($left = $until - hrtime(true)) > 0) {
            usleep(intdiv($left, 1000) + 1);
        }
    }

    private static function field(Request $request, string $name): string
    {
        $value = $request->post($name);
        abort_unless(is_string($value), 422);

        return $value;
    }

    private static function answer(): JsonResponse
    {
        $session = session();
        // A change of APP_KEY must not give one session two handles.
        $handleKey = getenv('HOLDFAST_HANDLE_KEY') ?: config('app.key');

        return new JsonResponse([
            'replica' => (string) getenv('HOLDFAST_REPLICA'),
            'generation' => (int) getenv('HOLDFAST_GENERATION'),
            'session' => substr(hash_hmac('sha256', $session->getId(), $handleKey), 0, 12),
            'lineage' => $session->get('lineage'),
            'user' => Auth::id(),
            'token' => $session->token(),
            'cart' => $session->get('cart', []),
            'orders' => $session->get('orders', []),
            'count' => $session->get('count', 0),
            'marks' => (object) $session->get('marks', []),
        ]);
    }
}
