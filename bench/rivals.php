<?php
// The rivals' side of bench/run.py: PHP and Laravel on the same bytes. One JSON object on stdin,
// microseconds per operation on stdout.
require '/usr/share/php/Illuminate/autoload.php';

$given = json_decode(stream_get_contents(STDIN), true);
$payload = base64_decode($given['payload']);
$rounds = $given['rounds'];
$encrypter = new Illuminate\Encryption\Encrypter(base64_decode($given['key']), 'AES-256-CBC');
$sealed = $encrypter->encryptString($payload);

$timed = function (callable $operation) use ($rounds) {
    $operation();
    $began = hrtime(true);
    for ($i = 0; $i < $rounds; $i++) {
        $operation();
    }
    return (hrtime(true) - $began) / $rounds / 1000;
};

echo json_encode([
    'read all and write all' => $timed(fn () => serialize(unserialize($payload, ['allowed_classes' => false]))),
    'read one key, change it' => $timed(function () use ($payload) {
        $session = unserialize($payload, ['allowed_classes' => false]);
        $session['count'] = $session['count'] + 1;
        return serialize($session);
    }),
    'encrypt' => $timed(fn () => $encrypter->encryptString($payload)),
    'decrypt' => $timed(fn () => $encrypter->decryptString($sealed)),
]);
