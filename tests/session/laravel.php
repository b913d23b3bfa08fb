<?php

// Real Laravel sessions on demand: one JSON request a line, one JSON answer a line. Byte strings are
// base64. `life` lives a session through several requests and shows what each one saved; `read` says
// what Laravel's own handler finds in a store.

use Illuminate\Auth\GenericUser;
use Illuminate\Auth\SessionGuard;
use Illuminate\Contracts\Auth\Authenticatable;
use Illuminate\Contracts\Auth\UserProvider;
use Illuminate\Database\SQLiteConnection;
use Illuminate\Filesystem\Filesystem;
use Illuminate\Session\ArraySessionHandler;
use Illuminate\Session\DatabaseSessionHandler;
use Illuminate\Session\FileSessionHandler;
use Illuminate\Session\Store;
use Illuminate\Support\Carbon;

ini_set('display_errors', 'stderr');
// Laravel 8 on PHP 8.2: deprecated declarations, which say nothing about its sessions.
error_reporting(E_ALL & ~E_DEPRECATED);
set_error_handler(static function (int $level, string $message): bool {
    if (error_reporting() & $level) {
        throw new ErrorException($message, 0, $level);
    }
    return false;
});

require_once getenv('LARAVEL_AUTOLOAD') ?: '/usr/share/php/Illuminate/autoload.php';

final class Users implements UserProvider
{
    public function retrieveById($id) { return new GenericUser(['id' => $id, 'remember_token' => '']); }
    public function retrieveByToken($id, $token) { return null; }
    public function updateRememberToken(Authenticatable $user, $token) {}
    public function retrieveByCredentials(array $credentials) { return null; }
    public function validateCredentials(Authenticatable $user, array $credentials) { return false; }
}

function call(Store $store, string $verb, array $arguments): mixed
{
    $guard = static fn () => new SessionGuard('web', new Users(), $store);
    return match ($verb) {
        'login' => $guard()->login((new Users())->retrieveById($arguments[0])),
        'logout' => $guard()->logout(),
        'user_id' => $guard()->id(),
        'has', 'exists', 'missing', 'forget', 'keep' => $store->{$verb}($arguments),
        'flash_input' => $store->flashInput(...$arguments),
        'get_old_input' => $store->getOldInput(...$arguments),
        'regenerate_token' => $store->regenerateToken(),
        'set_previous_url' => $store->setPreviousUrl(...$arguments),
        'previous_url' => $store->previousUrl(),
        default => $store->{$verb}(...$arguments),
    };
}

function life(array $task): array
{
    $handler = new ArraySessionHandler(120);
    $id = str_repeat('x', 40);
    $handler->write($id, base64_decode($task['payload']));
    $saves = [];
    foreach ($task['requests'] as $steps) {
        $store = new Store('laravel_session', $handler, $id);
        $store->start();
        $answers = [];
        foreach ($steps as [$verb, $arguments]) {
            try {
                $answers[] = base64_encode(serialize(call($store, $verb, $arguments)));
            } catch (Throwable) {
                $answers[] = null;
            }
        }
        $before = $id;
        $id = $store->getId();
        $store->save();
        $saves[] = [
            'answers' => $answers,
            'payload' => base64_encode($handler->read($id)),
            'moved' => $id !== $before,
            'old_lives' => $handler->read($before) !== '',
        ];
    }
    return $saves;
}

function read(array $task): string
{
    clearstatcache(); // as each request of PHP starts
    Carbon::setTestNow(Carbon::createFromTimestamp(time() - $task['behind']));
    $handler = match ($task['store']) {
        'file' => new FileSessionHandler(new Filesystem(), $task['where'], $task['minutes']),
        'database' => new DatabaseSessionHandler(
            new SQLiteConnection(new PDO('sqlite:' . $task['where'])),
            'sessions',
            $task['minutes'],
        ),
    };
    return base64_encode($handler->read($task['sid']));
}

while (($line = fgets(STDIN)) !== false) {
    $task = json_decode($line, true, flags: JSON_THROW_ON_ERROR);
    echo json_encode($task['do'] === 'life' ? life($task) : read($task), JSON_THROW_ON_ERROR), "\n";
    fflush(STDOUT);
}
