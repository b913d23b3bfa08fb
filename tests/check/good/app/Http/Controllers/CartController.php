<?php

namespace App\Http\Controllers;

use App\Prices;
use Illuminate\Http\Request;

class CartController
{
    public function show(Request $request, Prices $prices)
    {
        $cart = $request->session()->get('cart', []);

        return view('cart', ['items' => $cart, 'total' => $prices->written(array_sum($cart))]);
    }

    public function add(Request $request)
    {
        $validated = $request->validate(['sku' => 'required|string|max:40', 'cents' => 'required|integer']);
        $request->session()->put('cart.'.$validated['sku'], (int) $validated['cents']);

        return redirect('/cart');
    }
}
