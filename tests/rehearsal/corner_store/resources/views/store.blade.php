@extends('layout')
@section('content')
<h1>{{ config('app.name') }}</h1>
<p><a href="/login">Log in</a></p>
@endsection
