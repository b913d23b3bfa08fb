<?php
// JSON lines {cipher, key, payload} in; {ok, value | error} out: what Laravel 8.83 makes of an envelope.
// {cipher, key, plain} instead of a payload: {payload} out.
require getenv('LARAVEL_AUTOLOAD') ?: '/usr/share/php/Illuminate/autoload.php';

use Illuminate\Encryption\Encrypter;

error_reporting(0); // Laravel answers with exceptions; PHP's warnings on the way there are noise
while (($line = fgets(STDIN)) !== false) {
    $request = json_decode($line, true);
    try {
        $encrypter = new Encrypter(base64_decode($request['key']), $request['cipher']);
        if (isset($request['plain'])) {
            echo json_encode(['payload' => $encrypter->encryptString(base64_decode($request['plain']))]), "\n";
            continue;
        }
        $value = $encrypter->decryptString(base64_decode($request['payload']));
        echo json_encode(['ok' => true, 'value' => base64_encode($value)]), "\n";
    } catch (Throwable $error) {
        echo json_encode(['ok' => false, 'error' => $error->getMessage()]), "\n";
    }
}
