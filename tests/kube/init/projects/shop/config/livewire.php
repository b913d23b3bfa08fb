<?php

return [
    'class_namespace' => 'App\\Livewire',
    'temporary_file_upload' => [
        'disk' => null,
        'rules' => null,
        'directory' => null,
        'middleware' => null,
        'max_upload_time' => 5,
    ],
];
