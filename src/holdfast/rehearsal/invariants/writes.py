"""An acknowledged write is in every later read of its session, until the session ends.

A write is an item of the cart, a step of the counter, a mark, or an order. One whose answer was
lost counts from the moment on at which a read has shown it.

One that is missing later was overwritten by a request in flight at the same time (``lost-update``),
if there was one; else it did not last: ``rollback`` where everything that was written from some
moment on is gone together (two writes or more), ``durability`` for a single one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, takewhile

from holdfast.rehearsal.history import Op
from holdfast.rehearsal.invariants.effect import effect_end, uncertain
from holdfast.rehearsal.invariants.lasting import Lasting
from holdfast.rehearsal.invariants.overwriter import overwriter
from holdfast.rehearsal.invariants.story import Lineage, Story, shows_lineage, state_of
from holdfast.rehearsal.verdict import Violation

KINDS = ("cart", "count", "mark", "checkout")


@dataclass(frozen=True)
class Kept:
    """A write that must last.

    Args:
        write: the request.
        seen: the answer that showed it first: its own, or that of a read.
    """

    write: Op
    seen: Op


@dataclass(frozen=True)
class Lost:
    """A write that should have lasted, and the first read that did not show it.

    Args:
        racer: the request that may have overwritten it, None where there is none.
    """

    kept: Kept
    read: Op
    racer: Op | None


def acknowledged(story: Story, lineage: Lineage) -> list[Kept]:
    """The writes of a session that must last, in the order of sending."""
    reads = [op for op in story.reads[lineage.name] if _counts(story, lineage, op)]
    found: list[Kept] = []
    for write in story.by_lineage[lineage.name]:
        if write.sent.kind not in KINDS:
            continue
        if write.ok and write.state is not None:
            if _counts(story, lineage, write):
                found.append(Kept(write, write))
        elif uncertain(write) and write.sent.kind in ("cart", "mark"):
            showing = [read for read in reads if _written(write, read)]
            if showing:
                found.append(Kept(write, min(showing, key=lambda read: read.end)))
    return found


def lost_writes(story: Story, lineage: Lineage, until: float) -> list[Lost]:
    """The writes that reads sent before ``until`` did not show, each with the first of them."""
    reads = [
        op for op in story.reads[lineage.name] if op.start < until and _counts(story, lineage, op)
    ]
    keeping = acknowledged(story, lineage)
    lasting = Lasting(story, reads)
    found: list[Lost] = []
    for kept in keeping:
        read = _first_without(story, kept, reads, lasting.shown_from(kept.write))
        if read is not None and not _superseded(kept, read, keeping):
            found.append(_lost(story, kept, read, reads, lasting))
    known = {lost.kept.write.id for lost in found}
    by_number: dict[int, list[Op]] = defaultdict(list)
    for op in reads:
        if op.sent.kind == "count" and op.id not in known:
            by_number[state_of(op).count].append(op)
    for steps in by_number.values():
        # Two acknowledged steps that ended at the same number: one of them is lost.
        found += [
            _lost(story, Kept(one, one), other, reads, lasting) for one, other in pairwise(steps)
        ]
    return found


def write_violations(story: Story, lineage: Lineage, lost: list[Lost]) -> Iterator[Violation]:
    """``lost-update``, ``durability`` and ``rollback`` for the lost writes of one session."""
    by_read: dict[int, list[Lost]] = defaultdict(list)
    for loss in lost:
        if loss.racer is not None:
            records = [loss.kept.write, loss.kept.seen, loss.racer, loss.read]
            yield _violation("lost-update", lineage, records, loss.read)
        else:
            by_read[loss.read.id].append(loss)
    for losses in by_read.values():
        read = losses[0].read
        if len(losses) > 1 and _all_since(story, lineage, losses):
            records = [losses[0].kept.write, losses[-1].kept.write, read]
            yield _violation("rollback", lineage, records, read)
        else:
            for loss in losses:
                records = [loss.kept.write, loss.kept.seen, read]
                yield _violation("durability", lineage, records, read)


def _counts(story: Story, lineage: Lineage, op: Op) -> bool:
    """Whether an answered request was at the session, and not at one that a late cookie named."""
    return shows_lineage(op, lineage.name) and story.late_cookie(op, lineage) is None


def _first_without(story: Story, kept: Kept, reads: list[Op], shown_from: int) -> Op | None:
    begin = bisect_left(reads, kept.seen.end, key=_start)
    between = reads[begin:shown_from]
    return next((read for read in between if not _shows(story, kept.write, read)), None)


def _superseded(kept: Kept, read: Op, keeping: list[Kept]) -> bool:
    """Whether another mark had taken a mark's place before a read; that one is missing then."""
    if kept.write.sent.kind != "mark":
        return False
    begin = bisect_left(keeping, kept.seen.end, key=lambda other: other.write.start)
    between = takewhile(lambda other: other.write.start < read.start, keeping[begin:])
    return any(
        _same_thing(other.write, kept.write) and other.seen.end <= read.start for other in between
    )


def _lost(story: Story, kept: Kept, read: Op, reads: list[Op], lasting: Lasting) -> Lost:
    shows = partial(_shows, story, kept.write)
    before = reads[
        lasting.not_shown_before(kept.write) : bisect_left(reads, read.start, key=_start)
    ]
    last_seen = _last_seen(kept, read, before, shows)
    mine = story.by_lineage[read.sent.lineage]
    begin = bisect_left(mine, kept.write.start, key=_start)
    again = [
        op
        for op in mine[begin : bisect_right(mine, last_seen, key=_start)]
        if _same_thing(op, kept.write) and (uncertain(op) if op.state is None else shows(op))
    ]
    racer = overwriter(story, kept.write, read, last_seen=last_seen, shows=shows, again=again)
    return Lost(kept, read, racer)


def _last_seen(kept: Kept, read: Op, before: list[Op], shows: Callable[[Op], bool]) -> float:
    """When the last request was sent that was shown the write and was over before a read."""
    there = kept.seen.end <= read.start and shows(kept.seen)
    for op in reversed(before):
        if there and op.start <= kept.seen.start:
            break
        if op.end <= read.start and shows(op):
            return op.start
    return kept.seen.start


def _start(op: Op) -> float:
    return op.start


def _shows(story: Story, write: Op, read: Op) -> bool:
    """Whether an answer shows a write, or a mark that may have been set after it."""
    if _written(write, read):
        return True
    if write.sent.kind != "mark":
        return False
    key = write.sent.args["key"]
    return any(
        effect_end(mark) > write.start
        for mark in story.marks.get((key, state_of(read).marks.get(key)), ())
    )


def _written(write: Op, read: Op) -> bool:
    state, args = state_of(read), write.sent.args
    match write.sent.kind:
        case "cart":
            return args["item"] in state.cart or args["item"] in state.orders
        case "count":
            # The counter in the read's own answer is one further where the read counted itself.
            steps = read.sent.kind == "count" and read.id != write.id
            return state.count >= state_of(write).count + steps
        case "checkout":
            return set(state_of(write).orders) <= set(state.orders)
        case _:
            return state.marks.get(args["key"]) == args["value"]


def _same_thing(one: Op, other: Op) -> bool:
    """Whether one write may make true again what another had: a step, an order, the same mark."""
    if one.id == other.id or one.sent.kind != other.sent.kind:
        return False
    return one.sent.kind in ("count", "checkout") or (
        one.sent.kind == "mark" and one.sent.args["key"] == other.sent.args["key"]
    )


def _all_since(story: Story, lineage: Lineage, losses: list[Lost]) -> bool:
    """Whether nothing that was written after the first lost write has lasted."""
    first = min(loss.kept.seen.end for loss in losses)
    read = losses[0].read
    return not any(
        kept.write.start >= first
        and kept.seen.end <= read.start
        # A checkout of an empty cart has written nothing that could be missing.
        and kept.write.sent.kind != "checkout"
        and _shows(story, kept.write, read)
        for kept in acknowledged(story, lineage)
    )


def _violation(invariant: str, lineage: Lineage, records: list[Op], read: Op) -> Violation:
    return Violation(
        invariant=invariant,
        lineage=lineage.name,
        at=read.end,
        replica=read.answer.replica if read.answer else None,
        why="",
        records=sorted({op.id: op for op in records}.values(), key=lambda op: op.id),
    )
