@extends('layout')
@section('content')
<form method="POST" action="/login">
    @csrf
    <p>{{ $errors->first('email') }}</p>
    <label>E-mail <input type="email" name="email"></label>
    <label>Password <input type="password" name="password"></label>
    <button>Log in</button>
</form>
@endsection
