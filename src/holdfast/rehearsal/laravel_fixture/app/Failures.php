<?php

namespace Holdfast\Rehearsal;

use Illuminate\Foundation\Exceptions\Handler;
use Illuminate\Http\Response;
use Illuminate\Session\TokenMismatchException;
use Symfony\Component\HttpKernel\Exception\HttpExceptionInterface;
use Throwable;

/** Errors as plain text with the status of a stock application, whose pages would want views. */
final class Failures extends Handler
{
    public function report(Throwable $e): void
    {
        if (self::status($e) >= 500) {
            error_log(sprintf('%s: %s at %s:%d', $e::class, $e->getMessage(), $e->getFile(), $e->getLine()));
        }
    }

    public function render($request, Throwable $e): Response
    {
        return new Response($e::class . "\n", self::status($e), ['Content-Type' => 'text/plain']);
    }

    private static function status(Throwable $e): int
    {
        return match (true) {
            $e instanceof TokenMismatchException => 419,
            $e instanceof HttpExceptionInterface => $e->getStatusCode(),
            default => 500,
        };
    }
}
