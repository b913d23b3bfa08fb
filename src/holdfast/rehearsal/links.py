"""Where an answer sends a browser."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from holdfast.rehearsal.client import Response


def redirect(response: Response, host: str, target: str) -> str | None:
    """Path and query that an answer redirects to; None where it does not, or not within the site.

    The scheme is left as it is: an application behind a balancer that ends TLS may well think that
    it is reached by another.

    Args:
        response: the answer.
        host: with its port, as the browser names it; then the path that the application begins at,
            where it has one.
        target: path and query of the request, and of the redirect: below that path.
    """
    location = response.first("location")
    if not 300 <= response.status < 400 or not location:
        return None
    try:
        url = urlsplit(urljoin(f"http://{host}{target}", location))
    except ValueError:
        return None
    there = url.netloc + (url.path or "/")
    if url.scheme not in ("http", "https") or not f"{there}/".startswith(f"{host}/"):
        return None
    return (there.removeprefix(host) or "/") + (f"?{url.query}" if url.query else "")


def path_of(target: str) -> str:
    """A target without its query, which may hold a secret."""
    return target.partition("?")[0]
