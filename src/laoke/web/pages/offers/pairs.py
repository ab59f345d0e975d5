"""The search over pairs of threshold and amount off: which would earn the most, why, and how firm that is."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext, ngettext

from laoke.money import FULL_BP
from laoke.promotions.deepening import Depth
from laoke.promotions.depth.pairs import Pair, PairGrid
from laoke.shops.joins import clauses, ended
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.charts.backtests import pair_map, pair_map_table, pair_name, pairs_table
from laoke.web.pages.offers.depth_words import by_share

SHOWN_BESIDE = 8


@dataclass(frozen=True)
class PairsView:
    """The map with what it says. `beside` is None where nothing comes near the best."""

    verdict: ui.Notice
    map: ui.ChartCard
    beside: ui.Table | None
    firm: ui.Table

    @property
    def firm_width(self) -> str:
        """Columns of the page's twelve that are left beside the other table."""
        return "c5" if self.beside is not None else "c12"


def pairs_view(depth: Depth) -> PairsView | None:
    """All parts; None where nobody knows what goods leave, or where no pair makes sense."""
    grid = depth.pairs
    if grid is None or not grid.pairs:
        return None
    beside = grid.beside
    return PairsView(
        _verdict(depth, grid),
        _card(depth, grid),
        pairs_table(beside[:SHOWN_BESIDE], gettext("和最好的一对分不出高下的")) if beside else None,
        _firm(depth),
    )


def _card(depth: Depth, grid: PairGrid) -> ui.ChartCard:
    return ui.ChartCard(
        "pairs-map",
        gettext("满多少、减多少最好"),
        pair_map(grid),
        pair_map_table(grid),
        gettext("每一对门槛和金额比没有这一档多赚多少"),
        sub=gettext("横排是门槛，竖排是减多少，元；★ 赚得最多，≈ 和它分不出高下；都是你的假设，没有量过"),
        legend=ui.Legend([(gettext("多赚"), "c1", ""), (gettext("少赚"), "bad", "")]),
        size="lg",
    )


def _assumed(depth: Depth) -> str:
    """What is assumed of buyers, as the beginning of a sentence."""
    one = depth.assumed
    return gettext(
        "假设减 %(off)s 元时离门槛 %(reach)s%% 以内的人有 %(share)s%% 凑单，减别的数时人数跟着变 %(follow)s%%"
    ) % {
        "off": figures.exact(depth.off_cents / 100),
        "reach": one.reach,
        "share": one.likely,
        "follow": one.follow,
    }


def _verdict(depth: Depth, grid: PairGrid) -> ui.Notice:
    """The best pair with its reason, and what it cannot be told from."""
    best = grid.best
    if best is None:
        least = max(grid.pairs, key=lambda one: one.change_cents)
        text = gettext(
            "%(assumed)s：哪一对都让得比凑单赚回的多，亏得最少的是%(pair)s，少赚 %(money)s。只有带来更多订单才值得。"
        ) % {
            "assumed": _assumed(depth),
            "pair": pair_name(least),
            "money": figures.yuan(-least.change_cents),
        }
        return ui.Notice(text, gettext("没有一对靠凑单赚得回来"), "warn")
    parts = [
        gettext("%(assumed)s：%(why)s") % {"assumed": _assumed(depth), "why": _why(best)},
        gettext("合起来多赚 %(money)s（%(low)s 到 %(high)s），这是假设的结果，不是量出来的")
        % {
            "money": figures.yuan(best.change_cents),
            "low": figures.yuan(best.low_cents),
            "high": figures.yuan(best.high_cents),
        },
        *_not_told_apart(best, len(grid.beside)),
    ]
    firm = best.low_cents > 0 and not grid.beside
    title = gettext("%(pair)s赚得最多") if firm else gettext("%(pair)s看着最好，但分不清")
    return ui.Notice(ended(clauses(parts)), title % {"pair": pair_name(best)}, "ok" if firm else "warn")


def _why(best: Pair) -> str:
    return gettext(
        "差一点的 %(near)s 单里 %(share)s 凑上来，减掉优惠多剩 %(brought)s；已经够的 %(over)s 单本来会买，白让 %(cost)s"
    ) % {
        "near": figures.exact(best.near),
        "share": figures.percent(best.share_bp / FULL_BP),
        "brought": figures.yuan(best.brought_cents),
        "over": figures.exact(best.over),
        "cost": figures.yuan(best.cost_cents),
    }


def _not_told_apart(best: Pair, beside: int) -> list[str]:
    """What overlaps with the best pair's band: other pairs, and having no step at all."""
    said = []
    if beside:
        text = ngettext(
            "还有 %(n)s 对的带和它重叠，这些假设分不出哪对更好",
            "还有 %(n)s 对的带和它重叠，这些假设分不出哪对更好",
            beside,
        )
        said.append(text % {"n": figures.exact(beside)})
    if best.low_cents <= 0:
        said.append(gettext("凑单的人最少时它也不赚，所以也分不出设不设这一档哪个好"))
    return said


def _firm(depth: Depth) -> ui.Table:
    """Whether another assumption would choose another pair."""
    found = [
        (
            one.follow_bp,
            one.share_bp,
            ui.Cell(pair_name(one.best), sub=figures.yuan(one.best.change_cents)) if one.best else None,
        )
        for one in depth.firm_pairs
    ]
    head = ui.Column("follow", gettext("减得多，凑单的人"))
    return by_share(found, head, gettext("跟着多 %(n)s%%"), gettext("换个假设，最好的一对变不变"))
