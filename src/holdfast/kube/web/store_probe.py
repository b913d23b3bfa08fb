"""Whether the session store can be reached from a pod, with that pod's own environment.

A connection alone proves little: HAProxy before Sentinel, a mesh's sidecar and kube-proxy take one
for a server that is not there. So the server has to answer as one of its kind; as nobody in
particular, for a password or a certificate that is wrong is the application's to say, in its log.
"""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.kube.app import App, Object

_SECONDS = 2
SECONDS = 3 * _SECONDS
"""It takes no longer: a connection, an answer, PHP's own start."""

_SCRIPT = """\
$fail = function ($why) { fwrite(STDERR, "The session store $why\\n"); exit(1); };
$url = parse_url((string) getenv("%(url)s")) ?: [];
$said = $url["host"] ?? (string) getenv("%(host)s");
$port = $url["port"] ?? (getenv("%(port)s") ?: %(usual)d);
$tls = in_array($url["scheme"] ?? strstr($said, "://", true), ["rediss", "tls"]);
$host = preg_replace("#^[a-z]+://#", "", $said);
$host = strpos($host, ":") === false ? $host : "[" . trim($host, "[]") . "]";
$place = ($tls ? "tls" : "tcp") . "://$host:$port";
$any = stream_context_create(["ssl" => ["verify_peer" => false, "verify_peer_name" => false]]);
$socket = @stream_socket_client($place, $number, $why, %(seconds)d, STREAM_CLIENT_CONNECT, $any);
$socket || $fail("at $place cannot be reached: $why");
"""

_ASKS = """\
stream_set_timeout($socket, %(seconds)d);
fwrite($socket, "%(question)s");
$answer = (string) fread($socket, 64);
preg_match("%(answer)s", $answer)
    || $fail("at $place says: " . (trim(preg_replace("#[^ -~]+#", " ", $answer)) ?: "nothing"));
"""
_UNLESS = 'if ((string) getenv("%(unless)s") !== "") { exit(0); }\n'


@dataclass(frozen=True)
class _Server:
    """How a kind of server is found and known.

    Args:
        url, host, port: the variables; the first one wins, as in Laravel (ConfigurationUrlParser).
        usual: the port where nothing says it.
        question: what it is sent, and the pattern of its ``answer``, as PHP writes them in quotes.
        unless: a variable; where it says something, nothing is asked.
    """

    url: str
    host: str
    port: str
    usual: int
    question: str
    answer: str
    unless: str = ""


def probe(app: App) -> Object | None:
    """The handler of a probe; None where sessions are on no server that has a port of its own.

    PHP is in every image of the application, ``nc`` and clients of stores are not.
    """
    server = _server(app)
    if server is None:
        return None
    words = {
        "url": server.url,
        "host": server.host,
        "port": server.port,
        "usual": server.usual,
        "question": server.question,
        "answer": server.answer,
        "unless": server.unless,
        "seconds": _SECONDS,
    }
    script = _SCRIPT + (_UNLESS if server.unless else "") + _ASKS
    return {"exec": {"command": ["php", "-r", script % words]}}


def _server(app: App) -> _Server | None:
    session, database = app.spec.session, app.spec.database
    if session.driver == "redis":
        prefix = session.store.variables if session.store else "REDIS"
        # One that loads its file, or lost its master, says something else.
        answer = r"#^(\\+PONG|-NOAUTH)#"
        names = (f"{prefix}_URL", f"{prefix}_HOST", f"{prefix}_PORT")
        return _Server(*names, 6379, r"PING\r\n", answer)
    if session.driver == "memcached":
        names = ("MEMCACHED_URL", "MEMCACHED_HOST", "MEMCACHED_PORT")
        # Those that ask for a password speak another protocol, and close at a wrong word.
        return _Server(*names, 11211, r"version\r\n", "#^VERSION #", "MEMCACHED_PASSWORD")
    if session.driver == "database" and database and database.driver != "sqlite":
        # DATABASE_URL: laravel/laravel up to v10.3.3, config/database.php.
        names = ("DB_URL" if app.spec.laravel >= 11 else "DATABASE_URL", "DB_HOST", "DB_PORT")
        if database.driver == "pgsql":
            # SSLRequest: «S» or «N» (PostgreSQL 17, Frontend/Backend Protocol, 53.7).
            return _Server(*names, 5432, r"\0\0\0\x08\x04\xd2\x16\x2f", "#^[SNE]#")
        # Servers greet first, with version 10 of their protocol (or 255: too many connections).
        return _Server(*names, 3306, "", r"#^...\\x00\\x0a#s")
    return None
