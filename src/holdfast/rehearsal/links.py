"""Where an answer sends a browser."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from holdfast.rehearsal.client import Response


def redirect(response: Response, host: str, target: str) -> str | None:
    """Path and query that an answer redirects to; None where it does not, or to another host.

    The scheme is left as it is: an application behind a balancer that ends TLS may well think that
    it is reached by another.

    Args:
        response: the answer.
        host: with its port, as the browser names it.
        target: path and query of the request.
    """
    location = response.first("location")
    if not 300 <= response.status < 400 or not location:
        return None
    try:
        url = urlsplit(urljoin(f"http://{host}{target}", location))
    except ValueError:
        return None
    if url.scheme not in ("http", "https") or url.netloc != host:
        return None
    return (url.path or "/") + (f"?{url.query}" if url.query else "")


def path_of(target: str) -> str:
    """A target without its query, which may hold a secret."""
    return target.partition("?")[0]
