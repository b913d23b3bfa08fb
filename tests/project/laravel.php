<?php
// JSON lines {directory, env} in: what Laravel 8.83 makes of that project in that environment, its .env included.
// Out: {config: what config/ holds, redis: the connection of sessions as RedisManager parses it, database: likewise,
// cookie, prefix: of the session's keys, key: whether the encrypter takes it} or {error}.
require getenv('LARAVEL_AUTOLOAD') ?: '/usr/share/php/Illuminate/autoload.php';

use Illuminate\Encryption\EncryptionServiceProvider;
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Bootstrap\LoadConfiguration;
use Illuminate\Foundation\Bootstrap\LoadEnvironmentVariables;
use Illuminate\Support\ConfigurationUrlParser;
use Illuminate\Support\Env;
use Illuminate\Support\Facades\Facade;

$clean = [$_SERVER, $_ENV];
while (($line = fgets(STDIN)) !== false) {
    $request = json_decode($line, true);
    [$_SERVER, $_ENV] = $clean;
    foreach ($request['env'] as $name => $value) {
        $_SERVER[$name] = $value;
        putenv("$name=$value");
    }
    Env::enablePutenv();
    $before = array_keys(getenv());
    try {
        $app = new Application($request['directory']);
        (new LoadEnvironmentVariables())->bootstrap($app);
        (new LoadConfiguration())->bootstrap($app);
        $answer = described($app);
    } catch (Throwable $error) {
        $answer = ['error' => get_class($error)];
    }
    foreach ([...array_diff(array_keys(getenv()), $before), ...array_keys($request['env'])] as $name) {
        putenv($name);
    }
    echo json_encode($answer, JSON_THROW_ON_ERROR | JSON_PARTIAL_OUTPUT_ON_ERROR), "\n";
}

function described(Application $app): array
{
    $config = $app['config'];
    $session = $config->get('session');
    $answer = ['config' => array_intersect_key($config->all(), array_flip(
        ['app', 'auth', 'broadcasting', 'cache', 'cors', 'database', 'filesystems', 'logging', 'queue', 'session',
            'trustedproxy', 'view']
    ))];
    $name = ($session['driver'] === 'redis' ? $session['connection'] : null) ?: 'default';
    $answer['redis'] = (new ConfigurationUrlParser())->parseConfiguration($config->get("database.redis.$name", []));
    $name = ($session['driver'] === 'database' ? $session['connection'] : null) ?: $config->get('database.default');
    $answer['database'] = (new ConfigurationUrlParser())->parseConfiguration(
        $config->get("database.connections.$name", [])
    );
    foreach (['Filesystem\Filesystem', 'Cache\Cache', 'Cookie\Cookie', 'Redis\Redis'] as $provider) {
        $app->register("Illuminate\\{$provider}ServiceProvider");
    }
    $app->register(EncryptionServiceProvider::class);
    try {
        $app->make('encrypter');
        $answer['key'] = true;
    } catch (RuntimeException) {
        $answer['key'] = false;
    }
    // The store, whatever the driver is: what stands before an id if the sessions were in Redis.
    $store = $app['cache']->store($session['store'] ?: 'redis')->getStore();
    $answer['prefix'] = method_exists($store, 'getPrefix') ? $store->getPrefix() : null;

    return $answer;
}
