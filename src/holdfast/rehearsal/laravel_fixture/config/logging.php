<?php

return [
    'default' => 'php',
    'deprecations' => 'none',
    'channels' => [
        'none' => ['driver' => 'monolog', 'handler' => Monolog\Handler\NullHandler::class],
        'php' => ['driver' => 'errorlog', 'level' => 'debug'],
    ],
];
