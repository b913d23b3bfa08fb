<?php

namespace App\Http\Controllers;

use App\Jobs\SendInvoice;
use Illuminate\Http\Request;

class CheckoutController
{
    public function store(Request $request)
    {
        $request->file('receipt')->store('receipts');
        SendInvoice::dispatch()->onQueue('invoices');

        return redirect('/thanks');
    }
}
