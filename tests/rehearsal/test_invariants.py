"""What the judge finds in histories written by hand (the language is in ``conftest.py``).

For each invariant: histories that break it and nothing else, and others that look like it and break
nothing, because a correct application may answer so. What the judge finds in histories of simulated
servers is in ``test_judged_servers.py``.
"""

from __future__ import annotations

from collections import Counter

import pytest

from holdfast.rehearsal.compare import Setup
from holdfast.rehearsal.judge import judge
from holdfast.rehearsal.verdict import INVARIANTS

REDIS = Setup("redis", "shop", "redis")

BROKEN: dict[str, dict[str, str]] = {
    "missing": {
        "the page in flight at the opening was over when it was last seen": """
            0-1 state -> wiped
            2-4 open
            3-5 catalogue
            6-7 state
            8-9 state -> wiped
        """,
        "a page was in flight at the opening, but what is shown is a new session": """
            0-1 state -> wiped
            2-4 open
            3-5 catalogue
            6-7 state -> nothing
        """,
        "a login refused while it was opened set its cookie again": """
            0-0.5 state -> wiped
            0.6-1 open
            0.7-2 login -> 419
            3-4 state -> nothing
        """,
        "the opening set no cookie, and the first page's is the right one": """
            0-1 catalogue
            2-3 open -> nocookie
            4-5 state -> nothing
        """,
        "a page finds nothing": """
            0-1 open
            2-3 state -> nothing
        """,
        "a write goes into a new session": """
            0-1 open
            2-3 cart a -> cart=a
            4-5 count -> nothing count=1
        """,
        "an older session of the browser is there instead": """
            0-1 open
            2-3 logout
            4-5 open in=u1.2 -> u1.2
            6-7 state -> u1.1 guest
        """,
        "it was opened although nobody said so, and shown once": """
            0-1 open -> 502
            4-5 state
            6-7 state -> nothing
        """,
        "the login itself found nothing": """
            0-1 open
            2-3 login -> nothing user=1
        """,
        "found gone in the middle of parallel requests, none of which put it back": """
            0-1 open
            2-5 cart a -> cart=a
            3-6 state -> nothing
        """,
        "after a logout that was refused": """
            0-1 open
            2-3 login
            4-5 logout -> 419
            6-7 state -> nothing
        """,
        "after a login that failed, when the session was seen once more": """
            0-1 open
            2-3 login -> 502
            6-7 state
            8-9 state -> nothing
        """,
        "after an older login whose answer was lost and which did not touch this session": """
            0-1 open
            2-4 login -> ?
            5-6 state -> nothing id=fresh
            7-8 open in=u1.2
            9-10 state -> nothing
        """,
        "the cookie is taken away": """
            0-1 open -> nocookie
            2-3 state -> nothing
        """,
        "a late answer had brought an old cookie, but the newest brought the right one": """
            0-1 open
            2-7 state
            3-4 login
            5-8 state -> user=1
            9-10 state -> nothing
        """,
        "the form of the first page is refused": """
            0-1 state -> nothing
            2-3 open -> 419
        """,
    },
    "rollback": {
        "a login is undone": """
            0-1 open
            2-3 login
            4-5 state -> guest
        """,
        "a login is undone for a write": """
            0-1 open
            2-3 login
            4-5 cart a -> guest cart=a
        """,
        "the last two writes are gone together": """
            0-1 open
            2-3 cart a -> cart=a
            4-5 cart b -> cart=a,b
            6-7 count -> cart=a,b count=1
            8-9 state -> cart=a
        """,
        "marks and counts are gone together": """
            0-1 open
            2-3 mark k v -> marks=k:v
            4-5 count -> marks=k:v count=1
            6-7 state
        """,
        "an order is a list of things in the cart again, and what came after it is gone": """
            0-1 open
            2-3 cart a -> cart=a
            4-5 checkout -> orders=a
            6-7 count -> orders=a count=1
            8-9 state -> cart=a
        """,
        "a checkout of nothing between them does not hide it": """
            0-1 open
            2-3 count -> count=1
            4-5 checkout -> count=1
            6-7 count -> count=2
            8-9 state
        """,
        "what was written in a burst and then seen is gone": """
            0-1 open
            2-4 cart a -> cart=a
            2.5-3.5 cart b -> cart=b,a
            5-6 state -> cart=b,a
            7-8 state
        """,
    },
    "durability": {
        "another request came when it was lost already": """
            0-1 open
            2-4 cart a -> cart=a
            3-20 count -> cart=a count=1
            6-7 state
            8-9 catalogue
        """,
        "a long request shows it that was there all the time": """
            0-1 open
            2-4 cart a -> cart=a
            3-9 count -> cart=a count=1
            6-7 state
        """,
        "an item is not in the next page": """
            0-1 open
            2-3 cart a -> cart=a
            4-5 state
        """,
        "an item is not in a later write, and comes back": """
            0-1 open
            2-3 cart a -> cart=a
            4-5 count -> count=1
            6-7 state -> cart=a count=1
        """,
        "a step of the counter is not seen": """
            0-1 open
            2-3 count -> count=1
            4-5 count -> count=1
        """,
        "a mark went back to its older value": """
            0-1 open
            2-3 mark k old -> marks=k:old
            4-5 mark k new -> marks=k:new
            6-7 state -> marks=k:old
        """,
        "a mark went back although another one was refused meanwhile": """
            0-1 open
            2-3 mark k old -> marks=k:old
            4-5 mark k new -> marks=k:new
            6-7 mark k newest -> 409
            8-9 state -> marks=k:old
        """,
        "an order is undone": """
            0-1 open
            2-3 cart a -> cart=a
            4-5 checkout -> orders=a
            6-7 state -> cart=a
        """,
        "a write that failed was seen, and then no more": """
            0-1 open
            2-3 cart a -> 500
            6-7 state -> cart=a
            10-11 state
        """,
        "only one of two is gone": """
            0-1 open
            2-3 cart a -> cart=a
            4-5 cart b -> cart=a,b
            6-7 state -> cart=b
        """,
        "a parallel request had saved before a page showed the write": """
            0-1 open
            2-4 cart a -> cart=a
            2-3 state
            5-6 state -> cart=a
            7-8 state
        """,
        "the parallel request showed the write itself": """
            0-1 open
            2-4 cart a -> cart=a
            2-5 count -> cart=a count=1
            6-7 state -> count=1
        """,
        "the parallel request was never sent": """
            0-1 open
            2-4 cart a -> cart=a
            2-5 count -> never
            6-7 state
        """,
        "the parallel request was at the session of before the login": """
            0-1 open
            2- state
            3-4 login
            5-6 cart a -> cart=a
            7-8 state
        """,
        "lost between a login's answer and the next page": """
            0-1 open
            2-3 cart a -> cart=a
            4-5 login
            6-7 state
        """,
    },
    "phantom": {
        "an item that nobody had sent": """
            0-1 open
            2-3 state -> cart=a
        """,
        "an item before it was sent": """
            0-1 open
            2-3 state -> cart=a
            4-5 cart a -> cart=a
        """,
        "an item that was refused": """
            0-1 open
            2-3 cart a -> 409
            4-5 state -> cart=a
        """,
        "a mark that was refused for its token": """
            0-1 open
            2-3 mark k v -> 419
            4-5 state -> marks=k:v
        """,
        "an item that never left the browser": """
            0-1 open
            2-3 cart a -> never
            4-5 state -> cart=a
        """,
        "an item in the cart and in the orders": """
            0-1 open
            2-3 cart a -> cart=a
            4-5 checkout -> cart=a orders=a
        """,
        "a step more than was sent": """
            0-1 open
            2-3 count -> count=2
        """,
        "a step that was refused": """
            0-1 open
            2-3 count -> count=1
            4-5 count -> 409
            6-7 state -> count=2
        """,
        "a step that went into another session": """
            0-1 open
            2-3 count -> count=1
            4-5 logout
            6-7 open in=u1.2
            8-9 state -> count=1
        """,
        "a probe shows what was refused": """
            0-1 open
            2-3 cart a -> 409
            out: 4-5 logout
            6-7 probe out -> cart=a
        """,
    },
    "leak": {
        "another user's login": """
            0-1 open
            u2 0-1 open
            u2 2-3 login
            4-5 state -> user=2
        """,
        "a user that nobody is": """
            0-1 open
            2-3 state -> user=7
        """,
        "another browser's item": """
            0-1 open
            u2 0-1 open
            u2 2-3 cart b -> cart=b
            4-5 state -> cart=b
        """,
        "another browser's mark in a probe": """
            0-1 open
            u2 2-3 open
            u2 4-5 mark k v -> marks=k:v
            in: 4-5 login
            6-7 probe in -> marks=k:v
        """,
        "another browser's session id": """
            0-1 open
            u2 0-1.5 open -> id=u1#1
        """,
        "browser u1 is not browser u11": """
            0-1 open
            u11 0-1 open
            2-3 state -> user=11
            u11 2-3 login
        """,
    },
    "lost-update": {
        "the opening was overwritten, as the login shows": """
            0-1 state -> wiped
            2-4 open
            3-5 catalogue
            6-7 login -> nothing user=1
        """,
        "a request that the balancer gave up did, long after": """
            0-1 open
            2-3 count -> 504
            14-15 cart a -> cart=a
            16-17 state -> count=1
        """,
        "a parallel write put the older cart back": """
            0-1 open
            2-4 cart a -> cart=a
            2.5-5 cart b -> cart=b
            6-7 state -> cart=b
        """,
        "the page that was loaded meanwhile did": """
            0-1 open
            2-4 cart a -> cart=a
            3-5 catalogue
            6-7 state
        """,
        "two steps ended at the same number": """
            0-1 open
            2-4 count -> count=1
            3-5 count -> count=1
            6-7 state -> count=1
        """,
        "a refused request did, as Laravel saves after a 419 too": """
            0-1 open
            2-4 cart a -> cart=a
            3-5 count -> 419
            6-7 state
        """,
        "a request whose answer was lost did, long after": """
            0-1 open
            2-30 state -> ?
            3-4 cart a -> cart=a
            5-6 state -> cart=a
            7-8 state
        """,
        "a request on a replica that was dying did, a moment after its 502": """
            0-1 open
            2-3 count -> 502
            3.5-4 cart a -> cart=a
            6-7 state -> count=1
        """,
        "the login did: it moved the session as it was before": """
            0-1 open
            2-6 cart a -> cart=a nocookie
            3-5 login
            7-8 state
        """,
        "the opening itself was overwritten": """
            0-1 state -> wiped
            2-4 open
            3-5 catalogue
            6-7 state -> wiped
        """,
        "a mark was overwritten by the marks of before": """
            0-1 open
            2-4 mark k v -> marks=k:v
            2.5-5 mark l w -> marks=l:w
            6-7 state -> marks=l:w
        """,
        "two of a burst, by one that was overwritten itself": """
            0-1 open
            2-10 cart a -> cart=a
            3-11 cart b -> cart=b
            4-12 cart c -> cart=a,c
            13-14 state -> cart=a,c
        """,
        "a chain: brought back, then lost to one that had read in between": """
            0-1 open
            2-10 cart a -> cart=a
            3-12 state
            6-20 state -> cart=a
            13-30 state
            21-22 state -> cart=a
            31-32 state
        """,
    },
    "resurrection": {
        "the old cookies are logged in": """
            0-1 open
            2-3 login
            out: 4-5 logout
            6-7 probe out -> u1.1 user=1
        """,
        "by the second look": """
            0-1 open
            2-3 login
            out: 4-5 logout
            6-7 probe out
            8-9 probe out -> u1.1 user=1
            10-11 probe out -> u1.1 user=1
        """,
        "a late answer put the old cookie back, and it is logged in": """
            0-1 open
            2-3 login
            4-7 cart a -> cart=a
            5-6 logout
            8-9 state in=u1.2 -> u1.1 user=1 cart=a
        """,
        "after a logout in a race with a refused request": """
            0-1 open
            2-3 login
            4-7 cart a -> 409
            out: 5-6 logout
            8-9 probe out -> u1.1 user=1
        """,
    },
    "late-cookie": {
        "a page loaded before the login brings the old cookie after it": """
            0-1 open
            2-5 state
            3-4 login
            6-7 state -> nothing
        """,
        "a refused request does": """
            0-1 open
            2-5 cart a -> 409
            3-4 login
            6-7 state -> nothing id=fresh
        """,
        "the old session is still there as a guest's": """
            0-1 open
            2-5 cart a -> cart=a
            3-4 login
            6-7 state -> guest cart=a
        """,
        "the write after it goes into nothing": """
            0-1 open
            2-5 catalogue
            3-4 login
            6-7 cart a -> nothing cart=a
        """,
        "two pages opened sessions at once, without cookies": """
            0-3 catalogue
            0-2 open -> id=mine
            4-5 state -> nothing id=other
        """,
        "the answer after the late one is a new session's": """
            0-1 open
            2-5 state
            3-4 login
            6-7 catalogue
            8-9 state -> nothing
        """,
        "what was written under the old id is not missed under the new one": """
            0-1 open
            2-9 state
            3-4 login
            5-12 state -> user=1
            10-11 cart a -> guest cart=a
            13-14 state -> user=1
        """,
        "while the opening was in flight another page's cookie came, and the opening set none": """
            0-5 state -> nothing id=one
            1-6 state -> nothing id=two
            2-3 catalogue
            5.5-7 open -> id=one nocookie
            8-9 state -> id=two nothing
        """,
        "the logout of an older session answers when the next one is open": """
            0-1 open
            2-9 logout
            3-4 state -> nothing id=fresh
            5-6 open in=u1.2 -> u1.2
            10-11 state -> nothing
        """,
    },
    "fixation": {
        "the id of before is logged in": """
            0-1 open
            in: 2-3 login
            4-5 probe in -> u1.1 user=1
        """,
        "it is logged in but empty": """
            0-1 open
            in: 2-3 login
            4-5 probe in -> user=1
        """,
        "after requests in flight": """
            0-1 open
            2-5 cart a -> 409
            in: 3-4 login
            6-7 probe in -> u1.1 user=1
        """,
    },
}

QUIET: dict[str, dict[str, str]] = {
    "missing": {
        "another page brought another token, but no cookie": """
            0-1 state -> nothing id=one
            0-2 state -> nothing id=two nocookie
            3-4 open -> 419
        """,
        "a late logout of the session before ends this one, which has its id": """
            0-1 open
            2-20 logout -> ?
            3-4 state -> nothing id=u1#1
            5-6 open in=u1.2
            7-8 state -> nothing
        """,
        "after a logout": """
            0-1 open
            2-3 logout
            4-5 state -> nothing
            6-7 state in=u1.2 -> nothing
        """,
        "a page in flight at the login": """
            0-1 open
            2-5 login
            3-4 state -> nothing
        """,
        "a page in flight at the logout": """
            0-1 open
            2-5 logout
            3-6 state -> nothing
        """,
        "a page answered after the logout was sent": """
            0-1 open
            2-4 state -> nothing
            3-5 logout
        """,
        "a login that failed may have moved the session": """
            0-1 open
            2-3 login -> 502
            6-7 state -> nothing
        """,
        "a login whose answer was lost may do so at any time": """
            0-1 open
            2-20 login -> ?
            3-4 state
            5-6 state -> nothing
        """,
        "a logout without an answer": """
            0-1 open
            2- logout
            3-4 state
            5-6 state -> nothing
        """,
        "a logout that failed may have ended it, a moment later": """
            0-1 open
            2-3 logout -> 502
            3.5-4 state
            5-6 state -> nothing
        """,
        "a logout that was answered with something else": """
            0-1 open
            2-3 logout -> junk
            6-7 state -> nothing
        """,
        "a redirect after the login": """
            0-1 open
            2-3 login -> 302
            6-7 state -> nothing
        """,
        "an opening that failed and was never seen": """
            0-1 open -> 502
            4-5 state -> nothing
        """,
        "an opening that was refused": """
            0-1 state -> wiped
            2-4 state -> nothing
            3-5 open -> 419
        """,
        "a page that overlaps the opening": """
            0-3 open
            1-2 state -> nothing
        """,
        "a failure is not a missing session": """
            0-1 open
            2-3 state -> 500
            4-5 state -> 503
            6-7 state
        """,
        "a lost session, then another": """
            0-1 open
            2-3 logout
            4-5 state in=u1.2 -> nothing
            6-7 open
            8-9 state
        """,
        "a private window does not show it": """
            0-1 open
            2-3 logout
            4-5 open in=u1.2 -> u1.1 guest
            6-7 state in=u1.3 window -> nothing
            8-9 open
            10-11 state
        """,
    },
    "rollback": {
        "a guest before the login": """
            0-1 open
            2-3 state -> guest
            4-5 login
            6-7 state
        """,
        "a page in flight at the login shows a guest": """
            0-1 open
            2-4 login
            3-5 state -> guest
        """,
        "a login that was refused": """
            0-1 open
            2-3 login -> 409
            4-5 state -> guest
        """,
        "a login that failed": """
            0-1 open
            2-3 login -> 500
            6-7 state -> guest
        """,
        "two writes that failed and were not made": """
            0-1 open
            2-3 cart a -> 502
            4-5 cart b -> 500
            8-9 state
        """,
        "two writes that were refused": """
            0-1 open
            2-3 cart a -> 409
            4-5 count -> 419
            8-9 state
        """,
        "the next session begins with nothing": """
            0-1 open
            2-3 cart a -> cart=a
            4-5 count -> cart=a count=1
            6-7 logout
            8-9 open in=u1.2
            10-11 state
        """,
        "a checkout empties the cart": """
            0-1 open
            2-3 cart a -> cart=a
            4-5 cart b -> cart=a,b
            6-7 checkout -> orders=a,b
            8-9 state -> orders=a,b
        """,
    },
    "durability": {
        "a read that overlaps the write": """
            0-1 open
            2-4 cart a -> cart=a
            3-5 state
            6-7 state -> cart=a
        """,
        "a failed write that was made": """
            0-1 open
            2-3 cart a -> 502
            6-7 state -> cart=a
            8-9 state -> cart=a
        """,
        "a failed write that was made late": """
            0-1 open
            2-3 cart a -> 502
            3.1-3.2 state
            3.5-4 state -> cart=a
        """,
        "a lost write that was made very late": """
            0-1 open
            2-4 cart a -> ?
            5-6 state
            50-51 state -> cart=a
            52-53 state -> cart=a
        """,
        "a kill during the checkout: not made": """
            0-1 open
            2-3 cart a -> cart=a
            4-5 checkout -> 502
            8-9 state -> cart=a
        """,
        "a kill during the checkout: made": """
            0-1 open
            2-3 cart a -> cart=a
            4-5 checkout -> 502
            8-9 state -> orders=a
        """,
        "a kill during the count: the next number is right either way": """
            0-1 open
            2-3 count -> count=1
            4-5 count -> 502
            8-9 count -> count=3
            10-11 state -> count=3
        """,
        "marks of one key in parallel: either may be the last": """
            0-1 open
            2-4 mark k one -> marks=k:one
            3-5 mark k two -> marks=k:two
            6-7 state -> marks=k:one
            8-9 mark k three -> marks=k:three
            10-11 state -> marks=k:three
        """,
        "a mark set again by a request whose answer is long lost": """
            0-1 open
            2-3 mark k old -> 504
            14-15 mark k new -> marks=k:new
            16-17 state -> marks=k:new
            18-19 state -> marks=k:old
        """,
        "a write in flight at the logout": """
            0-1 open
            2-3 login
            4-7 cart a -> cart=a
            5-6 logout
            8-9 state in=u1.2 -> nothing
        """,
        "a write into a session that was never opened": """
            0-1 cart a -> nothing cart=a
            2-3 open
            4-5 state
        """,
        "a write that never left the browser": """
            0-1 open
            2-3 cart a -> never
            4-5 state
        """,
    },
    "phantom": {
        "a failed write that was made, a lost one, an answer that is no state": """
            0-1 open
            2-3 cart a -> 500
            4-5 cart b -> ?
            6-7 cart c -> junk
            8-9 mark k v -> 302
            20-21 state -> cart=a,b,c marks=k:v
        """,
        "an item seen before its own answer": """
            0-1 open
            2-5 cart a -> cart=a
            3-4 state -> cart=a
        """,
        "a step whose answer was lost": """
            0-1 open
            2-3 count -> ?
            4-5 count -> count=2
        """,
        "a step that was lost in the last session and is made in this one": """
            0-1 open
            2-3 count -> 502
            4-5 logout
            6-7 open in=u1.2 -> count=1
        """,
        "an item of before the opening": """
            0-1 cart a -> nothing cart=a
            2-3 count -> nothing cart=a count=1
            4-5 open -> cart=a count=1
        """,
        "the same item twice, as it was sent": """
            0-1 open
            2-3 cart a -> cart=a
            4-5 cart a -> cart=a,a
        """,
        "sent again after a refusal": """
            0-1 open
            2-3 cart a -> 409
            4-5 cart a -> cart=a
            6-7 state -> cart=a
        """,
    },
    "leak": {
        "two users, each with their own": """
            0-1 open
            u2 0-1 open
            2-3 login
            u2 2-3 login
            4-5 cart a -> cart=a
            u2 4-5 cart b -> cart=b
            6-7 state -> cart=a
            u2 6-7 state -> cart=b
        """,
        "the user stays after a login whose answer was lost": """
            0-1 open
            2-3 login -> 502
            6-7 state -> user=1 id=new
        """,
        "an older session of one's own": """
            0-1 open
            2-3 logout
            4-5 open in=u1.2 -> u1.1 guest
        """,
        "one's own old id, in a probe": """
            0-1 open
            in: 2-3 login
            4-5 probe in -> id=u1#1
        """,
    },
    "lost-update": {
        "two sessions got one name, by openings with two cookies": """
            0-4 state -> nothing id=one
            0-5 state -> nothing id=two
            4.5-7 open -> id=one nocookie
            5.5-8 open -> id=two nocookie
            9-10 count -> id=two count=1
            11-12 state -> id=one
        """,
        "parallel writes, all there": """
            0-1 open
            2-5 cart a -> cart=b,a
            2-3 cart b -> cart=b
            2-4 count -> cart=b count=1
            6-7 state -> cart=b,a count=1
        """,
        "parallel steps, each its own number": """
            0-1 open
            2-5 count -> count=2
            2-3 count -> count=1
            6-7 state -> count=2
        """,
        "one of two was refused": """
            0-1 open
            2-5 cart a -> 409
            3-4 cart b -> cart=b
            6-7 state -> cart=b
        """,
        "refused at the login": """
            0-1 open
            2-6 cart a -> 409 nocookie
            3-5 login
            7-8 state
        """,
        "in flight at the login and taken along": """
            0-1 open
            2-4 cart a -> cart=a nocookie
            3-5 login -> cart=a
            6-7 state -> cart=a
        """,
        "a parallel page shows the older state": """
            0-1 open
            2-4 cart a -> cart=a
            2-6 state
            7-8 state -> cart=a
        """,
        "different marks in parallel": """
            0-1 open
            2-4 mark k v -> marks=k:v
            2-5 mark l w -> marks=k:v,l:w
            6-7 state -> marks=k:v,l:w
        """,
    },
    "resurrection": {
        "two sessions got one name, and the other one was ended": """
            0-1 state -> nothing id=one
            0-2 state -> nothing id=two
            1.5-4 open -> id=one
            2.5-5 open -> id=two
            4.2-4.5 login -> id=new
            4.6-7 catalogue
            5.5-6 logout
            8-9 state in=u1.2 -> u1.1 user=1 id=new
        """,
        "the old cookies show nothing": """
            0-1 open
            2-3 login
            out: 4-5 logout
            6-7 probe out
            8-9 probe out
        """,
        "a page in flight at the logout is logged in": """
            0-1 open
            2-3 login
            4-7 logout
            5-8 state -> user=1
        """,
        "the logout failed": """
            0-1 open
            2-3 login
            out: 4-5 logout -> 502
            8-9 probe out -> u1.1 user=1
            10-11 state
        """,
        "the logout was refused": """
            0-1 open
            2-3 login
            4-5 logout -> 419
            6-7 state
        """,
        "logged in again": """
            0-1 open
            2-3 login
            4-5 logout
            6-7 open in=u1.2
            8-9 login
            10-11 state
        """,
        "a probe that was sent before the logout": """
            0-1 open
            2-3 login
            4-5 state
            out: 6-8 logout
            7-9 probe out -> u1.1 user=1
        """,
    },
    "late-cookie": {
        "a late answer without a cookie": """
            0-1 open
            2-5 state -> nocookie
            3-4 login
            6-7 state
        """,
        "the late answer came before the login's": """
            0-1 open
            2-4 state
            3-5 login
            6-7 state
        """,
        "the late answer was at the session already": """
            0-3 open
            1-4 state -> nothing
            5-6 state
        """,
        "a later answer brings the right cookie again": """
            0-1 open
            2-6 state
            3-4 login
            5-7 state
            8-9 state
        """,
        "a page before the opening answers after it, with the same id": """
            0-1 state -> wiped
            2-6 catalogue
            3-4 open
            7-8 state
        """,
        "the late answer's session is the same: the application keeps the id": """
            0-1 open
            2-5 state
            3-4 login -> id=u1#1
            6-7 state -> user=1
        """,
    },
    "fixation": {
        "the old id shows nothing": """
            0-1 open
            in: 2-3 login
            4-5 probe in
        """,
        "the old id is a guest's still": """
            0-1 open
            2-5 cart a -> 409
            in: 3-4 login
            6-7 probe in -> u1.1
        """,
        "the login was refused": """
            0-1 open
            in: 2-3 login -> 409
            4-5 probe in -> u1.1
        """,
        "the login failed, and nobody knows": """
            0-1 open
            in: 2-3 login -> 502
            6-7 probe in -> u1.1 user=1
        """,
    },
}


TANGLED: dict[str, str] = {
    # What last saves do to a session in ways that are hard to follow. All of it is races,
    # and none of it may look like a store that lost something.
    "a mark in the place of one that was lost, and lost like it": """
        0-1 open
        2-8 count                -> count=1
        3-5 mark k one           -> marks=k:one
        9-13 mark k two          -> count=1 marks=k:two
        10-15 catalogue
        16-17 state              -> count=1
    """,
    "an order that was lost, made once more, and lost again": """
        0-1 open
        2-3 cart a               -> cart=a
        4-14 checkout            -> orders=a
        8-13 cart b              -> cart=a,b
        15-18 catalogue
        16-17 checkout           -> orders=a,b
        20-21 state              -> cart=a,b
    """,
    "a step whose answer was lost came in the place of one that was overwritten": """
        0-1 open
        2-4 count                -> count=1
        3-5 catalogue
        16-18 count              -> 500
        17-30 catalogue
        19-20 state              -> count=1
        32-33 state
    """,
    "a login with an old cookie, from a copy that a late save had made": """
        0-1 open
        2-7 state
        3-4 login
        5-6 cart a               -> cart=a user=1
        8-9 login                -> user=1
        10-11 state              -> user=1
    """,
    "two logins at once, each with a session of its own": """
        0-1 open
        2-4 login
        3-7 login
        5-6 cart a               -> cart=a user=1
        8-9 state                -> user=1
    """,
    "refused logins and logouts change no id": """
        0-1 open
        2-3 login                -> 419
        4-8 catalogue
        5-6 login
        9-10 state               -> nothing
    """,
    "a logout that was made and undone by a request in flight with it": """
        0-1 open
        2-9 cart a               -> cart=a
        3-4 logout               -> junk
        7-8 state                -> cart=a
        11-12 state              -> nothing
    """,
    "the login of the session before takes this one along": """
        0-1 open
        2-3 logout
        4-8 login in=u1.2        -> u1.3 user=1
        5-6 open in=u1.3
        7-9 catalogue
        10-11 state              -> nothing
    """,
    "a probe with the first page's cookie puts another token there": """
        0-1 open
        out: 2-3 logout          -> id=u1#1
        4-6 state in=u1.2        -> nothing
        5-8 probe out            -> id=u1#1
        7-9 open                 -> 419
    """,
}


def cases(of):
    return [
        pytest.param(invariant, text, id=f"{invariant}: {name}")
        for invariant, stories in of.items()
        for name, text in stories.items()
    ]


def found(ops):
    return dict(Counter(v.invariant for v in judge(REDIS, ops, [], 60.0).violations))


@pytest.mark.parametrize(("invariant", "text"), cases(BROKEN))
def test_a_broken_promise_is_found_and_nothing_else(invariant, text, written):
    assert set(found(written(text))) == {invariant}


@pytest.mark.parametrize(("invariant", "text"), cases(QUIET))
def test_nothing_is_found_where_nothing_is_broken(invariant, text, written):
    assert found(written(text)) == {}


@pytest.mark.parametrize("text", TANGLED.values(), ids=TANGLED)
def test_what_races_do_is_laid_at_no_stores_door(text, written):
    assert not {name for name in found(written(text)) if INVARIANTS[name][0] == "survival"}


def test_every_invariant_has_stories_of_both_kinds():
    assert set(BROKEN) == set(QUIET) == set(INVARIANTS)
    assert min(map(len, BROKEN.values())) >= 3
    assert min(map(len, QUIET.values())) >= 4
