<?php

return [
    'default' => 'stderr',
    'deprecations' => null,
    'channels' => [
        'stderr' => ['driver' => 'errorlog', 'level' => 'debug'],
    ],
];
