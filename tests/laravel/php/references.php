<?php
// With {seed, count}: writes random arrays that are full of references, as {data} lines.
// With {before, after, changed}: reads both, and says as {same, kept} whether PHP writes `after`
// again as it is, and whether what was not changed is the same in both, with all that it shares.
function build(int $depth, array &$objects, array &$variables): mixed {
    $choice = mt_rand(0, $depth > 3 ? 5 : 8);
    switch ($choice) {
        case 0: return mt_rand(0, 99);
        case 1: return str_repeat('x";i:1;R:2;', mt_rand(0, 2));
        case 2: return null;
        case 3:
            if ($objects) return $objects[mt_rand(0, count($objects) - 1)];
            // no object yet: make one
        case 4:
            $object = new stdClass;
            $objects[] = $object;
            for ($n = mt_rand(0, 2); $n > 0; $n--) $object->{"p$n"} = build($depth + 1, $objects, $variables);
            return $object;
        case 5: return 0.5;
        default:
            $array = [];
            for ($n = mt_rand(0, 4); $n > 0; $n--) {
                if (mt_rand(0, 2) === 0) {
                    $array["r$n"] = &$variables[mt_rand(0, count($variables) - 1)];
                } else {
                    $array[mt_rand(0, 1) ? $n : "k$n"] = build($depth + 1, $objects, $variables);
                }
            }
            return $array;
    }
}

function without(string $data, array $changed): string {
    $array = unserialize($data);
    foreach ($changed as $key) unset($array[$key]);
    return serialize($array);
}

while (($line = fgets(STDIN)) !== false) {
    $request = json_decode($line, true);
    if (isset($request['seed'])) {
        mt_srand($request['seed']);
        for ($i = 0; $i < $request['count']; $i++) {
            $objects = [];
            $variables = [1, 'two', [3, [4]], new stdClass];
            if (mt_rand(0, 2) === 0) $variables[2]['self'] = &$variables[2];
            if (mt_rand(0, 2) === 0) $variables[3]->chain = &$variables[1];
            $array = [];
            for ($n = mt_rand(2, 7); $n > 0; $n--) {
                if (mt_rand(0, 3) === 0) {
                    $array["v$n"] = &$variables[mt_rand(0, 3)];
                    $objects[] = $variables[3];
                } else {
                    $array["k$n"] = build(0, $objects, $variables);
                }
            }
            echo json_encode(['data' => base64_encode(serialize($array))]), "\n";
            unset($array, $variables);
        }
        continue;
    }
    $before = base64_decode($request['before']);
    $after = base64_decode($request['after']);
    $changed = $request['changed'];
    echo json_encode([
        'same' => serialize(unserialize($after)) === $after,
        'kept' => without($before, $changed) === without($after, $changed),
    ]), "\n";
}
