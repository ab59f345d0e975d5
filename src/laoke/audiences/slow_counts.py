"""Counts that read so many facts that nobody waits for them: a page ends them, the worker makes them for kept segments.

on_page()       the limit of a count that somebody sees while typing; SHOWN times that for a page asked for by a click
by_worker()     the far longer limit of the worker
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext, ngettext
from sqlglot import exp

from laoke.audiences.compiling import Compiler
from laoke.audiences.counting import tree_of
from laoke.audiences.models import Segment
from laoke.audiences.readings import NotReady
from laoke.audiences.segments import recount
from laoke.audiences.tokens import FilterError
from laoke.audiences.tree import Condition, Node, TreeError, conditions
from laoke.audiences.wording import describe
from laoke.shops import catalog, jobs
from laoke.shops.joins import listed
from laoke.shops.models import Job, JobState, User
from laoke.shops.unavailable_words import sentence
from laoke.warehouse.limits import TooLong, limited

JOB = "segment_count"
# A page that was asked for by a click, with several counts in it, may take so many times as long.
SHOWN = 6
MOST_NAMED = 3
FACTS = frozenset({"orders_counted", "order_lines", "refunds", "reviews", "customers", "products", "touches"})


def on_page(times: int = 1) -> AbstractContextManager[None]:
    """What is counted within the block ends after `times` the seconds of `LAOKE_COUNT_SECONDS`."""
    return limited(times * settings.COUNT_SECONDS)


def by_worker() -> AbstractContextManager[None]:
    """What is counted within the block ends after the seconds of `LAOKE_WORKER_COUNT_SECONDS`."""
    return limited(settings.WORKER_COUNT_SECONDS)


def too_long_text(problem: TooLong, node: Node) -> str:
    """That a count was ended, which conditions went through the facts, and what to do."""
    seconds = f"{problem.seconds:g}"
    slow = list(dict.fromkeys(describe(one) for one in conditions(node) if _reads_facts(one)))
    if not slow:
        said = gettext("数了 %(seconds)s 秒还没数完，已经停下。少写几个条件，或先保存，让后台慢慢数")
        return said % {"seconds": seconds}
    named = listed(slow[:MOST_NAMED])
    if len(slow) > MOST_NAMED:
        named = gettext("%(named)s等 %(n)s 个条件") % {"named": named, "n": len(slow)}
    said = gettext(
        "数了 %(seconds)s 秒还没数完，已经停下。要一笔笔翻记录的是：%(named)s。把时间范围改小，或先保存，让后台慢慢数"
    )
    return said % {"seconds": seconds, "named": named}


def _reads_facts(one: Condition) -> bool:
    compiler = Compiler.that_decides(0, 0, one)
    compiler.holds(one)
    return any(
        table.name in FACTS for body in compiler.sources.bodies() for table in body.find_all(exp.Table)
    )


def count_later(segment: Segment, *, now: datetime, by: User | None) -> Job:
    """The worker's count of a segment as it is now over the newest facts: the one there is, or is asked for now."""
    same = _same(segment)
    known = Job.objects.filter(
        kind=JOB, shop=segment.shop, **{f"params__{name}": value for name, value in same.items()}
    ).exclude(state=JobState.CANCELLED)
    found = known.order_by("-pk").first()
    return found or jobs.queue_once(JOB, shop=segment.shop, now=now, by=by, **same)


def counted_by_worker(segments: Sequence[Segment]) -> dict[int, int]:
    """How many the worker found of segments of one shop as they are now over the newest facts, by their numbers; those
    that it did not count are absent."""
    entry = catalog.current()
    if entry is None or not segments:
        return {}
    done = Job.objects.filter(
        kind=JOB, shop=segments[0].shop, state=JobState.DONE, params__catalog=entry.pk
    ).order_by("pk")
    found = {job.params["segment"]: job for job in done if "n" in job.result}
    counted = {}
    for one in segments:
        if one.pk in found and _is_of(found[one.pk], one):
            counted[one.pk] = found[one.pk].result["n"]
    return counted


def _is_of(job: Job, segment: Segment) -> bool:
    """Whether a job counted the segment as it is now; never what can no longer be counted."""
    try:
        return bool(job.params == _same(segment))
    except TreeError:
        return False


def _same(segment: Segment) -> dict[str, Any]:
    """What tells one count from another: the segment, what it says with those it names, and the facts."""
    entry = catalog.current()
    said = repr(tree_of(segment.shop, segment.text))
    return {
        "segment": segment.pk,
        "filter": hashlib.sha256(said.encode()).hexdigest()[:16],
        "catalog": entry.pk if entry else None,
    }


def count_saved(job: Job, now: datetime) -> dict[str, Any]:
    """The worker's part: count a segment within its long limit and keep the figure. One that can no longer be counted,
    or is gone, is left alone.

    Raises
    ------
    TooLong
        when the worker's limit was too short too.
    """
    segment = Segment.objects.filter(pk=job.params["segment"], shop=job.shop).select_related("shop").first()
    if segment is None:
        return {}
    try:
        with by_worker():
            return {"n": recount(segment, now=now)}
    except (FilterError, TreeError, NotReady) as refusal:
        return {"why": refusal.code}


def later_text(job: Job) -> str:
    """What the worker found, or that it still counts."""
    if job.state == JobState.DONE:
        n = job.result.get("n")
        return "" if n is None else ngettext("后台数过：%(n)s 人", "后台数过：%(n)s 人", n) % {"n": f"{n:,}"}
    if job.state == JobState.FAILED and "params" in job.error:
        told = dict(job.error["params"])
        return gettext("后台也没有数出来：%(why)s") % {"why": sentence(told.pop("code"), told)}
    if job.state == JobState.FAILED:
        return gettext("后台也没有数出来")
    return gettext("后台正在数，数好了写在人群列表里")
