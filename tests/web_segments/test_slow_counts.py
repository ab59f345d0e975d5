"""Counts that take too long: ended on the page with what to do, made by the worker for segments that are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.people import Demo

pytestmark = pytest.mark.django_db
OF_FACTS = "bought(2+, within 77d)"


def text(response) -> str:
    return response.content.decode()


@pytest.fixture
def no_time(demo: Demo, settings: Any) -> Demo:
    """Pages have no time at all to count; the worker has its own."""
    settings.COUNT_SECONDS = 0
    return demo


def kept(demo: Demo, text: str, name: str = "翻得久"):
    from laoke.audiences.segments import save_segment

    return save_segment(demo.shop, name, text, by=demo.owner, now=demo.now)


def work(demo: Demo) -> int:
    from laoke.config import pipelines
    from laoke.config.worker import run_job
    from laoke.shops import jobs

    done = 0
    while job := jobs.claim("test", demo.now, list(pipelines.JOBS)):
        run_job(job, lambda: demo.now)
        done += 1
    return done


def queued() -> list[Any]:
    from laoke.shops.models import Job

    return list(Job.objects.filter(kind="segment_count").order_by("pk"))


def test_typing_is_told_what_took_long_and_what_to_do(no_time: Demo) -> None:
    client = no_time.client()
    page = text(client.post("/segments/preview/", {"source": "text", "text": f"{OF_FACTS} and bought(3+)"}))
    assert "数了 0 秒还没数完，已经停下。要一笔笔翻记录的是：" in page
    assert "77 天" in page and "把时间范围改小，或先保存，让后台慢慢数" in page
    assert "3" not in page.split("要一笔笔翻记录的是：")[1].split("。")[0], (
        "what the features know took no time"
    )
    assert '<b class="lg" id="count-top" hx-swap-oob="true">—</b>' in page
    page = text(client.post("/segments/preview/", {"source": "text", "text": "bought(3+)"}))
    assert "少写几个条件，或先保存，让后台慢慢数" in page
    assert not queued(), "nothing was kept yet"


def test_many_slow_conditions_are_named_by_three(no_time: Demo) -> None:
    slow = " and ".join(f"bought(2+, within {days}d)" for days in (71, 72, 73, 74, 74))
    page = text(no_time.client().post("/segments/preview/", {"source": "text", "text": slow}))
    assert "73 天" in page.split("要一笔笔")[1] and "等 4 个条件" in page


def test_every_page_of_a_segment_is_ended_in_words(no_time: Demo) -> None:
    client, posted = no_time.client(), {"text": OF_FACTS, "key": "last_month"}
    assert "看得到" in text(client.post("/segments/more/", posted))
    assert "数了 0 秒" in text(client.post("/segments/ready/count/", posted))
    segment = kept(no_time, OF_FACTS)
    assert "算了 0 秒" in text(client.get("/segments/overlap/"))
    for address in ("/segments/trend/", "/segments/export/", f"/segments/{segment.pk}/freeze/"):
        answer = client.post(address, posted)
        assert answer.status_code == 302
        assert "算了 0 秒还没有算完" in text(client.get(answer["Location"]))


def test_the_worker_counts_what_was_kept_and_the_pages_show_it(no_time: Demo) -> None:
    from laoke.audiences.counting import count

    segment = kept(no_time, OF_FACTS)
    n = count(no_time.shop, OF_FACTS, no_time.now.date()).n
    assert n > 0
    client, address = no_time.client(), f"/segments/{segment.pk}/"
    assert "后台正在数，数好了写在人群列表里" in text(client.get(address))
    assert "后台正在数" in text(client.get("/segments/"))
    client.get(address)
    assert [job.params["segment"] for job in queued()] == [segment.pk], "asked for once"
    assert work(no_time) == 1
    segment.refresh_from_db()
    assert segment.last_count == n
    assert f"后台数过：{n:,} 人" in text(client.get(address))
    page = text(client.get("/segments/"))
    assert "后台正在数" not in page and f"{n:,}" in page
    assert len(queued()) == 1, "over the same facts it is not counted again"


def test_another_text_is_counted_anew(no_time: Demo) -> None:
    from laoke.audiences.segments import save_segment

    segment = kept(no_time, OF_FACTS)
    inner = kept(no_time, "bought(4+, within 77d)", "里面")
    client = no_time.client()
    client.get(f"/segments/{segment.pk}/")
    work(no_time)
    changed = f'{OF_FACTS} and segment("里面")'
    save_segment(no_time.shop, "翻得久", changed, by=None, now=no_time.now, segment=segment)
    assert "后台正在数" in text(client.get(f"/segments/{segment.pk}/"))
    work(no_time)
    save_segment(no_time.shop, "里面", "bought(5+, within 77d)", by=None, now=no_time.now, segment=inner)
    assert "后台正在数" in text(client.get(f"/segments/{segment.pk}/")), "what it names says something else"
    assert len(queued()) == 3


def test_what_is_too_much_for_the_worker_too_says_so(no_time: Demo, settings: Any) -> None:
    settings.WORKER_COUNT_SECONDS = 0
    segment = kept(no_time, OF_FACTS)
    client = no_time.client()
    client.get(f"/segments/{segment.pk}/")
    work(no_time)
    page = text(client.get(f"/segments/{segment.pk}/"))
    assert "后台也没有数出来：算了 0 秒还没有算完，已经停下" in page
    assert len(queued()) == 1


def test_a_segment_that_is_gone_by_then_is_left_alone(no_time: Demo) -> None:
    from laoke.audiences.segments import archive_segment

    inner = kept(no_time, OF_FACTS, "里面")
    segment = kept(no_time, 'segment("里面")', "外面")
    client = no_time.client()
    for one in (inner, segment):
        client.get(f"/segments/{one.pk}/")
    archive_segment(inner, now=no_time.now)
    inner.snapshots.all().delete()
    inner.delete()
    assert work(no_time) == 2
    assert [job.result for job in queued()] == [{}, {"why": "segment_missing"}]


def test_other_pages_that_count_a_segment_end_in_words_too(no_time: Demo) -> None:
    from laoke.promotions.models import Offer
    from tests.web_campaigns.planned import planned
    from tests.web_customers.test_levels import SILVER
    from tests.web_offers.test_backtest_depth import PERIOD
    from tests.web_offers.test_pages import new

    client, ended = no_time.client(), "算了 0 秒还没有算完，已经停下。把时间范围改小一点再试"
    row = planned(no_time).rounds.get(key="3")
    checks = client.get(f"/rounds/{row.pk}/checks/")
    assert checks.status_code == 200
    assert f"人群没有数完：{ended}" in text(checks), "the round can still be opened and given another segment"
    assert "人群" in text(client.get(f"/campaigns/rounds/{row.pk}/missing/"))
    launched = client.post(f"/rounds/{row.pk}/launch/", follow=True)
    row.refresh_from_db()
    assert (row.state, row.snapshot) == ("draft", None)
    assert ended in text(launched)

    segment = kept(no_time, OF_FACTS)
    new(no_time)
    replay = {"offers": [Offer.objects.latest("pk").pk], **PERIOD, "segments": [segment.pk]}
    answer = client.post("/backtests/", replay)
    assert (answer.status_code, ended in text(answer)) == (422, True)

    terms = {"name": "券", "budget": "5万", "faces": "5", "margin": "60", "used": "100", "message": "0.05"}
    budget = client.post("/budgets/", {**terms, "segments": [segment.pk]})["Location"]
    rates = {f"base_{segment.pk}": "12", f"face_{segment.pk}_500": "20"}
    answer = client.post(budget, rates)
    assert (answer.status_code, ended in text(answer)) == (422, True)

    client.post("/customers/levels/save/", SILVER)
    answer = client.get("/customers/levels/")
    assert (answer.status_code, ended in text(answer)) == (503, True)


PAGE = "http://testserver/segments/new/"


@pytest.fixture
def typed_meanwhile(demo: Demo, monkeypatch: pytest.MonkeyPatch):
    """Has another text typed while the first request counts: `(who, page)` gives the answers to both."""
    from laoke.audiences import counting
    from laoke.web.pages.segments import building

    def both(address: str, who: Any, page: str) -> tuple[Any, Any]:
        newer: list[Any] = []

        def meanwhile(real: Any) -> Any:
            def slowly(*given: Any) -> Any:
                if not newer:
                    newer.append(None)
                    typed = {"source": "text", "text": "bought(4+)"}
                    newer[0] = demo.client(who).post(
                        "/segments/preview/", typed, headers={"hx-current-url": page}
                    )
                return real(*given)

            return slowly

        monkeypatch.setattr(counting, "count_by_steps", meanwhile(counting.count_by_steps))
        monkeypatch.setattr(building, "more_of", meanwhile(building.more_of))
        posted = {"source": "text", "text": "bought(3+)"}
        older = demo.client().post(address, posted, headers={"hx-current-url": PAGE})
        return older, newer[0]

    return both


@pytest.mark.parametrize("address", ["/segments/preview/", "/segments/more/"])
def test_a_newer_text_of_the_same_page_ends_what_is_counted_of_the_older(
    demo: Demo, typed_meanwhile, address: str
) -> None:
    older, newer = typed_meanwhile(address, demo.owner, PAGE)
    assert (older.status_code, older.content) == (204, b""), "nothing on the page changes by it"
    assert newer.status_code == 200
    assert newer.context["b"].counted.n > 0


@pytest.mark.parametrize("address", ["/segments/preview/", "/segments/more/"])
def test_what_others_and_other_pages_type_ends_nothing(demo: Demo, typed_meanwhile, address: str) -> None:
    for who, page in ((demo.operator, PAGE), (demo.owner, PAGE + "?text=bought")):
        older, newer = typed_meanwhile(address, who, page)
        assert (older.status_code, newer.status_code) == (200, 200)
        assert older.content
