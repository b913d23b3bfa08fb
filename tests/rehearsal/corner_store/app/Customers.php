<?php

namespace App;

use Illuminate\Auth\GenericUser;
use Illuminate\Contracts\Auth\Authenticatable;
use Illuminate\Contracts\Auth\UserProvider;

/** customer1@example.com, customer2@example.com and so on, all with one password and no table. */
final class Customers implements UserProvider
{
    public function retrieveById($identifier): GenericUser
    {
        return new GenericUser(['id' => (int) $identifier, 'password' => '', 'remember_token' => '']);
    }

    public function retrieveByToken($identifier, $token): ?GenericUser
    {
        return null;
    }

    public function updateRememberToken(Authenticatable $user, $token): void
    {
    }

    public function retrieveByCredentials(array $credentials): ?GenericUser
    {
        $known = preg_match('/^customer(\d{1,6})@example\.com$/', (string) $credentials['email'], $found);

        return $known ? $this->retrieveById($found[1]) : null;
    }

    public function validateCredentials(Authenticatable $user, array $credentials): bool
    {
        return hash_equals(config('auth.customer_password'), (string) $credentials['password']);
    }

    // Part of the contract from Laravel 11 on.
    public function rehashPasswordIfRequired(Authenticatable $user, array $credentials, bool $force = false): void
    {
    }
}
