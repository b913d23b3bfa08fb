"""Whether somebody is at the other end of a connection, where a proxy takes each of them.

Envoy, ztunnel and Linkerd's proxy accept what a pod connects to at once, and connect further only
then: behind a mesh a connection proves nothing but that there is a proxy. So something is said that
a server answers before it asks for a password: PING of Redis (with an error, which is an answer),
``version`` of memcached, PostgreSQL's SSLRequest; MySQL speaks first. A server that wants TLS is
asked for a handshake, whatever its certificate says: that is for the application to mind.
"""

from __future__ import annotations

from holdfast.kube.app import App
from holdfast.kube.session_store import choice

_SAYS = {"redis": r"PING\r\n", "memcached": r"version\r\n", "pgsql": r"\0\0\0\x08\x04\xd2\x16\x2f"}

_TLS = """\
stream_context_set_option($socket, "ssl", "verify_peer", false);
stream_context_set_option($socket, "ssl", "verify_peer_name", false);
$answers = @stream_socket_enable_crypto($socket, true, STREAM_CRYPTO_METHOD_TLS_CLIENT);
"""
_PLAIN = """\
fwrite($socket, "%s");
$answers = (string) fread($socket, 1) !== "";
"""
_OTHERWISE = """\
if ($answers !== true) {
    fwrite(STDERR, "The session store at $host:$port does not answer\\n");
    exit(1);
}
"""


def answers(app: App) -> str:
    """PHP that goes on where the session store answers at ``$socket``; empty without a mesh."""
    if app.spec.mesh is None:
        return ""
    server, database = choice.external(app), app.spec.database
    spoken = app.spec.session.driver
    if spoken == "database" and database is not None:
        said = _SAYS.get(database.driver, "")
    else:
        said = _SAYS.get(spoken, "")
    asks = _TLS if server is not None and server.tls else _PLAIN % said
    return "stream_set_timeout($socket, 2);\n" + asks + _OTHERWISE
