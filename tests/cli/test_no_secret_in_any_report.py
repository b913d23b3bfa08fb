"""A secret is planted wherever people write one; every line is found, and no report shows it."""

from __future__ import annotations

import pytest

from holdfast.check.finding import Edit, Finding, Severity
from holdfast.check.rule import Rule
from holdfast.cli import check as command
from holdfast.manifests.place import Place

SECRET = "hUnt3r2sEcr3t"

PAGE = "holdfast.check.rules.hf101_file_sessions_on_several_replicas"
"""SARIF has the page of each rule."""

NAMES = (
    *("STRIPE_KEY", "MIDTRANS_SERVER_KEY", "AWS_KEY", "JWT_KEY", "OPENAI_KEY", "RECAPTCHA_KEY"),
    *("GOOGLE_MAPS_KEY", "SSH_KEY", "SALT", "APP_SALT", "PGPASS", "DBPASS", "SMTP_PW", "PIN"),
    *("SIGNATURE", "WEBHOOK", "SLACK_WEBHOOK_URL", "LICENCE", "SOMETHING_NEW", "TWILIO_SID"),
)

LINES = {
    "Dockerfile": (
        "RUN curl -u admin:{} https://example.com/a.tgz | tar xz",
        "RUN curl --user=admin:{} https://example.com",
        "RUN composer config http-basic.repo.example.com user {}",
        "RUN composer config --global http-basic.repo.example.com user {} && composer install",
        "RUN composer config github-oauth.github.com {}",
        "RUN sshpass -p {} scp a@b:c .",
        "RUN sshpass -p'{}' scp a@b:c .",
        'RUN curl -H "X-Api: {}" https://example.com',
        "RUN curl --header 'PRIVATE-TOKEN: {}' https://example.com",
        'RUN curl --cookie "session={}" https://example.com',
        'RUN curl -d "user=a&code={}" https://example.com',
        "RUN echo {} | docker login -u a --password-stdin",
        "RUN docker login -u a -p {}",
        "RUN htpasswd -bc /etc/nginx/users admin {}",
        "RUN npm config set //registry.example.com/:_authToken {}",
        "RUN aws configure set aws_secret_access_key {}",
        'RUN echo "machine example.com login a password {}" > /root/.netrc',
        "RUN openssl rsa -in a.pem -passin pass:{}",
        "RUN git clone https://a:{}@example.com/a.git",
        "RUN NOVA={} composer install",
        "ENV NOVA={} APP_ENV=production",
        "ENV NOVA {}",
        "ARG STRIPE_KEY={}",
    ),
    "start.sh": (
        "export NOVA={}",
        "mysql -u root -p{} shop < dump.sql",
        "redis-cli -a {} ping",
        "php artisan horizon --secret {}",
    ),
    ".env": (*(f"{name}={{}}" for name in NAMES), 'NOVA="{}"', "# OLD_KEY={}"),
    "config.yaml": ("data:", *(f"  {name}: {{}}" for name in NAMES)),
    "deploy.yaml": (
        "env:",
        *(line for name in NAMES for line in (f"  - name: {name}", "    value: {}")),
        *(f'  - {{{{name: {name}, value: "{{}}"}}}}' for name in NAMES),
        'command: ["sh", "-c", "curl -u admin:{} https://example.com"]',
        'args: ["-p", "{}"]',
        "args:",
        "  - -p",
        "  - {}",
        "httpHeaders:",
        "  - name: X-Api",
        "    value: {}",
        "command:",
        "  - |",
        "    export NOVA={}",
        "    sshpass -p {} scp a@b:c .",
    ),
    "config/services.php": (
        "return [",
        "    'stripe_key' => '{}',",
        "    'salt' => env('SALT', '{}'),",
        "    'signature' => \"{}\",",
        "];",
        "define('NOVA', '{}');",
    ),
    "nginx.conf": (
        "proxy_set_header X-Api {};",
        'proxy_set_header Cookie "a={}";',
        "fastcgi_param STRIPE_KEY {};",
        'set $api "{}";',
        'if ($http_x_api != "{}") {{ return 403; }}',
        'secure_link_md5 "$uri {}";',
    ),
}


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """Files with the secret in every line that may have one, and a rule for each line."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    rules = []
    for file, lines in LINES.items():
        text = "\n".join(line.format(*[SECRET] * 2) for line in lines) + "\n"
        if file == "deploy.yaml":
            text = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\n{text}"
        (tmp_path / file).write_text(text)
        for number in range(1, text.count("\n") + 1):
            rules.append(line_rule(file, number, 700 + len(rules)))
    (tmp_path / "mended.yaml").write_text(
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: b}}\ndata:\n  NOVA: {SECRET}\n  A: b\n"
    )
    rules.append(mending_rule(len(rules) + 700))
    monkeypatch.setattr(command, "chosen", lambda *_: tuple(rules))
    return tmp_path


def line_rule(file, number, id_):
    def check(target):
        if any(one.name == "a" for one in target.objects):
            yield Finding(Place(file, number), "every line", "mend it", "the line")

    check.__module__ = PAGE
    return Rule(f"HF{id_}", f"line-{id_}", "A line", Severity.HIGH, check)


def mending_rule(id_):
    def check(target):
        if any(one.name == "b" for one in target.objects):
            data = target.files["mended.yaml"]
            edit = Edit("mended.yaml", data.index(b"A: b") + 3, data.index(b"A: b") + 4, b"c")
            yield Finding(Place("mended.yaml", 6), "mends", "c", "b", edits=(edit,))

    check.__module__ = PAGE
    return Rule(f"HF{id_}", f"line-{id_}", "A line", Severity.HIGH, check, fixable=True)


def test_no_report_shows_it(holdfast, planted):
    files = [planted / f"report.{name}" for name in ("json", "sarif", "junit", "html")]
    words = [word for path in files for word in (f"--{path.suffix[1:]}", str(path))]
    ended = holdfast("check", "--github", "--strict", *words)
    assert ended.status == 1
    for file, lines in LINES.items():
        assert f"{file}:{len(lines)}" in ended.out
    reports = {"terminal": ended.out + ended.err, "diff": holdfast("check", "--diff").out}
    reports |= {path.name: path.read_text() for path in files}
    assert "mended.yaml" in reports["diff"]
    leaks = [
        f"{name}: {line.strip()}"
        for name, text in reports.items()
        for line in text.splitlines()
        if SECRET in line
    ]
    assert not leaks, "\n".join(leaks)


def test_what_a_terminal_shows_of_a_script_is_the_line_that_is_meant_alone(holdfast, planted):
    ended = holdfast("check")
    assert "RUN composer config github-oauth.github.com ***" in ended.out
    assert ended.out.count("ENV NOVA=*** APP_ENV=production") == 1
