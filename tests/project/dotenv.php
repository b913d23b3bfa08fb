<?php
// JSON lines {text, env} in: what phpdotenv, immutable as in Laravel, makes of a file's text (base64) in that
// environment. Out: {name: value} of all variables afterwards, or {"": class of the error}.
require getenv('LARAVEL_AUTOLOAD') ?: '/usr/share/php/Illuminate/autoload.php';

use Dotenv\Dotenv;
use Dotenv\Loader\Loader;
use Dotenv\Parser\Parser;
use Dotenv\Repository\Adapter\ArrayAdapter;
use Dotenv\Repository\RepositoryBuilder;
use Dotenv\Store\StringStore;
use Dotenv\Util\Str;

while (($line = fgets(STDIN)) !== false) {
    $request = json_decode($line, true);
    $adapter = ArrayAdapter::create()->get();
    foreach ($request['env'] as $name => $value) {
        $adapter->write($name, $value);
    }
    $repository = RepositoryBuilder::createWithNoAdapters()->addAdapter($adapter)->immutable()->make();
    // As Dotenv\Store\File\Reader does with the bytes of a file.
    $text = Str::utf8(base64_decode($request['text']))->success()->get();
    try {
        (new Dotenv(new StringStore($text), new Parser(), new Loader(), $repository))->load();
        $answer = (fn () => $this->variables)->call($adapter);
    } catch (Throwable $error) {
        $answer = ['' => get_class($error)];
    }
    echo json_encode((object) $answer, JSON_THROW_ON_ERROR), "\n";
}
