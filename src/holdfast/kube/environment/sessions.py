"""What decides whether a session is found again: pinned, never derived from APP_NAME."""

from __future__ import annotations

from holdfast.kube.app import App


def variables(app: App) -> dict[str, str]:
    """The variables of config/session.php and of the prefixes that are part of a session's key."""
    session = app.spec.session
    optional = {"SESSION_CONNECTION": session.connection, "SESSION_DOMAIN": session.domain}
    return {
        "REDIS_PREFIX": app.name + "_" if session.prefix is None else session.prefix,
        "SESSION_COOKIE": session.cookie or f"{app.name}_session",
        "SESSION_DRIVER": session.driver,
        "SESSION_ENCRYPT": "true" if session.encrypt else "false",
        "SESSION_LIFETIME": str(session.lifetime),
        "SESSION_SAME_SITE": session.same_site,
        "SESSION_SECURE_COOKIE": "true",
        **{name: value for name, value in optional.items() if value is not None},
    }
