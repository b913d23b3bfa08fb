<?php
// JSON lines with a name in; {under, hyphen, snake} out: what Laravel 8.83's Str makes of it.
require getenv('LARAVEL_AUTOLOAD') ?: '/usr/share/php/Illuminate/autoload.php';

use Illuminate\Support\Str;

while (($line = fgets(STDIN)) !== false) {
    $name = json_decode($line);
    echo json_encode([
        'under' => Str::slug($name, '_'),
        'hyphen' => Str::slug($name, '-'),
        'snake' => Str::snake($name),
    ]), "\n";
}
