"""From a file to an application, or to all that is wrong with it, with places."""

from __future__ import annotations

import pytest

from holdfast.core.errors import UsageError
from holdfast.kube.read import read
from holdfast.kube.rejected import Rejected

IMAGE = "registry.example.com/shop:1.2.3"
SMALLEST = f"""\
apiVersion: holdfast.dev/v1alpha1
kind: LaravelApp
metadata: {{name: shop}}
spec:
  image: {IMAGE}
  host: shop.example.com
  secretName: shop-env
"""


def rejected(text, **options):
    """What is complained of, as a person sees it, with the way out behind an arrow."""
    with pytest.raises(Rejected) as caught:
        read(text.encode(), "app.yaml", **options)
    return [f"{reason} -> {way_out}" for reason, way_out in caught.value.lines]


def only(text, **options):
    (line,) = rejected(text, **options)
    return line


SECRET = {
    "APP_KEY": "x",
    "DB_CONNECTION": "mysql",
    "DB_DATABASE": "shop",
    "DB_HOST": "db.internal",
    "DB_PASSWORD": "x",
    "DB_USERNAME": "shop",
    "REDIS_PASSWORD": "x",
}


class TestAFileThatIsRight:
    def test_gives_the_application(self):
        app = read(SMALLEST.encode(), "app.yaml")
        assert (app.name, app.namespace, app.environment, app.kubernetes) == (
            "shop",
            None,
            None,
            31,
        )
        assert (app.spec.image, app.spec.web.min) == (IMAGE, 2)
        assert app.labels == {}
        assert app.secret is None

    def test_what_is_asked_for_is_in_it(self):
        text = SMALLEST.replace("{name: shop}", "{name: shop, namespace: web, labels: {team: a}}")
        app = read(text.encode(), "app.yaml", kubernetes=37, secret=SECRET)
        assert (app.namespace, app.labels) == ("web", {"team": "a"})
        assert (app.kubernetes, app.secret) == (37, SECRET)

    def test_what_kubernetes_adds_is_no_mistake(self):
        added = "{name: shop, uid: a-b, annotations: {x: y}, managedFields: [], generation: 2}"
        text = SMALLEST.replace("{name: shop}", added) + "status: {ready: true}\n"
        assert read(text.encode(), "app.yaml").name == "shop"

    def test_empty_documents_beside_it_are_none(self):
        assert read(f"---\n# a comment\n---\n{SMALLEST}---\n".encode(), "a").name == "shop"

    def test_json_is_yaml(self):
        spec = f'{{"image": "{IMAGE}", "host": "a.b", "secretName": "c"}}'
        text = '{"apiVersion": "holdfast.dev/v1alpha1", "kind": "LaravelApp",'
        assert (
            read(f'{text} "metadata": {{"name": "x"}}, "spec": {spec}}}'.encode(), "-").name == "x"
        )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "app.yaml: nothing is in it"),
        ("# no more\n", "app.yaml: nothing is in it"),
        ("- a\n", "app.yaml:1:1: this is no mapping"),
        ("spec: {}\n", "app.yaml:1:1: this has no apiVersion and kind, or not as text"),
        (
            "apiVersion: apps/v1\nkind: Deployment\n",
            "app.yaml:1:1: this is a Deployment, not a LaravelApp",
        ),
        (
            SMALLEST + "---\napiVersion: v1\nkind: Secret\n",
            "app.yaml:9:1: this is a Secret, not a LaravelApp",
        ),
        (
            SMALLEST.replace("v1alpha1", "v1"),
            "app.yaml:1:1: this is a LaravelApp of holdfast.dev/v1, not of holdfast.dev/v1alpha1",
        ),
    ],
)
def test_anything_but_a_laravel_app_is_named(text, line):
    hint = "one document with apiVersion: holdfast.dev/v1alpha1 and kind: LaravelApp"
    assert only(text) == f"{line} -> {hint}"


def test_a_second_one_has_a_file_of_its_own():
    assert only(SMALLEST + "---\n" + SMALLEST) == (
        "app.yaml:9:1: another LaravelApp is here -> a file of its own for each"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [\n", "app.yaml:2:1: is not YAML"),
        ("host: {{ .Values.host }}\n", "app.yaml:1:8: a template, not judged"),
        ("a: \xff\n", None),
    ],
)
def test_what_is_no_yaml_says_so(text, words):
    if words is None:
        with pytest.raises(Rejected, match="is not UTF-8"):
            read(b"a: \xff\n", "app.yaml")
        return
    assert only(text).startswith(words)


WRONG = [
    ("  web: {mim: 3}", 'app.yaml:8:9: spec.web has no "mim" -> did you mean min?'),
    (
        "  secret_name: x",
        'app.yaml:8:3: spec has no "secret_name" -> did you mean secretName?',
    ),
    (
        "  scheduler: {qqqq: 1}",
        'app.yaml:8:15: spec.scheduler has no "qqqq" -> there are longestTask, mode, resources',
    ),
    (
        "  web: {min: 0}",
        "app.yaml:8:14: spec.web.min is 0 -> it takes a whole number from 1 to 1000",
    ),
    (
        "  web: {port: 80}",
        "app.yaml:8:15: spec.web.port is 80 -> it takes a whole number from 1024 to 65535",
    ),
    ("  web: {min: '3'}", "app.yaml:8:14: spec.web.min is text -> write 3 without quotes"),
    (
        "  web: {min: many}",
        'app.yaml:8:14: spec.web.min is "many" -> it takes a whole number from 1 to 1000',
    ),
    (
        "  web: {min: yes}",
        "app.yaml:8:14: spec.web.min is true -> it takes a whole number from 1 to 1000",
    ),
    (
        "  web: {min: 1.5}",
        "app.yaml:8:14: spec.web.min is 1.5 -> it takes a whole number from 1 to 1000",
    ),
    ("  env: {A: b}", 'app.yaml:8:3: spec has no "env" -> did you mean config?'),
    ("  web: {replicas: 3}", 'app.yaml:8:9: spec.web has no "replicas" -> did you mean min?'),
    ("  ingress: {}", 'app.yaml:8:3: spec has no "ingress" -> did you mean spec.edge.ingress?'),
    (
        "  longestJob: 5",
        'app.yaml:8:3: spec has no "longestJob" -> did you mean spec.workers[].longestJob?',
    ),
    (
        "  redis: {external: 1}",
        "app.yaml:8:21: spec.redis.external is 1 -> it takes a mapping with host",
    ),
    ("  web: [1]", "app.yaml:8:8: spec.web is a list -> it takes a mapping, at least {}"),
    ("  web:", "app.yaml:8:7: spec.web is null -> it takes a mapping, at least {}"),
    (
        "  session: {driver: rediss}",
        (
            'app.yaml:8:21: spec.session.driver is "rediss" -> it takes cookie, database, dynamodb,'
            " file, memcached or redis; did you mean redis?"
        ),
    ),
    (
        "  session: {encrypt: 1}",
        "app.yaml:8:22: spec.session.encrypt is 1 -> it takes true or false",
    ),
    (
        "  laravel: 7",
        "app.yaml:8:12: spec.laravel is 7 -> it takes 8, 9, 10, 11, 12 or 13",
    ),
    (
        "  config: {DB_PORT: 3306}",
        "app.yaml:8:21: spec.config.DB_PORT is a number, not text -> write it in quotes",
    ),
    (
        "  config: {A_FLAG: no}",
        "app.yaml:8:20: spec.config.A_FLAG is true or false, not text -> write it in quotes",
    ),
    (
        "  edge: {gateway: {name: a, version: 1.5}}",
        "app.yaml:8:38: spec.edge.gateway.version is a number, not text -> write it in quotes",
    ),
    (
        "  edge: {gateway: {name: a, version: 1.4}}",
        (
            "app.yaml:8:38: spec.edge.gateway.version is 1.4"
            " -> it takes 1.2 (for 1.3 and 1.4 too), 1.5 or 1.6, in quotes"
        ),
    ),
    (
        "  web: {resources: {cpu: 1}}",
        "app.yaml:8:26: spec.web.resources.cpu is a number, not text -> write it in quotes",
    ),
    (
        "  web: {resources: {memory: 0}}",
        (
            "app.yaml:8:29: spec.web.resources.memory is 0"
            " -> it takes a quantity above zero such as 512Mi, or 250m of a processor"
        ),
    ),
    (
        "  web: {resources: {memory: 0.0Gi}}",
        (
            'app.yaml:8:29: spec.web.resources.memory is "0.0Gi"'
            " -> it takes a quantity above zero such as 512Mi, or 250m of a processor"
        ),
    ),
    (
        "  config: {A-B: c}",
        (
            'app.yaml:8:12: "A-B" cannot be a key of spec.config'
            " -> keys are the name of a variable: letters, digits and _"
        ),
    ),
    (
        "  aliases: [a.b, B.c]",
        'app.yaml:8:18: spec.aliases[1] is "B.c" -> it takes a host name such as shop.example.com',
    ),
    (
        "  aliases: a.b",
        (
            'app.yaml:8:12: spec.aliases is "a.b"'
            " -> it takes a list, each entry a host name such as shop.example.com"
        ),
    ),
    (
        "  workers: [{name: a, queues: []}]",
        "app.yaml:8:31: spec.workers[0].queues has no entries -> at least 1",
    ),
    (
        "  workers: [{longestJob: 5}]",
        (
            "app.yaml:8:13: spec.workers[0] lacks name -> spec.workers[0].name: a name of"
            " lower-case letters, digits and -, up to 40"
        ),
    ),
    (
        "  root: |\n    /srv\n",
        (
            "app.yaml:8:9: spec.root has a line break or another control character"
            " -> one line of text; files belong into the image or the Secret"
        ),
    ),
    (
        '  config: {A: "b\\tc"}',
        (
            "app.yaml:8:15: spec.config.A has a line break or another control character"
            " -> one line of text; files belong into the image or the Secret"
        ),
    ),
    (
        "  user: 33\n  user: 34",
        "app.yaml:9:3: user stands a second time in its mapping -> write it once",
    ),
    (
        "  environments: {staging: 5}",
        "app.yaml:8:27: spec.environments.staging is 5 -> it takes a mapping",
    ),
]


@pytest.mark.parametrize(("line", "complaint"), WRONG, ids=[line for line, _ in WRONG])
def test_what_is_wrong_has_its_place_and_the_way_out(line, complaint):
    assert only(SMALLEST + line + "\n") == complaint


def test_what_is_lacking():
    text = SMALLEST.replace("  host: shop.example.com\n", "")
    assert only(text) == (
        "app.yaml:5:3: spec lacks host -> spec.host: a host name such as shop.example.com"
    )


def test_a_key_of_metadata_that_kubernetes_does_not_have():
    text = SMALLEST.replace("{name: shop}", "{name: shop, nmespace: x}")
    assert only(text) == 'app.yaml:3:24: metadata has no "nmespace" -> did you mean namespace?'


def test_a_name_with_a_line_break_is_no_name():
    # Patterns end with $, which matches before a line break too.
    text = SMALLEST.replace("{name: shop}", '{name: "shop\\n"}')
    assert "metadata.name has a line break" in only(text)


def test_a_key_with_a_line_break():
    assert "a key of spec.config has a control character" in only(
        SMALLEST + '  config: {"A\\n": b}\n'
    )


def test_everything_is_said_at_once_in_the_order_of_the_file():
    text = SMALLEST + "  web: {min: 0, max: x, oops: 1}\n  user: 0\n  image: a:1\n"
    places = [line.partition(": ")[0] for line in rejected(text)]
    assert places == [f"app.yaml:{where}" for where in ("8:14", "8:22", "8:25", "9:9", "10:3")]


def test_a_value_that_may_be_secret_is_not_repeated():
    assert "8712" not in " ".join(rejected(SMALLEST + "  config: {APP_PIN: 8712}\n"))


@pytest.mark.parametrize("kubernetes", [30, 38])
def test_other_versions_of_kubernetes(kubernetes):
    with pytest.raises(UsageError, match=f"1.{kubernetes} is not rendered for") as caught:
        read(SMALLEST.encode(), "app.yaml", kubernetes=kubernetes)
    assert caught.value.hint == "1.31 to 1.37"


@pytest.mark.parametrize("kubernetes", [31, 37])
def test_both_ends_are_in(kubernetes):
    assert read(SMALLEST.encode(), "app.yaml", kubernetes=kubernetes).kubernetes == kubernetes


class TestEnvironments:
    TEXT = (
        SMALLEST
        + """\
  aliases: [a.example.com, b.example.com]
  web: {max: 5, longestRequest: 60}
  environments:
    staging:
      host: staging.example.com
      aliases: [c.example.com]
      web: {max: null, min: 1}
    production: {}
"""
    )

    def test_the_patch_is_in_the_specification(self):
        app = read(self.TEXT.encode(), "app.yaml", environment="staging")
        assert app.environment == "staging"
        assert (app.spec.host, app.spec.aliases) == ("staging.example.com", ("c.example.com",))
        web = app.spec.web
        assert (web.min, web.max, web.longest_request) == (1, None, 60)

    def test_without_one_nothing_is_patched(self):
        app = read(self.TEXT.encode(), "app.yaml")
        assert (app.environment, app.spec.host, app.spec.web.max) == (None, "shop.example.com", 5)
        assert list(app.spec.environments) == ["staging", "production"]

    def test_an_environment_knows_no_others(self):
        app = read(self.TEXT.encode(), "app.yaml", environment="production")
        assert app.spec.environments == {}

    def test_one_that_is_not_there(self):
        assert only(self.TEXT, environment="prod") == (
            "app.yaml:11:5: no environment prod -> there: staging, production"
        )

    def test_one_where_there_is_none(self):
        assert only(SMALLEST, environment="prod") == (
            "app.yaml:5:3: no environment prod -> spec.environments has none"
        )

    def test_mistakes_are_seen_whichever_is_rendered(self):
        text = self.TEXT.replace("min: 1", "min: 0")
        complaint = (
            "app.yaml:14:29: in environment staging: spec.web.min is 0"
            " -> it takes a whole number from 1 to 1000"
        )
        assert only(text) == only(text, environment="production") == complaint

    def test_a_key_that_is_none_even_where_it_is_taken_out(self):
        text = self.TEXT.replace("min: 1", "mim: null")
        assert only(text) == (
            'app.yaml:14:24: in environment staging: spec.web has no "mim" -> did you mean min?'
        )

    def test_what_is_needed_cannot_be_taken_out(self):
        text = self.TEXT.replace("host: staging.example.com", "host: null")
        assert only(text).startswith("app.yaml:12:7: in environment staging: spec lacks host")

    def test_a_mistake_of_the_specification_is_said_once(self):
        text = self.TEXT.replace("longestRequest: 60", "longestRequest: 0")
        assert only(text).startswith("app.yaml:9:33: spec.web.longestRequest is 0")

    def test_no_environments_within(self):
        text = self.TEXT.replace("production: {}", "production: {environments: {a: {}}}")
        assert only(text) == (
            "app.yaml:15:18: in environment production: an environment has no environments of its"
            " own -> one level, each with a name"
        )

    def test_what_would_lose_sessions_there_is_refused_there(self):
        text = self.TEXT.replace("web: {max: null, min: 1}", "session: {driver: database}")
        lines = rejected(text)
        assert lines == rejected(text, environment="production")
        (line,) = lines
        assert line.startswith(
            "app.yaml:14:25: in environment staging: driver database needs a database"
        )

    def test_where_a_patch_does_not_say_it_the_environment_is_meant(self):
        text = self.TEXT.replace("web: {max: 5,", "session: {driver: database}\n  web: {max: 5,")
        text = text.replace("  web: {max: 5", "  database: {host: db}\n  web: {max: 5")
        text = text.replace("web: {max: null, min: 1}", "database: null")
        (line,) = rejected(text)
        assert line.startswith("app.yaml:14:7: in environment staging: driver database needs")

    def test_what_an_environment_mends_is_refused_without_it(self):
        text = self.TEXT.replace(
            "secretName: shop-env", "secretName: shop-env\n  session: {driver: database}"
        ).replace("production: {}", "production: {database: {host: db}}")
        assert [line.partition(": ")[0] for line in rejected(text)] == ["app.yaml:8:21"]

    @pytest.mark.parametrize(("number", "wrong"), [(50, 50), (51, 1)])
    def test_of_too_many_it_is_only_said_that_they_are(self, number, wrong):
        text = SMALLEST + "  environments:\n"
        text += "".join(f"    e{index}: {{web: {{min: 0}}}}\n" for index in range(number))
        lines = rejected(text)
        assert len(lines) == wrong
        assert ("has 51 entries -> at most 50" in lines[0]) is (number == 51)
