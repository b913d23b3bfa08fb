<?php
// JSON lines {name, value, now, lifetime, path, domain, secure, httpOnly, sameSite} in, {header} out:
// the Set-Cookie text of Symfony's Cookie, given what StartSession gives it.
require getenv('LARAVEL_AUTOLOAD') ?: '/usr/share/php/Illuminate/autoload.php';

use Symfony\Component\HttpFoundation\Cookie;

while (($line = fgets(STDIN)) !== false) {
    $r = json_decode($line, true);
    $expires = $r['lifetime'] === null ? 0 : $r['now'] + $r['lifetime'];
    $cookie = new Cookie(
        $r['name'], $r['value'], $expires, $r['path'], $r['domain'], $r['secure'], $r['httpOnly'], false, $r['sameSite']
    );
    echo json_encode(['header' => (string) $cookie]), "\n";
}
