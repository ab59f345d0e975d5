"""What follows what: which function does a job, what comes after an import, what a worker does every few seconds.

Nothing lower calls upward; the order of things is written here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import OperationalError

from laoke.shops.jobs import JobCancelled, Progress
from laoke.shops.locks import WriterBusy
from laoke.shops.models import Job
from laoke.warehouse.unavailable import Unavailable

if TYPE_CHECKING:
    from laoke.config.worker import Worker
    from laoke.intake.loading.run import Options
    from laoke.shops.models import Upload


class Refused(Exception):
    """A job that could not be done, with its reason as code and parameters."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, "params": self.params}


# Hours in which nobody waits for the warehouse.
NIGHT_HOURS = range(2, 6)

JobFunction = Callable[[Job, Progress, Callable[[], datetime]], dict[str, Any]]


@dataclass(frozen=True)
class Tick:
    """Something a worker does every few seconds; `run` returns True when there was work."""

    name: str
    seconds: float
    run: Callable[[Worker], bool]


# Trouble that passes by itself: the database is busy, another writer holds the warehouse, the facts are out of reach.
EXPECTED_TROUBLE: tuple[type[Exception], ...] = (OperationalError, WriterBusy, Unavailable)


def _import(job: Job, progress: Progress, now: Callable[[], datetime]) -> dict[str, Any]:
    """Take an uploaded file or a sent batch in; the upload is forgotten when the import is over."""
    from laoke.config.importing import import_file, result_of
    from laoke.intake.loading.run import Options
    from laoke.intake.models import ImportRun, ImportState
    from laoke.intake.reading.refusals import IntakeRefused, ReadingStopped
    from laoke.shops import uploads
    from laoke.shops.models import Upload

    upload = Upload.objects.filter(pk=job.params["upload"]).first()
    known = ImportRun.objects.filter(job=job, state=ImportState.DONE).first()
    if upload is None and known is not None:
        return result_of(
            known
        )  # the worker before died between forgetting the upload and saying that it was done
    if upload is None:
        raise Refused("upload_gone")
    options = Options(**_options(job.params["options"]))
    batch = getattr(job, "batch", None)
    run, _ = ImportRun.objects.get_or_create(
        job=job,
        defaults={
            "shop": job.shop, "file_name": options.file_name, "file_sha256": upload.sha256, "file_size": upload.size,
            "created_by": job.created_by, "token": batch.token if batch else None, "created_at": now(),
        },
    )  # fmt: skip
    try:
        with _readable(job, upload, options) as (path, options):
            result = import_file(
                job.shop, path, options, run=run, by=job.created_by, now=now,
                progress=lambda done, total: progress.step(done, total), cancelled=progress.cancelled,
            )  # fmt: skip
    except ReadingStopped as stopped:
        raise JobCancelled(job.pk) from stopped
    except IntakeRefused as refusal:
        raise Refused(refusal.code, **refusal.params) from refusal
    uploads.forget(upload)
    return result


@contextmanager
def _readable(job: Job, upload: Upload, options: Options) -> Iterator[tuple[Path, Options]]:
    """An upload in clear, and how to read it; a batch that was sent as the file that it becomes."""
    from django.conf import settings

    from laoke.intake.sent.sheets import written
    from laoke.intake.sent.taking import sheet_and_options
    from laoke.shops import uploads

    with uploads.opened(upload) as path:
        if "sent" not in job.params:
            yield path, options
            return
        sheet, read_so = sheet_and_options(job.params["sent"], path.read_bytes(), options)
        with written(sheet, settings.PLACE.staging) as file:
            yield file, read_so


def _options(stored: dict[str, Any]) -> dict[str, Any]:
    """An import's options as the job keeps them: times are text there."""
    times = {name: datetime.fromisoformat(stored[name]) for name in ("until", "seen_at") if stored.get(name)}
    return {**stored, "until": None, "seen_at": None, **times}


def _regroup(job: Job, progress: Progress, now: Callable[[], datetime]) -> dict[str, Any]:
    """Sort the customers anew: the shop has drawn its lines elsewhere."""
    from django.conf import settings

    from laoke.insights.refresh import refresh_features

    entry = refresh_features(job.shop, settings.PLACE, now=now())
    return {"catalog": entry.pk if entry else None}


def _undo_import(job: Job, progress: Progress, now: Callable[[], datetime]) -> dict[str, Any]:
    """Bring the facts back to before an import that somebody took back on its page."""
    from django.conf import settings

    from laoke.config.repairing import finish_roll_back, roll_back
    from laoke.intake.undoing import UndoRefused

    number = job.params["import"]
    if finish_roll_back(settings.PLACE, number, now()):
        return {"imports": [number]}
    try:
        return roll_back(
            settings.PLACE,
            number,
            yes=True,
            by=job.created_by,
            now=now(),
            own_only=True,
            seen=job.params["seen"],
        )
    except UndoRefused as refusal:
        raise Refused(refusal.code, **refusal.params) from refusal


def _flag_orders(job: Job, progress: Progress, now: Callable[[], datetime]) -> dict[str, Any]:
    """Score all orders anew: the shop weighs the signals of fake orders otherwise."""
    from django.conf import settings

    from laoke.config.refreshing import flag_orders
    from laoke.insights.refresh import refresh_features

    scan = flag_orders(job.shop, settings.PLACE, now=now(), everything=True)
    refresh_features(job.shop, settings.PLACE, now=now())
    return {"kept": scan.kept, "changed": scan.changed}


def _customer_value(job: Job, progress: Progress, now: Callable[[], datetime]) -> dict[str, Any]:
    """Value the customers anew: which model holds, and what each customer is expected to buy."""
    from django.conf import settings

    from laoke.insights.value import refresh_value

    report = refresh_value(
        job.shop,
        settings.PLACE,
        now=now(),
        told=lambda share: progress.step(round(share * 100), 100, force=True),
    )
    return {"model": report.model, "catalog": report.catalog_ref} if report else {}


def _advance(job: Job, progress: Progress, now: Callable[[], datetime]) -> dict[str, Any]:
    """Let the demo shop follow its clock, which somebody has turned."""
    from laoke.config.demo import advance_demo

    return advance_demo(now(), lambda done, total: progress.step(done, total))


def _keep_up_now(job: Job, progress: Progress, now: Callable[[], datetime]) -> dict[str, Any]:
    """Upkeep that somebody asked for: it waits for whoever writes."""
    import time

    from django.conf import settings

    from laoke.config import upkeep

    return dict(upkeep.run(settings.PLACE, now=now(), wall=time.time(), lock_seconds=600.0).result)


def _coupon_codes(job: Job, progress: Progress, now: Callable[[], datetime]) -> dict[str, Any]:
    """Make the codes that somebody asked for."""
    from laoke.promotions.coupons.issues import cut_batch, make_batch
    from laoke.promotions.models import CouponBatch
    from laoke.shops.jobs import JobCancelled

    batch = CouponBatch.objects.select_related("issue").get(pk=job.params["batch"])
    try:
        return {"made": make_batch(batch, now=now(), told=lambda made: progress.step(made, batch.wanted))}
    except JobCancelled:
        cut_batch(batch, now())
        raise


def _count_segment(job: Job, progress: Progress, now: Callable[[], datetime]) -> dict[str, Any]:
    """Count a kept segment that no page waited for."""
    from laoke.audiences.slow_counts import count_saved

    return count_saved(job, now())


def _backtest(job: Job, progress: Progress, now: Callable[[], datetime]) -> dict[str, Any]:
    """Replay offers or put plans side by side, over so many orders that no page waited for it."""
    from laoke.campaigns import backtest_jobs

    try:
        return backtest_jobs.run(job, now(), lambda done, total: progress.step(done, total, force=True))
    except backtest_jobs.NotPriced as refusal:
        raise Refused(refusal.code) from refusal


JOBS: dict[str, JobFunction] = {
    "import": _import,
    "features": _regroup,
    "undo_import": _undo_import,
    "fake_orders": _flag_orders,
    "customer_value": _customer_value,
    "demo_advance": _advance,
    "upkeep": _keep_up_now,
    "coupon_codes": _coupon_codes,
    "segment_count": _count_segment,
    "backtest": _backtest,
}
# Jobs that change nothing but their own figure and may take minutes: a worker does one of them beside its turns.
ASIDE = frozenset({"segment_count"})


def _dropped(worker: Worker) -> bool:
    from django.conf import settings

    from laoke.intake.dropped import take_dropped

    return bool(take_dropped(settings.PLACE, worker.clock))


def _send(worker: Worker) -> bool:
    from laoke.dispatch.worker import send_turn

    return send_turn(worker.name, worker.clock)


def _follow(worker: Worker) -> bool:
    """Rounds take over how far their sending has come."""
    from laoke.campaigns.rounds import follow_all

    return bool(follow_all())


def _inbox(worker: Worker) -> bool:
    from laoke.dispatch.worker import inbox_turn

    return inbox_turn(worker.name, worker.clock)


def _settle(worker: Worker) -> bool:
    from laoke.dispatch.worker import expire_turn, reap_turn, settle_turn

    reaped = reap_turn(worker.name, worker.clock)
    settled = settle_turn(worker.name, worker.clock)
    return expire_turn(worker.name, worker.clock) or settled or reaped


def _pull(worker: Worker) -> bool:
    """New orders and refunds of the shops that are connected to their platform."""
    from laoke.config.pulling import pull_turn

    return pull_turn(worker.clock)


def _listen(worker: Worker) -> bool:
    """What the platform tells by itself: its messages name orders for the next pull."""
    from laoke.config.pulling import listening_of

    return listening_of(worker.kept, worker.clock).turn()


def _mirror(worker: Worker) -> bool:
    """Write what changed in the ledger to the mirrors, and what was sent to `touches`."""
    from django.conf import settings

    from laoke.config.mirroring import write_all_mirrors

    return write_all_mirrors(settings.PLACE, worker.clock())


def _features(worker: Worker) -> bool:
    """A new day has new recencies: flags and features are computed anew once it has begun, then month ends in turn."""
    from django.conf import settings

    from laoke.config.demo import advance_demo
    from laoke.config.pulling import features_can_wait
    from laoke.config.refreshing import refresh_shop
    from laoke.insights.refresh import add_month_end, features_behind, features_day
    from laoke.shops.models import Shop

    now = worker.clock()
    for shop in Shop.objects.all():
        if features_behind(shop) and not features_can_wait(shop, now):
            refresh_shop(shop, settings.PLACE, now=now)
            return True
        if features_day(shop, settings.PLACE) not in (None, now.date()):
            if shop.is_demo:
                advance_demo(now)
            else:
                refresh_shop(shop, settings.PLACE, now=now)
            return True
        if add_month_end(shop, settings.PLACE, now=now):
            return True
    return False


def _value(worker: Worker) -> bool:
    """Customer value is queued when a shop has features and none yet, and every night anew."""
    from laoke.insights.value import value_due
    from laoke.shops import jobs
    from laoke.shops.models import Shop

    now = worker.clock()
    due = [shop for shop in Shop.objects.all() if value_due(shop, now, at_night=now.hour in NIGHT_HOURS)]
    for shop in due:
        jobs.queue_once("customer_value", shop=shop, now=now)
    return bool(due)


def _tidy(worker: Worker) -> bool:
    """Forget what was kept long enough."""
    import time

    from django.conf import settings

    from laoke.dispatch.list_files import forget_due, forget_strays
    from laoke.intake.loading.pulled import forget_pulls
    from laoke.intake.loading.quarantine import forget_expired
    from laoke.intake.loading.run import sweep_staging
    from laoke.intake.sent.taking import forget_batches
    from laoke.intake.top.listening import forget_read
    from laoke.intake.top.staging import PULLED
    from laoke.promotions.coupons.calls import forget_calls
    from laoke.shops.uploads import forget_leftovers, forget_old

    forget_old(worker.clock())
    forget_batches(worker.clock())
    forget_calls(worker.clock())
    forget_read(worker.clock())
    forget_pulls(PULLED, worker.clock())
    forget_due(worker.clock())
    sweep_staging(settings.PLACE)
    # Files have the times of the machine, whatever the shop's clock says.
    forget_leftovers(settings.PLACE.staging, settings.PLACE.exports, time.time())
    forget_strays(time.time())
    return bool(forget_expired(worker.clock().date()))


def _names(worker: Worker) -> bool:
    """Names that were sealed become findable by their parts, some at a time."""
    from laoke.customers.names import index_waiting

    return bool(index_waiting(worker.stopping))


def _tag_rules(worker: Worker) -> bool:
    """Tags with a rule are brought up to date, one bounded step at a time."""
    from laoke.audiences.tag_rules import turn

    return turn(worker.clock(), worker.stopping)


def _buyer_lists(worker: Worker) -> bool:
    """Who is in the segments that offers are for is counted for the checkout, one bounded step at a time."""
    from laoke.audiences.offer_lists import turn

    return turn(worker.clock(), worker.stopping)


def _coupons(worker: Worker) -> bool:
    """Reservations whose time ran out are let go of, coupons past their end expire."""
    from laoke.promotions.coupons.moves import expire_due

    return bool(expire_due(worker.clock()))


def _points(worker: Worker) -> bool:
    """Points kept for orders that were lost are let go of, points past their end go."""
    from laoke.promotions.rewards.points import end_due

    return bool(end_due(worker.clock()))


def _lotteries(worker: Worker) -> bool:
    """Lotteries whose time is over are ended: their seed is there for all to see."""
    from laoke.promotions.rewards.lotteries import end_due

    return bool(end_due(worker.clock()))


def _referrals(worker: Worker) -> bool:
    """Friends whose order stands after the window earn both their points."""
    from laoke.promotions.rewards.referrals import reward_due

    return bool(reward_due(worker.clock()))


def _erase(worker: Worker) -> bool:
    """Erasures go on: what is held is deleted when messages have come to rest, facts are rewritten at night."""
    from django.conf import settings

    from laoke.customers.erasure import delete_records, rewrite_facts

    now = worker.clock()
    done = bool(delete_records(now=now))
    if now.hour in NIGHT_HOURS:
        done = rewrite_facts(settings.PLACE, now=now) is not None or done
    return done


def _join_lines(worker: Worker) -> bool:
    """Lay the lines of one month beside their orders, where a write has left them apart."""
    from django.conf import settings

    from laoke.shops import catalog
    from laoke.warehouse.joined_lines import join_next

    entry = catalog.current()
    return entry is not None and join_next(settings.PLACE.warehouse, entry.versions)


def _upkeep(worker: Worker) -> bool:
    """Once a night, by the shop's clock, when nobody writes the warehouse."""
    import time

    from django.conf import settings

    from laoke.config import upkeep

    now = worker.clock()
    if now.hour not in NIGHT_HOURS or not upkeep.due(now):
        return False
    upkeep.run(settings.PLACE, now=now, wall=time.time())
    return True


def _say_alive(worker: Worker) -> bool:
    """A sign of life; those of workers that are gone for a day go too."""
    from datetime import timedelta

    from laoke.shops.models import WorkerSeen

    now = worker.clock()
    WorkerSeen.objects.update_or_create(name=worker.name, defaults={"at": now})
    WorkerSeen.objects.filter(at__lt=now - timedelta(days=1)).delete()
    return False


TICKS: list[Tick] = [
    Tick("alive", 20.0, _say_alive),
    Tick("send", 0.3, _send),
    Tick("inbox", 0.5, _inbox),
    Tick("settle", 2.0, _settle),
    Tick("follow", 2.0, _follow),
    Tick("mirror", 3.0, _mirror),
    Tick("dropped", 5.0, _dropped),
    Tick("listen", 1.0, _listen),
    Tick("pull", 5.0, _pull),
    Tick("features", 20.0, _features),
    Tick("join_lines", 1.0, _join_lines),
    Tick("names", 2.0, _names),
    Tick("tag_rules", 1.0, _tag_rules),
    Tick("buyer_lists", 2.0, _buyer_lists),
    Tick("coupons", 10.0, _coupons),
    Tick("points", 10.0, _points),
    Tick("lotteries", 30.0, _lotteries),
    Tick("referrals", 30.0, _referrals),
    Tick("value", 60.0, _value),
    Tick("erase", 120.0, _erase),
    Tick("upkeep", 600.0, _upkeep),
    Tick("tidy", 3600.0, _tidy),
]
