"""No excerpt shows a secret, wherever and however it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.check.reports.excerpt import Excerpts
from holdfast.check.reports.masking import without_secrets
from holdfast.check.reports.secret_names import is_secret
from holdfast.manifests.place import Place

SECRET = "hUnt3r2-sEcr3t"

HIDDEN = {
    "dotenv": "APP_NAME=shop\nAPP_KEY={}\nDB_PASSWORD='{}' # old: {}",
    "dotenv with spaces": "MAIL_PASSWORD = {} # and more",
    "dotenv over lines": 'JWT_SECRET="first\n{}\nlast"\nAPP_NAME=shop',
    "dotenv, an escaped quote": 'DB_PASSWORD="a\\"{}"',
    "a comment": "# APP_KEY={}",
    "kubernetes env": "env:\n  - name: APP_KEY\n    value: {}",
    "value first": "env:\n  - value: {}\n    name: REDIS_PASSWORD",
    "quoted name": "env:\n  - name: 'API_TOKEN'\n    # why\n    value: \"{}\"",
    "flow": "env: [{{name: APP_KEY, value: {}}}, {{name: A, value: b}}]",
    "flow, value first": "env: [{{value: {}, name: APP_KEY}}]",
    "flow, quoted": 'env: [{{"name": "APP_KEY", "value": "{}"}}]',
    "json": '{{\n "env": [\n  {{\n   "name": "APP_KEY",\n   "value": "{}"\n  }}\n ]\n}}',
    "block": "env:\n- name: OAUTH_PRIVATE_KEY\n  value: |\n    first\n    {}\n    last",
    "a plain scalar over lines": "password: first\n  {}\nhost: redis",
    "below its key": "password:\n  {}\nhost: redis",
    "a list": "previous_keys:\n  - {}\n  - {}\nhost: a",
    "a list at its key's column": "env:\n- name: APP_PREVIOUS_KEYS\n  value: >-\n    {},\n    {}",
    "config map": "kind: ConfigMap\ndata:\n  DB_PASSWORD: {}",
    "secret": "apiVersion: v1\nkind: Secret\ndata:\n  harmless: {}\n  config: |\n    a\n    {}",
    "secret, kind last": "stringData:\n  harmless: {}\n  other: >-\n    {}\nkind: Secret",
    "secret, over lines": "kind: Secret\ndata:\n  a: b\n    c: {}\n  d: 'e\n  f: {}'",
    "secret, flow": "kind: Secret\nstringData: {{harmless: {}}}",
    "secret, json": '{{"kind": "Secret", "data": {{"harmless": "{}"}}}}',
    "secret, json over lines": '{{\n "kind": "Secret",\n "data": {{\n  "harmless": "{}"\n }}\n}}',
    "secret in a list": "kind: List\nitems:\n- kind: Secret\n  data:\n    harmless: {}",
    "last applied": 'kind: Secret\nannotations:\n  last: |\n    {{"data":{{"harmless":"{}"}}}}',
    "generator": "secretGenerator:\n- name: shop\n  literals:\n  - harmless={}",
    "dockerfile": "ENV APP_KEY={} SESSION_DRIVER=file",
    "dockerfile, old": "ENV APP_KEY {}",
    "build argument": "ARG DB_PASSWORD={}",
    "compose": "environment:\n  - DB_PASSWORD={}\n  - A=b",
    "url": "REDIS_URL: redis://user:{}@redis:6379/0",
    "url, odd password": "REDIS_URL=redis://user:a/b@{}@redis:6379/0",
    "url, token": "SENTRY_LARAVEL_DSN=https://{}@sentry.example.com/1",
    "query": "url: https://example.com/hook?token={}",
    "php": "return ['password' => '{}'];",
    "php, a default": "'password' => env('DB_PASSWORD', '{}'),",
    "php, the key": "'key' => '{}',",
    "php, assigned": "$config['secret'] = \"{}\";",
    "php, defined": "define('API_TOKEN', '{}');",
    "fpm": "env[APP_KEY] = {}",
    "supervisor": 'environment=A="b",APP_KEY="{}"',
    "nginx": "fastcgi_param APP_KEY {};",
    "header": 'proxy_set_header Authorization "Bearer {}";',
    "redis.conf": "requirepass {}",
    "redis.conf, replica": "masterauth {}",
    "arguments": 'args: ["--requirepass", "{}"]',
    "arguments over lines": "args:\n  - --requirepass\n  - {}",
    "options": "command: redis-server --port 6379 --requirepass {} --save ''",
    "flow, a comma": "env: [{{name: APP_KEY, value: 'a,{}'}}]",
    "option": "command: redis-server --requirepass={}",
    "client": "command: redis-cli -h redis -a {} ping",
    "client, two options": "command: redis-cli -a {} -pother",
    "client, joined": "command: mysql -uroot -p{} shop",
    "pem": "x: |\n  -----BEGIN RSA PRIVATE KEY-----\n  {}\n  -----END RSA PRIVATE KEY-----",
    "laravel's form": "anything: base64:{}",
    "bearer": "curl -H 'Authorization: Bearer {}'",
}

SHOWN = {
    "driver": ("env:\n- name: SESSION_DRIVER\n  value: file", "file"),
    "after a secret": ("env:\n- name: APP_KEY\n  value: a\n- name: B\n  value: shown", "shown"),
    "reference": ("  secretKeyRef: {name: shop, key: APP_KEY}", "name: shop, key: APP_KEY"),
    "volume": ("volumes:\n- name: tls\n  secret:\n    secretName: shop-tls", "shop-tls"),
    "constant": ("automountServiceAccountToken: false", "false"),
    "where from": ("'password' => env('DB_PASSWORD'),", "env('DB_PASSWORD')"),
    "variable": ("REDIS_PASSWORD=${SHOP_PASSWORD}", "${SHOP_PASSWORD}"),
    "beside": ("ENV APP_KEY=a SESSION_DRIVER=file", "SESSION_DRIVER=file"),
    "upstream": ("proxy_pass http://shop:8080;", "http://shop:8080"),
    "config map": ("kind: ConfigMap\ndata:\n  SESSION_DRIVER: file", "file"),
    "two documents": ("kind: Secret\n---\nkind: ConfigMap\ndata:\n  A: shown", "shown"),
    "after data": ("kind: Secret\ndata:\n  a: b\nmetadata:\n  name: shown", "shown"),
    "timeout": ("'password_timeout' => 10800,", "10800"),
    "the seconds": ("expirationSeconds: 3600\ntokenExpirationSeconds: 3600", "3600"),
}


def shown(text: str) -> str:
    files = {"file": text.encode()}
    excerpts = Excerpts(files)
    numbers = range(1, text.count("\n") + 2)
    return "\n".join(excerpts.of(Place("file", n), before=0)[0].text for n in numbers)


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN)
def test_a_secret_is_never_shown(text):
    secret = SECRET.replace("-", "") if "base64" in text else SECRET
    assert secret in text.replace("{}", secret)
    assert secret not in shown(text.format(*[secret] * 3))


@pytest.mark.parametrize(("text", "words"), SHOWN.values(), ids=SHOWN)
def test_the_rest_is_shown(text, words):
    assert words in shown(text)


@given(
    st.text(st.characters(exclude_characters="\r\n\0'\""), min_size=6).filter(
        lambda text: text.strip() == text and not set(text) & set("{}[]$ \t#&*!|>%@`,:")
    ),
    st.sampled_from(sorted(HIDDEN)),
)
def test_whatever_it_is(secret, where):
    if where in {"php, a default", "laravel's form", "header", "bearer"} or "\\" in secret:
        return  # these are told by their alphabet, or the file means something else
    template = HIDDEN[where]
    around = shown(template.format(*["@@@@@@"] * 3))
    if secret not in around:
        assert secret not in shown(template.format(*[secret] * 3))


def test_names():
    for name in ("APP_KEY", "DB_PASSWORD", "redis.auth", "aws_secret_access_key", "PUSHER_APP_KEY"):
        assert is_secret(name)
    for name in ("APP_NAME", "secretName", "secretKeyRef", "REDIS_HOST", "keyboard", "author"):
        assert not is_secret(name)


def test_long_lines_and_files_take_a_moment():
    """Finished at all: nothing here is quadratic in the size of a file."""
    for words in ("APP_KEY=x ", "://", "mysql ", "[", "name: APP_KEY, value: ", "--a "):
        assert shown(f"a: {words * 20_000}") == "***"
        assert shown("\n".join([f"a: {words * (1900 // len(words))}"] * 100)).count("\n") == 99
    assert shown('password: "' + "\n" * 2_000).count("\n") == 2_000


def test_no_excerpt_of_a_huge_file():
    assert Excerpts({"f": b"a\n" * 2_000_000}).of(Place("f", 7)) == ()


def test_words_of_rules():
    assert without_secrets("redis://:abc@redis:6379 and base64:AAAABBBBCCCC=") == (
        "redis://:***@redis:6379 and base64:***"
    )
    assert without_secrets("SESSION_DRIVER=redis") == "SESSION_DRIVER=redis"
