<?php

namespace App;

final class Prices
{
    public function __construct(private readonly string $currency)
    {
    }

    public function written(int $cents): string
    {
        return number_format($cents / 100, 2).' '.$this->currency;
    }
}
