<?php
// JSON lines {env, change} in: what Laravel 8.83 does with the rehearsal's configuration in that environment,
// settings changed as said. Out: {env: env() of each variable, settings: by dotted names, driver: class of the
// session handler or null, encrypts, prefix: of its cache store, cookies: the Set-Cookie texts}
require getenv('LARAVEL_AUTOLOAD') ?: '/usr/share/php/Illuminate/autoload.php';

use Illuminate\Config\Repository;
use Illuminate\Foundation\Application;
use Illuminate\Session\CacheBasedSessionHandler;
use Illuminate\Session\Middleware\StartSession;
use Illuminate\Session\SessionManager;
use Illuminate\Support\Arr;
use Symfony\Component\HttpFoundation\Response;

$directory = __DIR__ . '/../../src/holdfast/rehearsal/laravel_fixture/config';
while (($line = fgets(STDIN)) !== false) {
    $request = json_decode($line, true);
    $env = $request['env'];
    foreach ($env as $name => $value) {
        $_SERVER[$name] = $value;
    }
    $app = new Application(dirname($directory));
    $app->useStoragePath('/storage');
    $config = new Repository();
    foreach (['app', 'cache', 'database', 'session'] as $file) {
        $config->set($file, require "$directory/$file.php");
    }
    foreach ($request['change'] ?? [] as $name => $value) {
        $config->set($name, $value);
    }
    $app->instance('config', $config);
    $app->register(Illuminate\Filesystem\FilesystemServiceProvider::class);
    $app->register(Illuminate\Cache\CacheServiceProvider::class);
    $app->register(Illuminate\Cookie\CookieServiceProvider::class);
    $app->register(Illuminate\Database\DatabaseServiceProvider::class);
    $app->register(Illuminate\Redis\RedisServiceProvider::class);
    $app->register(Illuminate\Encryption\EncryptionServiceProvider::class);

    $manager = new SessionManager($app);
    $middleware = new StartSession($manager);
    $settings = Arr::dot(Arr::only($config->all(), ['session', 'cache']));
    foreach (['app.name', 'app.key', 'app.cipher', 'app.previous_keys', 'session.lottery'] as $name) {
        $settings[$name] = $config->get($name);
    }
    foreach (['database.redis.options.prefix', ...array_keys($request['change'] ?? [])] as $name) {
        $settings[$name] = $config->get($name);
    }
    $answer = [
        'env' => array_map('env', array_combine(array_keys($env), array_keys($env))),
        'settings' => $settings,
        'driver' => null,
    ];
    if ((fn () => $this->sessionConfigured())->call($middleware)) {
        $session = $manager->driver();
        $handler = $session->getHandler();
        $answer['driver'] = (new ReflectionClass($handler))->getShortName();
        $answer['encrypts'] = $session instanceof Illuminate\Session\EncryptedStore;
        if ($handler instanceof CacheBasedSessionHandler) {
            $answer['prefix'] = $handler->getCache()->getStore()->getPrefix();
        }
        $response = new Response();
        (fn () => $this->addCookieToResponse($response, $session))->call($middleware);
        $answer['cookies'] = array_map('strval', $response->headers->getCookies());
    }
    echo json_encode($answer), "\n";
    foreach ($env as $name => $value) {
        unset($_SERVER[$name]);
    }
}
