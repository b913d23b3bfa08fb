"""What is secret is so to both: `init` names it for the Secret, `render` refuses it in config."""

from __future__ import annotations

import cel
import pytest

from holdfast.kube import secrecy
from holdfast.kube.refusals import variables
from holdfast.kube.refusals.rule import all_refused

from .conftest import application
from .init.made import copied, spec

SECRET = [
    ("APP_KEY", "base64:x"),
    ("APP_PREVIOUS_KEYS", "x"),
    ("app_previous_keys", "x"),
    ("DB_PASSWORD", "x"),
    ("DB_READ_PASSWORD", "x"),
    ("DB_PWD", "x"),
    ("REDIS_PASSWORD", "x"),
    ("REDIS_PASSWORD_ALSO", "x"),
    ("SMTP_PASSWD", "x"),
    ("SSH_PASSPHRASE", "x"),
    ("FTP_PASS", "x"),
    ("SENTRY_LARAVEL_DSN", "https://key@sentry.example.com/1"),
    ("SENTRY_LARAVEL_DSN", "x"),
    ("SENTRY_AT", "https://key@sentry.example.com/1"),
    ("SLACK_WEBHOOK_URL", "https://hooks.example.com/x"),
    ("STRIPE_KEY", "x"),
    ("STRIPE_SECRET", "x"),
    ("STRIPE_SECRETS", "x"),
    ("MYAPP_APIKEY", "x"),
    ("AWS_ACCESS_KEY_ID", "x"),
    ("AWS_SECRET_ACCESS_KEY", "x"),
    ("GITHUB_TOKEN", "x"),
    ("GITHUB_TOKENS", "x"),
    ("GOOGLE_CREDENTIALS", "x"),
    ("JWT_PRIVATE", "x"),
    ("HASH_SALT", "x"),
    ("HOOK_SIGNATURE", "x"),
    ("SEARCH_URL", "http://u:p@search"),
    ("SEARCH_URL", "http://:p@search"),
]
OPEN = [
    ("APP_NAME", "Shop"),
    ("ACCESS_TOKEN_TTL", "60"),
    ("AUTH_PASSWORD_BROKER", "users"),
    ("AUTH_PASSWORD_RESET_TOKEN_TABLE", "password_resets"),
    ("AUTH_PASSWORD_TIMEOUT", "10800"),
    ("DB_FOREIGN_KEYS", "true"),
    ("SANCTUM_TOKEN_PREFIX", "shop_"),
    ("TOKEN_LIFETIME", "60"),
    ("WEBHOOK_TIMEOUT", "5"),
    ("TURNSTILE_SITE_KEY", "x"),
    ("VAPID_PUBLIC_KEY", "x"),
    ("STRIPE_PUBLISHABLE_KEY", "x"),
    ("KEYBOARD", "de"),
    ("PASSAGE", "x"),
    ("COMPASS", "north"),
    ("MAIL_FROM", "a@example.com"),
    ("SEARCH_URL", "http://search:7700/a@b"),
    ("ASSET_URL", "https://cdn.example.com/@shop"),
]
PROGRAM = cel.compile(secrecy.cel("name", "value"))


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [*((*one, True) for one in SECRET), *((*one, False) for one in OPEN)],
)
def test_all_judge_alike(name, value, secret):
    app = application(config={name: value})
    refused = [one for one in all_refused(variables.RULES, app) if "is secret" in one.reason]
    assert secrecy.is_secret(name, value) is secret
    assert bool(refused) is secret
    assert PROGRAM.execute({"name": name, "value": value}) is secret


LISTED = {"APP_KEY", "APP_PREVIOUS_KEYS", "DB_PASSWORD", "REDIS_PASSWORD"}
"""Names that Holdfast lists by itself: `init` does not say them."""


def written_from(tmp_path, lines):
    root = copied("12", tmp_path / "project")
    with (root / ".env").open("a") as file:
        file.writelines(f"{name}={value}\n" for name, value in lines)
    return spec(root)


def test_init_names_it_for_the_secret(tmp_path):
    found = written_from(tmp_path, SECRET)
    names = {name for name, _ in SECRET}
    listed = set(found["secrets"]["keys"])
    assert names - listed <= LISTED | {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert not names & found["config"].keys()


def test_init_does_not_take_others_for_one(tmp_path):
    assert "secrets" not in written_from(tmp_path, OPEN)
