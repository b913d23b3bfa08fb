@extends('layout')
@section('content')
<p>Customer {{ $number }}</p>
@endsection
