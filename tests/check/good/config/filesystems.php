<?php

return [
    'default' => env('FILESYSTEM_DISK', 's3'),
    'disks' => [
        's3' => [
            'driver' => 's3',
            'region' => env('AWS_DEFAULT_REGION', 'eu-central-1'),
            'bucket' => env('AWS_BUCKET', 'shop-uploads'),
        ],
    ],
];
