"""Where files are written, and to which disk."""

from __future__ import annotations

import pytest

from holdfast.project.directory import Directory
from holdfast.project.stored import stored, unread


@pytest.mark.parametrize(
    ("code", "disks"),
    [
        ("Storage::disk('s3')->put('a', 'b');", ["s3"]),
        ("Storage::drive('x');", ["x"]),
        ("Storage::disk(config('x'))->put('a', 'b');", [None]),
        ("Storage::disk();", [""]),
        ("Storage::put('a', 'b');", [""]),
        ("Storage::get('a');", []),
        ("$request->file('a')->store('b');", [""]),
        ("$request->file('a')->store('b', 's3');", ["s3"]),
        ("$request->file('a')->store('b', ['disk' => 's3']);", ["s3"]),
        ("$request->file('a')->store('b', options: 's3');", ["s3"]),
        ("$request->file('a')->storeAs('b', 'c', 'media');", ["media"]),
        ("$file->storePubliclyAs('b', 'c');", [""]),
        ("$cart->store($item);", []),
        ("$cart->store();", []),
        ("// Storage::put('a', 'b');", []),
        ("$disk->put('x'); // Storage::", []),
    ],
)
def test_writes(project, code, disks):
    text = f"<?php\nuse Illuminate\\Support\\Facades\\Storage;\n{code}\n"
    directory = Directory(project({"app/X.php": text}))
    assert [write.disk for write in stored(directory)] == disks
    assert unread(directory) == ()


def test_broken_files_are_told(project):
    directory = Directory(project({"app/X.php": "<?php Storage::put("}))
    assert stored(directory) == ()
    assert [str(broken.spot) for broken in unread(directory)] == ["app/X.php:1:1"]
