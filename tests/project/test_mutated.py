"""Files of an application with pieces missing or strewn in: always facts, never a crash."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.project.code import code
from holdfast.project.directory import Directory
from holdfast.project.jobs import jobs
from holdfast.project.middleware import middleware
from holdfast.project.migrations import migrations
from holdfast.project.packages import packages
from holdfast.project.project import load
from holdfast.project.routes import routes
from holdfast.project.singletons import booted, singletons
from holdfast.project.uploads import uploads
from holdfast.project.users import user_key
from holdfast.project.values import Broken

SKELETONS = Path(__file__).parent / "skeletons"
FILES = {
    "bootstrap/app.php": SKELETONS / "13/bootstrap/app.php",
    "routes/web.php": SKELETONS / "13/routes/web.php",
    "app/Models/User.php": SKELETONS / "13/app/Models/User.php",
    "app/Http/Kernel.php": SKELETONS / "10/app/Http/Kernel.php",
    "app/Http/Middleware/TrustProxies.php": SKELETONS / "10/app/Http/Middleware/TrustProxies.php",
    "app/Providers/RouteServiceProvider.php": SKELETONS
    / "10/app/Providers/RouteServiceProvider.php",
    "database/migrations/1.php": next(SKELETONS.glob("13/database/migrations/*users*")),
    "composer.lock": SKELETONS / "13/composer.lock",
}
PIECES = st.sampled_from(
    [b"", b"(", b")", b"{", b"}", b"'", b"->", b"::", b"$", b";", b",", b"[]", b"\xff", b"\0",
     b"$middleware->trustProxies(", b"Schema::table('users', function ($table) {", b"function",
     b"session_start()", b"...$x", b"static fn () =>", b"match (1) { default =>", b"#[A]"]
)  # fmt: skip


@settings(max_examples=120)
@given(st.sampled_from(sorted(FILES)), st.floats(0, 1), st.integers(0, 40), PIECES)
def test_any_piece_may_be_missing_or_too_much(tmp_path_factory, changed, where, cut, piece):
    root = tmp_path_factory.mktemp("app")
    for name, path in FILES.items():
        data = path.read_bytes()
        if name == changed:
            at = int(where * len(data))
            data = data[:at] + piece + data[at + cut :]
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    directory = Directory(root)
    for read in (code, migrations, packages, routes, jobs, uploads, singletons, booted):
        directory.of(read)
    if isinstance(directory.tree("bootstrap/app.php"), Broken) or changed == "composer.lock":
        return
    project = load(directory, {}, laravel=13)
    assert middleware(directory, project, directory.of(code)).trusted
    assert user_key(directory, project)
