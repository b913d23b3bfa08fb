<?php
// JSON lines in, what Illuminate\Session\Store does with its json serialization (Laravel 9 on):
// {text}: json_decode($text, true) -> {ok, value: serialize() of it, again: json_encode() of it or null}
// {value}: serialize()d -> {text: json_encode() of it, or null where it gives false}
while (($line = fgets(STDIN)) !== false) {
    $request = json_decode($line, true);
    if (isset($request['value'])) {
        $text = json_encode(unserialize(base64_decode($request['value'])));
        echo json_encode(['text' => $text === false ? null : base64_encode($text)]), "\n";
        continue;
    }
    $value = json_decode(base64_decode($request['text']), true);
    $ok = json_last_error() === JSON_ERROR_NONE;
    $again = json_encode($value);
    echo json_encode([
        'ok' => $ok,
        'value' => base64_encode(serialize($value)),
        'again' => $again === false ? null : base64_encode($again),
    ]), "\n";
}
