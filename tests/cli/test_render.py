"""`holdfast render` as a person types it: what is printed and written, and the exit status."""

from __future__ import annotations

import io
import json

import pytest
import yaml
from rich.console import Console

from holdfast.cli.render_summary import show_summary
from holdfast.kube.app import Decision
from holdfast.kube.needed import Needed

APP = """\
apiVersion: holdfast.dev/v1alpha1
kind: LaravelApp
metadata: {name: shop}
spec:
  image: registry.example.com/shop:1.2.3
  host: shop.example.com
  secretName: shop-env
  environments:
    staging: {host: staging.example.com}
"""
SECRETS = """\
DB_CONNECTION=mysql
DB_HOST=db.internal
DB_DATABASE=shop
DB_USERNAME=shop
DB_PASSWORD=x
REDIS_PASSWORD=y
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.yaml").write_text(APP)
    return tmp_path


def test_stdout(holdfast, here):
    ended = holdfast("render", "app.yaml")
    assert ended.status == 0
    objects = list(yaml.safe_load_all(ended.out))
    assert {one["kind"] for one in objects} >= {"ConfigMap", "Deployment"}
    assert "-> store" in ended.err


def test_standard_input(holdfast, here, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(APP.encode())))
    assert holdfast("render", "-").out == holdfast("render", "app.yaml").out


def test_quiet(holdfast, here):
    ended = holdfast("render", "app.yaml", "--quiet")
    assert ended.status == 0
    assert ended.out
    assert ended.err == ""


def test_the_same_bytes(holdfast, here):
    assert holdfast("render", "app.yaml").out == holdfast("render", "app.yaml").out


def test_an_environment(holdfast, here):
    assert "https://staging.example.com" in holdfast("render", "app.yaml", "--env", "staging").out
    assert "staging" not in holdfast("render", "app.yaml").out


def test_an_environment_that_is_not_there(holdfast, here):
    ended = holdfast("render", "app.yaml", "--env", "production")
    assert ended.status == 2
    assert "production" in ended.err


@pytest.mark.parametrize(
    ("version", "status", "said"),
    [
        ("1.31", 0, ""),
        ("v1.34", 0, ""),
        ("1.33.2", 0, ""),
        ("v1.33.2+k3s1", 0, ""),
        ("v1.33.2-eks-1a2b", 0, ""),
        ("1.33x", 2, "--kubernetes 1.33x is no version"),
        ("1.30", 2, "nothing is rendered for Kubernetes 1.30"),
        ("1.99", 2, "1.31 to 1.37 are"),
        ("2.1", 2, "--kubernetes 2.1 is no version"),
        ("1.x", 2, "--kubernetes 1.x is no version"),
    ],
)
def test_versions_of_kubernetes(holdfast, here, version, status, said):
    ended = holdfast("render", "app.yaml", "--kubernetes", version)
    assert ended.status == status
    assert said in ended.err


def test_a_directory(holdfast, here):
    ended = holdfast("render", "app.yaml", "-o", "manifests")
    assert ended.status == 0
    assert ended.out == ""
    names = sorted(path.name for path in (here / "manifests").iterdir())
    assert names[0] == "10-config.yaml"
    assert names == sorted(names, key=lambda name: int(name.partition("-")[0]))
    assert "kubectl apply -f manifests" in ended.err
    text = "".join((here / "manifests" / name).read_text() for name in names)
    alone = "".join(
        line for line in text.splitlines(keepends=True) if not line.startswith("# Rend")
    )
    assert alone == holdfast("render", "app.yaml").out


def test_what_was_edited_is_not_overwritten(holdfast, here):
    holdfast("render", "app.yaml", "-o", "manifests")
    file = here / "manifests" / "10-config.yaml"
    written = file.read_text()
    file.write_text(written.replace("production", "local"))
    ended = holdfast("render", "app.yaml", "-o", "manifests")
    assert ended.status == 2
    assert "somebody edited manifests/10-config.yaml" in ended.err
    assert "local" in file.read_text()
    assert holdfast("render", "app.yaml", "-o", "manifests", "--force").status == 0
    assert file.read_text() == written


def test_what_is_not_ours_is_not_overwritten(holdfast, here):
    (here / "manifests").mkdir()
    (here / "manifests" / "10-config.yaml").write_text("mine: true\n")
    ended = holdfast("render", "app.yaml", "-o", "manifests")
    assert ended.status == 2
    assert "manifests/10-config.yaml was not rendered for shop" in ended.err


def test_the_difference(holdfast, here):
    assert holdfast("render", "app.yaml", "--diff", "manifests").status == 1
    assert not (here / "manifests").exists()
    holdfast("render", "app.yaml", "-o", "manifests")
    same = holdfast("render", "app.yaml", "--diff", "manifests")
    assert (same.status, same.out) == (0, "")
    (here / "app.yaml").write_text(APP.replace("shop.example.com", "buy.example.com"))
    other = holdfast("render", "app.yaml", "--diff", "manifests")
    assert other.status == 1
    assert "-  APP_URL: https://shop.example.com" in other.out
    assert "+  APP_URL: https://buy.example.com" in other.out


def test_json(holdfast, here):
    ended = holdfast("render", "app.yaml", "--json", "--env", "staging")
    assert ended.status == 0
    found = json.loads(ended.out)
    assert (found["application"], found["environment"]) == ("shop", "staging")
    assert found["kubernetes"] == "1.31"
    assert {one["kind"] for one in found["objects"]["config"]} >= {"ConfigMap", "ServiceAccount"}
    assert [step["station"] for step in found["path"]][:2] == ["cookie", "key"]
    assert "APP_KEY" in found["needed"]["keys"]


def test_a_secret_is_named_after_its_content(holdfast, here):
    (here / ".env").write_text(f'APP_KEY="base64:abc"\n{SECRETS}')
    ended = holdfast("render", "app.yaml", "--secret-env", ".env")
    objects = list(yaml.safe_load_all(ended.out))
    (secret,) = (one for one in objects if one["kind"] == "Secret")
    assert secret["metadata"]["name"].startswith("shop-env-")
    assert "base64:abc" not in ended.err
    (here / ".env").write_text(f'APP_KEY="base64:xyz"\n{SECRETS}')
    changed = holdfast("render", "app.yaml", "--secret-env", ".env").out
    assert secret["metadata"]["name"] not in changed


@pytest.mark.parametrize(
    "words", [("-o", "x", "--diff", "y"), ("--json", "-o", "x"), ("--json", "--diff", "x")]
)
def test_options_of_which_one_would_be_without_effect(holdfast, here, words):
    ended = holdfast("render", "app.yaml", *words)
    assert ended.status == 2
    assert "exclude each other" in ended.err


def test_a_file_that_is_refused(holdfast, here):
    (here / "app.yaml").write_text(APP.replace("host: shop", "hots: shop"))
    ended = holdfast("render", "app.yaml")
    assert ended.status == 2
    assert "app.yaml:6" in ended.err


def test_a_file_that_is_not_there(holdfast, here):
    ended = holdfast("render", "nothing.yaml")
    assert ended.status == 3
    assert "there is no file nothing.yaml" in ended.err
    assert "holdfast init" in ended.err


def test_no_file(holdfast, here):
    ended = holdfast("render")
    assert ended.status == 2
    assert "name the LaravelApp file" in ended.err


def test_an_option_that_is_not_there(holdfast, here):
    ended = holdfast("render", "--wrong")
    assert ended.status == 2


def test_kustomize(holdfast, here):
    ended = holdfast("render", "app.yaml", "--format", "kustomize", "-o", "deploy")
    assert ended.status == 0
    assert (here / "deploy" / "base" / "kustomization.yaml").exists()
    assert (here / "deploy" / "overlays" / "staging" / "kustomization.yaml").exists()
    assert "kubectl apply -k deploy/overlays/staging" in ended.err
    same = holdfast("render", "app.yaml", "--format", "kustomize", "--diff", "deploy")
    assert (same.status, same.out) == (0, "")


def test_the_other_format_replaces_what_is_there(holdfast, here):
    holdfast("render", "app.yaml", "-o", "deploy")
    holdfast("render", "app.yaml", "--format", "kustomize", "-o", "deploy")
    assert sorted(path.name for path in (here / "deploy").iterdir()) == ["base", "overlays"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "-o DIR says where they go"),
        (("--json",), "-o DIR says where they go"),
        (("-o", "deploy", "--env", "staging"), "each environment is an overlay"),
    ],
)
def test_kustomize_with_options_that_do_not_fit(holdfast, here, words, said):
    ended = holdfast("render", "app.yaml", "--format", "kustomize", *words)
    assert ended.status == 2
    assert said in ended.err


def test_what_is_removed_in_a_refused_write_is_still_there(holdfast, here):
    holdfast("render", "app.yaml", "-o", "manifests")
    before = {path.name: path.read_text() for path in (here / "manifests").iterdir()}
    edited = here / "manifests" / "16-web.yaml"
    edited.write_text(edited.read_text() + "# mine\n")
    (here / "app.yaml").write_text(APP.replace("1.2.3", "1.2.4"))
    assert holdfast("render", "app.yaml", "-o", "manifests").status == 2
    after = {path.name: path.read_text() for path in (here / "manifests").iterdir()}
    assert after == before | {"16-web.yaml": before["16-web.yaml"] + "# mine\n"}


BOTH = APP + "    production: {}\n"


def test_an_environment_does_not_replace_another_ones_files(holdfast, here):
    (here / "app.yaml").write_text(BOTH)
    assert holdfast("render", "app.yaml", "-o", "m", "--env", "staging").status == 0
    ended = holdfast("render", "app.yaml", "-o", "m", "--env", "production")
    assert ended.status == 2
    assert "more were not rendered for shop in production" in ended.err
    assert "--env" not in ended.err
    forced = holdfast("render", "app.yaml", "-o", "m", "--env", "production", "--force")
    assert forced.status == 0
    first = (here / "m" / "10-config.yaml").read_text().splitlines()[0]
    assert first.startswith("# Rendered by holdfast for shop in production; ")


@pytest.mark.parametrize(
    ("production", "words", "said"),
    [
        ("{}", ["--env", "staging"], "production has the same names"),
        ("{}", ["--env", "production"], "staging has the same names"),
        ("{}", [], "staging (and 1 more) has the same names"),
        ("{}", ["--format", "kustomize", "-o", "k"], "(and 1 more) has the same names"),
        ("{namespace: shop}", ["--env", "staging"], None),
        ("{namespace: shop}", ["--env", "production"], None),
        ("{namespace: shop}", ["--format", "kustomize", "-o", "k"], None),
        ("{namespace: shop}", [], "staging has the same names"),
    ],
)
def test_environments_of_one_namespace_are_told_of(holdfast, here, production, words, said):
    (here / "app.yaml").write_text(BOTH.replace("production: {}", f"production: {production}"))
    told = " ".join(holdfast("render", "app.yaml", *words).err.split())
    assert said in told if said else "has the same names" not in told


def test_an_environment_has_its_namespace(holdfast, here):
    (here / "app.yaml").write_text(BOTH.replace("production: {}", "production: {namespace: live}"))
    ended = holdfast("render", "app.yaml", "--env", "production")
    found = [one["metadata"] for one in yaml.safe_load_all(ended.out)]
    assert {one.get("namespace", one["name"]) for one in found} == {"live"}


def test_kustomize_has_commands_for_each_environment(holdfast, here):
    (here / "app.yaml").write_text(BOTH)
    ended = holdfast("render", "app.yaml", "--format", "kustomize", "-o", "deploy")
    _, _, then = ended.err.partition("Then\n")
    for name in ("staging", "production"):
        assert f"# {name}\nkubectl kustomize deploy/overlays/{name} | kubectl apply -f - -l" in then
        assert f"kubectl apply -k deploy/overlays/{name}\n" in then
    assert then.count("kubectl logs job/shop-migrate-") == 2


def test_a_stream_says_that_it_has_no_order(holdfast, here):
    ended = holdfast("render", "app.yaml")
    assert "# piped into kubectl apply, the new version runs before" in ended.err


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["."], 3, ". is a directory"),
        (["app.yaml", "--secret-env", "no.env"], 3, "there is no file no.env"),
        (["app.yaml", "-o", "app.yaml"], 2, "app.yaml is no directory"),
        (["app.yaml", "--diff", "app.yaml"], 2, "app.yaml is no directory"),
        (["app.yaml", "-o", "app.yaml/below"], 3, "names a directory"),
        (["app.yaml", "-o", "/proc/holdfast"], 3, "names a directory"),
    ],
)
def test_files_that_are_none(holdfast, here, words, status, said):
    ended = holdfast("render", *words)
    assert ended.status == status
    assert said in ended.err
    assert "free what is full" not in ended.err


def test_what_is_not_ours_is_said_and_not_applied(holdfast, here):
    (here / "m").mkdir()
    (here / "m" / "foo.yaml").write_text("a: 1\n")
    ended = holdfast("render", "app.yaml", "-o", "m")
    assert "# not ours, and not applied: foo.yaml" in ended.err
    assert "kubectl apply -f m\n" not in ended.err


def test_values_in_the_summary_are_whole():
    written = io.StringIO()
    networks = "TRUSTED_PROXIES=10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"
    show_summary(
        Console(file=written, width=50),
        [],
        [Decision("a subject of many words and more", networks, "words " * 9)],
        Needed("the Secret shop-env of which much is to be said", ("APP_KEY",), (), ()),
        [f"kubectl {networks}"],
    )
    lines = written.getvalue().splitlines()
    assert lines[lines.index("Decided for you") + 1 :] == [
        f"  a subject of many words   {networks}",
        "  and more                  words words words words",
        "                            words words words words",
        "                            words",
        "",
        "What has to be there",
        "  - APP_KEY in the Secret shop-env of which much",
        "    is to be said",
        "",
        "Then",
        f"kubectl {networks}",
    ]


WITH_A_PEM = f"""{SECRETS}
PASSPORT_PRIVATE_KEY="-----BEGIN RSA PRIVATE KEY-----
hidden
-----END RSA PRIVATE KEY-----"
APP_KEY="base64:hidden"
STRIPE_SECRET="hidden"
"""


@pytest.mark.parametrize("format", ["yaml", "kustomize"])
def test_a_difference_shows_no_secret(holdfast, here, format):
    (here / "s.env").write_text(WITH_A_PEM)
    words = ("render", "app.yaml", "--secret-env", "s.env", "--format", format)
    new = holdfast(*words, "--diff", "new")
    assert new.status == 1
    assert "+  STRIPE_SECRET: ***" in new.out
    assert holdfast(*words, "-o", "m").status == 0
    (file,) = (one for one in (here / "m").rglob("*.yaml") if "hidden" in one.read_text())
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text(file.read_text().replace("kind: Secret", "kind: Secret # mine"))
    edited = holdfast(*words, "--diff", "m")
    assert edited.status == 1
    removed = holdfast("render", "app.yaml", "--format", format, "--diff", "m")
    assert "-  STRIPE_SECRET: ***" in removed.out
    for ended in (new, edited, removed):
        assert "hidden" not in ended.out + ended.err


def test_no_links_are_followed(holdfast, here):
    (here / "mine").mkdir()
    (here / "mine" / "10-config.yaml").write_text("mine: true\n")
    (here / "m").mkdir()
    (here / "m" / "base").symlink_to("../mine")
    words = ("render", "app.yaml", "--format", "kustomize")
    for more in (("-o", "m"), ("-o", "m", "--force"), ("--diff", "m")):
        ended = holdfast(*words, *more)
        assert ended.status == 2
        assert "m/base is a link" in ended.err
    assert [path.name for path in (here / "m").iterdir()] == ["base"]
    assert (here / "mine" / "10-config.yaml").read_text() == "mine: true\n"


def test_a_difference_is_no_command_of_a_terminal(holdfast, here):
    holdfast("render", "app.yaml", "-o", "m")
    (here / "m" / "10-config.yaml").rename(here / "m" / "\x1b[31m.yaml")
    ended = holdfast("render", "app.yaml", "--diff", "m")
    assert ended.status == 1
    assert "[31m.yaml" in ended.out
    assert "\x1b[31m.yaml" not in ended.out


class Endless(io.RawIOBase):
    """Never ends; more than is asked for at once would fill the memory."""

    def readable(self):
        return True

    def readinto(self, buffer):
        buffer[:] = b"#" * len(buffer)
        return len(buffer)


def test_standard_input_without_end(holdfast, here, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(Endless())))
    ended = holdfast("render", "-")
    assert ended.status == 2
    assert "longer than 10 MiB" in ended.err


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("/dev/zero",), 2, "longer than 10 MiB"),
        (("app.yaml", "--secret-env", "/dev/zero"), 3, "/dev/zero has more than 1048576 bytes"),
    ],
)
def test_a_file_without_end(holdfast, here, words, status, said):
    ended = holdfast("render", *words)
    assert ended.status == status
    assert said in ended.err


def test_what_nobody_has_filled_in_is_said_first(holdfast, here):
    _, _, there = holdfast("render", "app.yaml").err.partition("What has to be there")
    assert there.split("\n")[1].strip().startswith("- the real image, host in the file")
    own = APP.replace("registry.example.com", "registry.shop.io").replace("example.com", "shop.io")
    (here / "app.yaml").write_text(own)
    assert "the real" not in holdfast("render", "app.yaml").err


def test_what_the_cluster_would_refuse_is_told_in_its_order(holdfast, here):
    holdfast("render", "app.yaml", "-o", "manifests")
    (here / "app.yaml").write_text(APP + "  session: {store: {single: {storage: 4Gi}}}\n")
    shown = holdfast("render", "app.yaml", "--diff", "manifests")
    written = holdfast("render", "app.yaml", "-o", "manifests")
    assert (shown.status, written.status) == (1, 0)
    orders = ("kubectl patch pvc data-shop-sessions-0", "kubectl delete statefulset shop-sessions")
    for said in (shown.err, written.err):
        assert -1 < said.index(orders[0]) < said.index(orders[1])
    assert written.err.index(orders[1]) < written.err.index("kubectl apply")
    assert "--cascade=orphan" not in holdfast("render", "app.yaml", "-o", "manifests").err
