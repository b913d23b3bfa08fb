<?php

namespace Holdfast\Rehearsal;

use Illuminate\Auth\GenericUser;
use Illuminate\Contracts\Auth\Authenticatable;
use Illuminate\Contracts\Auth\UserProvider;

/** A million users without a table: each number from 1 to 1,000,000 is one. */
final class Accounts implements UserProvider
{
    public const LAST = 1_000_000;

    public function retrieveById($identifier): ?GenericUser
    {
        $id = filter_var($identifier, FILTER_VALIDATE_INT, [
            'options' => ['min_range' => 1, 'max_range' => self::LAST],
        ]);

        return $id === false ? null : new GenericUser(['id' => $id, 'password' => '', 'remember_token' => '']);
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
        return null;
    }

    public function validateCredentials(Authenticatable $user, array $credentials): bool
    {
        return false;
    }

    // Part of the contract from Laravel 11 on.
    public function rehashPasswordIfRequired(Authenticatable $user, array $credentials, bool $force = false): void
    {
    }
}
