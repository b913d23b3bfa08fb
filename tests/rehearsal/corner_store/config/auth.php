<?php

return [
    'defaults' => ['guard' => 'web', 'passwords' => 'users'],
    'guards' => ['web' => ['driver' => 'session', 'provider' => 'customers']],
    'providers' => ['customers' => ['driver' => 'customers']],
    'customer_password' => env('CUSTOMER_PASSWORD'),
];
