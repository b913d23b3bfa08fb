<?php

namespace App\Http\Controllers;

use Illuminate\Http\Request;

class PostController
{
    public function store(Request $request)
    {
        $path = $request->file('picture')->store('pictures');

        return redirect('/posts')->with('picture', $path);
    }
}
