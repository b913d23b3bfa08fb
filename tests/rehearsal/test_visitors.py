"""Visitors of a small application in this process, which keeps sessions as Laravel does or not."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs

import anyio
import pytest

from holdfast.core.errors import EnvironmentLacking
from holdfast.laravel import cookies
from holdfast.laravel.encrypter import Encrypter
from holdfast.rehearsal.client import NoAnswer, Response
from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.crowd import Shoppers, crowd
from holdfast.rehearsal.history import to_json
from holdfast.rehearsal.judge import judge
from holdfast.rehearsal.observation import Payload, Reader
from holdfast.rehearsal.recorder import Recorder
from holdfast.rehearsal.site import Login, Site
from holdfast.rehearsal.visitor import MAX_REDIRECTS, Visitor
from holdfast.rehearsal.visitors import Visitors

pytestmark = pytest.mark.anyio

KEY = Encrypter.from_app_key("k" * 32)
LOGIN = Login("POST", "/login", {"name": "visitor{n}", "password": "sesame"})
SITE = Site(Reader("store_session", KEY), login=LOGIN)
KEYLESS = replace(SITE, reader=Reader("store_session"))
GUESTS = replace(SITE, login=None)


def text40(number: int) -> str:
    return f"{number:040d}"


@dataclass
class Application:
    """Replicas that answer in turn. Each has its own sessions, unless ``shared``.

    ``shows`` is where a page shows the token: ``cookie``, ``page``, both or neither. ``picky``: a
    form without the right token is refused, as in Laravel up to 12. ``slowness``: how long, in
    seconds, a request may take between reading its session, saving it and being answered.
    """

    shared: bool = True
    replicas: int = 2
    shows: tuple[str, ...] = ("cookie", "page")
    picky: bool = True
    statuses: dict[str, int] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    forgets: bool = False
    slowness: float = 0.0
    sent: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def __post_init__(self):
        stores = [{}] * self.replicas if self.shared else [{} for _ in range(self.replicas)]
        self.stores = stores
        self.numbers = itertools.count(1)
        self.turn = itertools.cycle(range(self.replicas))
        self.will = random.Random(0)

    async def wait_turn(self):
        pass

    async def send(self, method, target, headers, body, timeout):
        self.sent.append((method, target, dict(headers), body))
        path = target.partition("?")[0]
        if path == "/silence":
            raise NoAnswer("the connection was closed", sent=True)
        number = next(self.turn)
        await self.pause()
        answered = await self.answer(self.stores[number], method, path, headers, body)
        await self.pause()
        who = [("x-holdfast-replica", f"r{number + 1}"), ("x-holdfast-generation", "1")]
        return replace(answered, headers=[*answered.headers, *who])

    async def pause(self):
        """What lets requests overtake each other; nothing by itself, so that tests are quick."""
        await anyio.sleep(self.will.random() * self.slowness)

    async def answer(self, store, method, path, headers, body):
        if path == "/static":
            return Response(200, [("content-type", "text/html")], b"<p>static</p>")
        sid = self.session_id(headers) or text40(next(self.numbers))
        fresh = {"_token": text40(next(self.numbers)), "user": None}
        session = dict(store.get(sid, fresh))
        await self.pause()
        status, location = self.statuses.get(path, 200), self.redirects.get(path)
        if method == "POST":
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            if self.picky and form.get("_token") != session["_token"]:
                return Response(419, [], b"page expired")
            location = "/login"
            if form.get("password") == "sesame":
                # The guard destroys the old session at once; the new one is saved at the end.
                store.pop(sid, None)
                sid, location = text40(next(self.numbers)), "/?welcome=secret"
                session = {"_token": text40(next(self.numbers)), "user": form["name"]}
                await self.pause()
        if not self.forgets:
            store[sid] = session
        sealed = cookies.to_wire(cookies.seal(KEY, "store_session", sid))
        found = [("set-cookie", f"store_session={sealed}; path=/; httponly")]
        if "cookie" in self.shows:
            sealed = cookies.to_wire(cookies.seal(KEY, "XSRF-TOKEN", session["_token"]))
            found.append(("set-cookie", f"XSRF-TOKEN={sealed}; path=/"))
        if location is not None:
            return Response(302, [*found, ("location", location)], b"")
        page = f'<meta name="csrf-token" content="{session["_token"]}">'
        shown = page.encode() if "page" in self.shows else b"<p>"
        return Response(status, [*found, ("content-type", "text/html")], shown)

    def session_id(self, headers):
        for pair in headers.get("cookie", "").split("; "):
            name, _, value = pair.partition("=")
            if name == "store_session":
                return cookies.open(KEY, name, value).value
        return None

    async def look(self, session_id):
        session = self.stores[0].get(session_id)
        return session and Payload(session["_token"], session["user"] is not None)


def visitor(application, recorder, site=SITE, look=None):
    return Visitor(3, application, recorder, site, host="store.test", look=look)


def verdict(recorder, driver):
    return judge(parse_setup(driver, "laravel"), recorder.ops(), [], recorder.elapsed())


async def played(application, site=SITE, *, requests=60, look=None, **options):
    """Three visitors, until they have sent some requests; then everything is read back."""
    recorder, stop = Recorder(), anyio.Event()
    people = Visitors(application, site, host="store.test", look=look, think=0.0, **options)

    def enough(count, gone):
        if count >= requests:
            stop.set()

    with anyio.fail_after(60):
        await people.play(recorder, users=3, seed=1, stop=stop, on_progress=enough)
        await people.read_back(3)
    return recorder


async def test_a_session_that_all_replicas_have_is_not_lost():
    recorder = await played(Application())
    found = verdict(recorder, "redis")
    assert found.sessions_opened >= 3
    assert found.sessions_lost == found.errors == found.refused == 0
    kinds = {op.sent.kind for op in recorder.ops() if op.ok}
    assert kinds == {"open", "state", "login"}


@pytest.mark.parametrize("looked", [True, False])
@pytest.mark.parametrize("site", [SITE, KEYLESS, replace(SITE, login=Login("POST", "/login", {}))])
async def test_requests_that_overtake_each_other_lose_no_session(site, looked):
    """What Laravel's late saves do to a login in flight is a race, whoever is looked at."""
    application = Application(slowness=0.004)
    look = application.look if looked else None
    weights = {"visit": 1, "visit-in-parallel": 2, "log-in": 1, "log-in-in-flight": 4, "leave": 2}
    recorder = await played(application, site, requests=400, look=look, steps=weights)
    found = verdict(recorder, "redis")
    assert found.sessions_opened > 10
    assert [v for v in found.violations if v.heading == "survival"] == []


async def test_a_session_of_one_replica_is_lost_and_the_cause_is_said():
    recorder = await played(Application(shared=False), GUESTS)
    found = verdict(recorder, "file")
    assert 0 < found.sessions_lost <= found.sessions_opened
    assert {violation.invariant for violation in found.violations} == {"missing"}
    assert set(found.causes) == {"the replica that answered never had the file"}
    for violation in found.violations:
        seen, missed = violation.records[0], violation.records[-1]
        assert seen.state.lineage == violation.lineage
        assert missed.state.lineage is None
        assert missed.answer.replica != seen.answer.replica


async def test_what_a_refused_form_says_does_not_count():
    """Laravel 13 takes the form of a session that is lost: the loss is found all the same."""
    for picky in (True, False):
        recorder = await played(Application(shared=False, picky=picky), requests=120)
        assert verdict(recorder, "file").sessions_lost > 0


async def test_sessions_that_end_with_their_request_are_found_out():
    found = verdict(await played(Application(forgets=True), GUESTS, steps={"visit": 1}), "array")
    assert found.sessions_lost == found.sessions_opened > 0


@pytest.mark.parametrize("site", [SITE, KEYLESS])
@pytest.mark.parametrize("shows", [("cookie",), ("page",), ("cookie", "page")])
async def test_wherever_the_token_is_shown(site, shows):
    if site is KEYLESS and "page" not in shows:
        return
    for shared in (True, False):
        recorder = await played(Application(shared=shared, shows=shows), site, requests=120)
        lost = verdict(recorder, "redis" if shared else "file").sessions_lost
        assert lost == 0 if shared else lost > 0


async def test_where_only_the_store_shows_the_token():
    application = Application(shows=())
    recorder = await played(application, look=application.look)
    found = verdict(recorder, "redis")
    assert (found.sessions_opened >= 3, found.sessions_lost) == (True, 0)


async def test_a_login_gives_the_session_another_token_and_keeps_its_name():
    application, recorder = Application(), Recorder()
    person = visitor(application, recorder)
    before = await person.go()
    login = await person.log_in()
    assert login.ok
    after = (await person.go()).state
    assert (after.lineage, after.user) == ("u3.1", 3)
    assert after.token != before.state.token
    assert after.session == login.state.session != before.state.session
    assert person.window.user == 3
    (form,) = [
        parse_qs(body.decode()) for method, _, _, body in application.sent if method == "POST"
    ]
    assert form["name"] == ["visitor3"]
    paths = [(method, target) for method, target, _, _ in application.sent]
    assert ("GET", "/?welcome=secret") in paths, "the redirect was followed"


async def test_a_visitor_sends_what_a_browser_does():
    application = Application()
    person = visitor(application, Recorder())
    await person.go()
    await person.log_in()
    get, post = (
        next(headers for method, _, headers, _ in application.sent if method == wanted)
        for wanted in ("GET", "POST")
    )
    assert get["accept"].startswith("text/html")
    assert "cookie" not in get
    assert post["content-type"] == "application/x-www-form-urlencoded"
    assert post["sec-fetch-site"] == "same-origin"
    assert {pair.partition("=")[0] for pair in post["cookie"].split("; ")} == {
        *("store_session", "XSRF-TOKEN")
    }


async def test_a_login_that_is_refused_is_no_login():
    for form, status in (({"password": "no"}, 302), ({"password": "sesame"}, 419)):
        application, recorder = Application(), Recorder()
        person = visitor(application, recorder, replace(SITE, login=Login("POST", "/login", form)))
        await person.go()
        if status == 419:
            person.window.token = ""
        login = await person.log_in()
        assert (login.answer.status, login.ok, login.state) == (status, False, None)
        assert person.window.user is None
        assert (await person.go()).state.lineage == "u3.1"
        assert not verdict(recorder, "redis").violations


async def test_a_session_that_went_back_to_before_its_login():
    application, recorder = Application(replicas=1), Recorder()
    person = visitor(application, recorder)
    await person.go()
    before = dict(application.stores[0])
    await person.log_in()
    await person.go()
    (new,) = set(application.stores[0]) - set(before)
    (old,) = before
    application.stores[0][new] = before[old]
    assert (await person.go()).state.user is None
    assert [v.invariant for v in verdict(recorder, "redis").violations] == ["rollback"]
    assert person.window.user is None, "the visitor has seen it, and may log in again"


async def test_a_session_in_which_nobody_is_logged_in_any_more_by_its_payload():
    application, recorder = Application(replicas=1), Recorder()
    person = visitor(application, recorder, look=application.look)
    await person.go()
    await person.log_in()
    for session in application.stores[0].values():
        session["user"] = None
    assert (await person.go()).state.user is None
    assert [v.invariant for v in verdict(recorder, "redis").violations] == ["rollback"]


@pytest.mark.parametrize("site", [SITE, KEYLESS])
async def test_a_login_whose_answer_shows_no_token_begins_a_session_of_another_name(site):
    """What the next page shows may be the session from before, or a new one: nobody can tell."""
    application, recorder = Application(shows=("page",)), Recorder()
    person = visitor(application, recorder, site)
    await person.go()
    login = await person.log_in()
    assert (login.ok, login.state) == (True, None)
    after = (await person.go()).state
    assert (after.lineage, after.user) == ("u3.2", 3)
    assert not verdict(recorder, "redis").violations


async def test_cookies_arrive_with_the_answers_that_bring_them():
    """Also where the store is looked into meanwhile: the judge tells late cookies by that order."""
    application, waits = Application(), itertools.cycle((0.003, 0.0, 0.001))

    async def look(session_id):
        await anyio.sleep(next(waits))
        return await application.look(session_id)

    weights = {"visit-in-parallel": 1, "log-in-in-flight": 2, "leave": 1}
    recorder = await played(application, requests=150, look=look, steps=weights)
    ops = recorder.ops()
    carrying = [op for op in ops if op.sent.cookie_from is not None]
    for op in carrying:
        before = [
            other
            for other in ops
            if other.sent.lineage == op.sent.lineage
            and other.answer.set_cookie
            and other.answer.at <= op.start
        ]
        assert max(before, key=lambda other: other.answer.at).id == op.sent.cookie_from
    assert len(carrying) > 50
    assert not [v for v in verdict(recorder, "redis").violations if v.heading == "survival"]


async def test_redirects_are_followed_within_the_site_and_not_for_ever():
    application = Application(
        redirects={
            "/away": "https://example.com/",
            "/round": "/round",
            "/a": "https://store.test/b?c=1",
            "/b": "//store.test",
        }
    )
    recorder = Recorder()
    person = visitor(application, recorder, GUESTS)
    assert (await person.go("/away")).answer.status == 302
    assert (await person.go("/a")).answer.status == 200
    assert [target for _, target, _, _ in application.sent] == ["/away", "/a", "/b?c=1", "/"]
    sent = len(application.sent)
    assert (await person.go("/round")).answer.status == 302
    assert len(application.sent) - sent == MAX_REDIRECTS + 1
    assert not verdict(recorder, "redis").violations


async def test_the_history_holds_no_secret():
    recorder = await played(Application(), replace(SITE, path="/?key=secret"))
    text = b"\n".join(to_json(record) for op in recorder.ops() for record in (op.sent, op.answer))
    for secret in (b"secret", b"sesame", b"visitor3", *(text40(n).encode() for n in range(1, 40))):
        assert secret not in text


async def test_pages_without_a_session_are_no_loss():
    recorder = Recorder()
    person = visitor(Application(shared=False), recorder, GUESTS)
    opened = await person.go()
    static = await person.go("/static")
    assert (static.ok, static.state) == (True, None)
    assert person.window.lineage == opened.state.lineage


async def test_who_leaves_comes_back_with_another_session():
    recorder = Recorder()
    person = visitor(Application(), recorder, GUESTS)
    first = await person.go()
    person.leave()
    second = await person.go()
    assert (first.state.lineage, second.state.lineage) == ("u3.1", "u3.2")
    assert second.sent.cookie_from is None
    assert person.lost == 0


async def test_steps_have_their_share():
    recorder = await played(Application(), requests=30, steps={"visit": 1, "log-in": 0})
    assert {op.sent.kind for op in recorder.ops()} == {"open", "state"}


@pytest.mark.parametrize(
    ("application", "site", "words"),
    [
        (Application(statuses={"/": 404}), SITE, "GET / answers 404"),
        (Application(statuses={"/": 500}), SITE, "GET / answers 500"),
        (Application(), replace(SITE, path="/silence"), "GET /silence: the connection was closed"),
        (Application(shows=(), redirects={"/": "/"}), SITE, "to another host, or in a circle"),
        (Application(), replace(SITE, path="/static"), "sets no cookie store_session"),
        (
            Application(shows=()),
            replace(SITE, reader=Reader("session", KEY)),
            "sets no cookie session, but store_session",
        ),
        (
            Application(),
            replace(SITE, reader=Reader("store_session", Encrypter.from_app_key("x" * 32))),
            "",
        ),
        (
            Application(shows=("cookie",)),
            replace(SITE, reader=Reader("store_session", Encrypter.from_app_key("x" * 32))),
            "the application's key does not open its cookie store_session",
        ),
        (Application(shows=()), SITE, "cannot be observed: no XSRF-TOKEN cookie that opens"),
        (Application(shows=("cookie",)), KEYLESS, "cannot be observed: no XSRF-TOKEN cookie"),
        (
            Application(),
            replace(SITE, login=Login("POST", "/login", {"password": "no"})),
            "POST /login logs nobody in: no login came of it: HTTP 302",
        ),
        (
            Application(),
            replace(SITE, login=Login("POST", "/silence", {})),
            "POST /silence logs nobody in: the connection was closed",
        ),
        *(
            (
                Application(shared=False, replicas=replicas),
                replace(SITE, login=Login("POST", "/login", {"password": "no"})),
                "POST /login logs nobody in: no login came of it: HTTP 302",
            )
            for replicas in (1, 2, 3, 5)
        ),
        (Application(), SITE, ""),
        *((Application(shared=False, replicas=replicas), SITE, "") for replicas in (2, 3, 5, 20)),
        (Application(forgets=True), SITE, ""),
    ],
)
async def test_what_cannot_be_observed_is_said_before_anything_counts(application, site, words):
    people = Visitors(application, site, host="store.test")
    if not words:
        await people.check()
        return
    with pytest.raises(EnvironmentLacking) as error:
        await people.check()
    assert words in str(error.value)
    assert error.value.hint


async def test_an_application_that_speaks_our_protocol_is_shopped_in():
    class Speaks(Application):
        async def answer(self, store, method, path, headers, body):
            state = (
                b'{"replica":"r1","generation":1,"session":"s","lineage":null,"user":null,'
                b'"token":"t","cart":[],"orders":[],"count":0,"marks":{}}'
            )
            return Response(200, [], state)

    asked = [
        (Speaks(), GUESTS, None, Shoppers),
        (Application(), None, None, Shoppers),
        (Application(), GUESTS, None, Visitors),
        (Application(statuses={"/state": 500}), GUESTS, None, Visitors),
        (Speaks(), SITE, None, Visitors),
        (Speaks(), replace(GUESTS, path="/x"), None, Visitors),
        (Speaks(), GUESTS, {"visit": 1}, Visitors),
    ]
    for application, site, steps, kind in asked:
        async with crowd(application, "http://store.test", site, None, steps=steps) as people:
            assert isinstance(people, kind)
