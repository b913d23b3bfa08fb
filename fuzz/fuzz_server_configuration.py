"""nginx, php.ini, php-fpm, supervisord: records with places, or one Unreadable.

python fuzz/fuzz_server_configuration.py -max_total_time=600
"""

from __future__ import annotations

import atheris
from seeded import start

with atheris.instrument_imports(include=["holdfast.check.sources"]):
    from holdfast.check.sources import ini, nginx, supervisor
    from holdfast.manifests.text import Text, text_of
    from holdfast.manifests.unreadable import Unreadable


def one_input(data: bytes) -> None:
    """What libFuzzer calls."""
    text = text_of(data, "nginx.conf")
    if not isinstance(text, Text):
        return
    lines = text.string.count("\n") + 1
    directives = nginx.parse(text)
    if isinstance(directives, Unreadable):
        assert directives.place.line <= lines
    else:
        for directive, above in nginx.walk(directives):
            assert 1 <= directive.place.line <= directive.place.end_line <= lines
            assert len(above) <= nginx.MAX_NESTED
    for settings in (ini.php_settings(text), ini.supervisor_settings(text)):
        assert not isinstance(settings, Unreadable)
        assert all(1 <= setting.place.line <= lines for setting in settings)
        for program in supervisor.programs(settings):
            assert 1 <= program.place.line <= lines


def main() -> None:
    """Start libFuzzer with files of each kind."""
    texts = [
        "user nginx;\nhttp { server { location ~ \\.php$ { fastcgi_pass a:9000; } } }\n",
        "map $a \"b c\" { '~^x{2}' ${d}e; }\ncontent_by_lua_block { x = {} -- }\n}\n",
        '; c\n[www]\npm = static\nphp_admin_value[a.b] = "x;y" ; d\nlisten=${PORT}\n',
        "[program:a]\ncommand=php artisan\n  horizon ; c\nstopwaitsecs=1\nstopsignal=QUIT\n",
    ]
    start(one_input, [text.encode() for text in texts])


if __name__ == "__main__":
    main()
