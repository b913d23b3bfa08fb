<?php
// JSON lines {code, env} in: what PHP and Laravel 8.83 make of a configuration file's text in that environment.
// Out: {type, value} of what it returns, or {error}. Values are tagged by their types: JSON has fewer than PHP.
require getenv('LARAVEL_AUTOLOAD') ?: '/usr/share/php/Illuminate/autoload.php';

error_reporting(0); // as while Laravel loads its configuration: a warning stops nothing
function tagged($value)
{
    return match (true) {
        is_array($value) => ['array', array_map(fn ($k) => [tagged($k), tagged($value[$k])], array_keys($value))],
        is_float($value) => ['float', var_export($value, true)],
        is_object($value) => ['object', get_class($value)],
        default => [get_debug_type($value), $value],
    };
}

$app = new Illuminate\Foundation\Application('/app');
$file = tempnam(sys_get_temp_dir(), 'holdfast-expression');
while (($line = fgets(STDIN)) !== false) {
    $request = json_decode($line, true);
    foreach ($request['env'] as $name => $value) {
        $_SERVER[$name] = $value;
        putenv("$name=$value");
    }
    file_put_contents($file, $request['code']);
    try {
        $answer = tagged((static fn () => require $file)());
    } catch (Throwable $error) {
        $answer = ['error', get_class($error)];
    }
    foreach ($request['env'] as $name => $value) {
        unset($_SERVER[$name]);
        putenv($name);
    }
    echo json_encode($answer, JSON_THROW_ON_ERROR | JSON_PRESERVE_ZERO_FRACTION), "\n";
}
unlink($file);
