"""What is a secret by its form, or by the command, option or directive that it is given to."""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = r"""["']?(?P<value>[^\s"'$-][^\s"']*)"""
"""An argument that is no option and no variable."""

SHAPES: Final = (
    re.compile(r"""://[^\s"'/@:]{0,200}:(?P<value>[^\s"']{1,500})@"""),
    re.compile(r"""://(?P<value>[^\s"'/@:]{1,500})@"""),
    re.compile(r"(?:Basic|Bearer)\s+(?P<value>[\w+/=.~-]{6,})", re.IGNORECASE),
    re.compile(r"base64:(?P<value>[\w+/=-]{8,})"),
    re.compile(r"(?P<value>eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"),
    re.compile(
        r"(?P<value>gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{10,}|[sr]k_(?:live|test)_\w{10,}"
        r"|whsec_\w{10,}|xox[abp]-[\w-]{10,}|npm_\w{20,}|AKIA[A-Z0-9]{16}|AIza[\w-]{30,}"
        r"|SG\.[\w-]{10,}\.[\w-]{10,})"
    ),
    re.compile(r"hooks\.slack\.com/services/(?P<value>\S+)"),
    re.compile(r"/api/webhooks/(?P<value>\S+)"),
)
"""In any text; ``value`` is what must not be shown."""

USED: Final = (
    re.compile(r"(?:redis-cli|mysql\w*|mariadb[\w-]*)\s(?:.{0,200}?\s)??-(?:a\s+|p)(?P<value>\S+)"),
    # curl -u name:word, wget --user=name:word
    re.compile(
        r"""(?:^|[\s"'\[,])(?:-u|--(?:proxy-)?user|--proxy|-U)["']?[\s=,]*["']?"""
        r"""[^\s"':/-][^\s"':/]{0,200}:(?P<value>[^\s"']+)"""
    ),
    # sshpass -p word; of `mkdir -p a/b` and `docker run -p 80:80` nothing is meant
    re.compile(
        r"""(?<!mkdir)(?<!mkdir,)(?<!mkdir",)(?<!install)(?<!cp)[\s\[,]["']?-[pP]["']?[\s,]+["']?"""
        r"""(?P<value>(?!\d+(?::\d+)*\b)[^\s"'$/.~-][^\s"']*)"""
    ),
    re.compile(r"""(?:sshpass|7z|docker|podman|helm)\s.{0,200}?-p["']?(?P<value>[^\s"'$\d-]\S*)"""),
    # curl -H 'Name: word'; what is harmless there is not worth a list
    re.compile(
        r"""(?:^|[\s"'\[,])(?:-H|--(?:proxy-)?header)["']?[\s=,]*["']?[\w-]{1,100}:\s*"""
        r"""(?P<value>[^"']+)"""
    ),
    re.compile(r"""(?:^|[\s"'\[,])(?:-b|--cookie|-d|--data[\w-]*)[\s=]+(?P<value>.+)"""),
    # composer config http-basic.host name word
    re.compile(r"http-basic[.\s]\S+\s+\S+\s+" + _WORD),
    re.compile(r"(?:github-oauth|gitlab-oauth|gitlab-token|bitbucket-oauth|bearer)\.\S+\s+"
               r"(?P<value>.+)"),
    re.compile(r"config(?:ure)?\s+set\s+(?:-\S+\s+)*\S*(?:key|token|auth|pass|secret)\w*[\s=]+"
               + _WORD, re.IGNORECASE),
    re.compile(r"htpasswd\s+-\w*b\w*\s+\S+\s+\S+\s+" + _WORD),
    re.compile(r"\bpassword\s+" + _WORD, re.IGNORECASE),
    re.compile(r"""\b(?:echo|printf)\s+(?P<value>[^|]+)\|(?=.*(?:login|passwd|stdin|auth))"""),
    # nginx: a header, a variable or an argument that has to be a certain word
    re.compile(r"secure_link_(?:md5|secret)\s+(?P<value>.+)"),
    re.compile(r"""\$(?:http|arg|cookie)_\w+\s*(?:!?=|!?~\*?)\s*(?P<value>[^\s)]+)"""),
    re.compile(
        r"""^\s*set\s+\$\w+\s+"""
        r"""(?P<value>(?!["']?(?:\$|https?://|\d+\b|on\b|off\b|true\b|false\b)|["']{2}|;)[^;]+)"""
    ),
)  # fmt: skip
"""In a line of a file: given to a command or a directive that takes a secret there."""
