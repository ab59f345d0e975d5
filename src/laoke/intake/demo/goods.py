"""The catalogue of the demo shop 半亩棉: ninety-six home textiles of twelve categories with prices and costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from laoke.intake.demo import texts
from laoke.intake.demo.draws import Draws, Floats, Ints
from laoke.intake.demo.seasons import DAYS, Calendar

SHOP_NAME = "半亩棉旗舰店"


@dataclass(frozen=True)
class Range:
    """A category: usual price in yuan from/to, season, share of sales, pieces per purchase, and its eight designs."""

    name: str
    noun: str
    low: int
    high: int
    season: str
    weight: float
    several: float  # share of lines with more than one piece
    designs: tuple[str, ...]
    goes_with: tuple[str, ...]


_R = Range
RANGES = (
    _R("床品套件", "四件套", 169, 599, "四季", 20, 0.04,
       ("全棉磨毛 素色床单款", "长绒棉60支 刺绣", "水洗棉 格子床笠款", "天丝 夏季冰感", "色织提花 轻奢",
        "全棉 小碎花田园", "针织棉 条纹简约", "双层纱 宽边"), ("枕头", "被子", "床笠")),
    _R("被子", "被", 129, 699, "冬", 12, 0.05,
       ("大豆纤维 冬被加厚", "蚕丝 子母被", "羽绒 95白鹅绒冬", "棉花 手工棉胎", "抗菌纤维 春秋",
        "羊毛 秋冬保暖", "立体绗缝 四季", "儿童棉花 幼儿园午睡"), ("床品套件", "枕头")),
    _R("夏凉被", "夏被", 79, 299, "夏", 6, 0.08,
       ("全棉纱布 六层", "天丝 冰感", "水洗棉 薄款", "竹纤维 透气", "蚕丝 薄", "华夫格 空调", "凉感纱 双面",
        "绉布 轻薄"), ("凉席", "枕套")),
    _R("枕头", "枕", 39, 199, "四季", 12, 0.42,
       ("乳胶 护颈", "荞麦壳 硬", "羽丝绒 酒店", "决明子 草本", "记忆棉 慢回弹", "大豆纤维 软", "儿童 低",
        "长绒棉 全棉面料"), ("枕套", "床品套件")),
    _R("枕套", "枕套一对", 25, 79, "四季", 8, 0.35,
       ("全棉 素色", "长绒棉 刺绣", "水洗棉 格子", "天丝 冰感", "纱布 六层", "针织棉 条纹", "提花 贡缎",
        "儿童 小熊"), ("枕头", "床笠")),
    _R("床垫褥子", "软床垫", 89, 399, "四季", 6, 0.03,
       ("大豆纤维 可折叠", "乳胶 加厚", "羊羔绒 冬季", "全棉绗缝 褥子", "4D网 透气", "记忆棉 宿舍",
        "竹炭 防潮", "棉花 手工垫被"), ("床笠", "床品套件")),
    _R("床笠", "床笠", 45, 159, "四季", 7, 0.1,
       ("全棉 素色", "夹棉 加厚", "防水 隔尿", "水洗棉 单件", "针织 弹力", "珊瑚绒 冬", "凉感 夏",
        "长绒棉 60支"), ("枕套", "床垫褥子")),
    _R("毛毯", "毯", 59, 259, "冬", 6, 0.07,
       ("牛奶绒 午睡", "法兰绒 加厚双层", "羊羔绒 沙发", "针织 流苏", "珊瑚绒 办公室", "拉舍尔 婚庆",
        "兔毛绒 盖", "儿童云 小"), ("抱枕", "床品套件")),
    _R("凉席", "凉席", 69, 329, "夏", 5, 0.04,
       ("藤席 三件套", "冰丝 可折叠", "竹席 双面", "乳胶 冰丝三件套", "亚麻 软", "牛皮纹 水洗", "草席 学生",
        "儿童 苎麻"), ("夏凉被", "枕套")),
    _R("毛巾浴巾", "毛巾", 15, 99, "四季", 11, 0.55,
       ("长绒棉 洗脸 两条装", "全棉 浴巾 大", "纱布 儿童小", "竹纤维 洗脸", "华夫格 浴巾", "新疆棉 三件套",
        "无捻 柔软", "干发 速干"), ("枕套", "抱枕")),
    _R("抱枕靠垫", "抱枕", 29, 129, "四季", 4, 0.38,
       ("亚麻 刺绣", "灯芯绒 条纹", "绒面 圆形", "纯色 沙发靠垫", "腰靠 护腰", "动物 儿童", "羊羔绒 含芯",
        "提花 北欧"), ("毛毯", "毛巾浴巾")),
    _R("窗帘", "窗帘", 99, 499, "四季", 3, 0.3,
       ("棉麻 遮光", "纱帘 白色", "雪尼尔 客厅", "全遮光 卧室", "提花 新中式", "儿童房 星空", "免打孔 短帘",
        "双层 隔热"), ("抱枕", "床品套件")),
)  # fmt: skip
_COLOURS = ("雾蓝", "米白", "豆沙", "燕麦", "鼠尾草绿")
_SIZES = ("小号", "中号", "大号")
SKUS = len(_COLOURS) * len(_SIZES)
_SEASON_DEMAND = {
    "四季": (1.0,) * 12,
    "冬": (1.5, 1.1, 0.8, 0.5, 0.35, 0.3, 0.25, 0.35, 0.9, 1.6, 1.9, 1.8),
    "夏": (0.2, 0.25, 0.5, 1.0, 2.0, 2.4, 2.2, 1.3, 0.5, 0.25, 0.2, 0.2),
}
TASTES = 6


@dataclass(frozen=True)
class Goods:
    """The catalogue as arrays by product, and how likely each product is by month and taste or by first choice."""

    ids: pa.Array
    titles: tuple[str, ...]
    category: Ints
    list_cents: Ints
    usual_cents: Ints
    cost_cents: Ints
    listed_seconds: Ints
    stock: Ints
    several: Floats
    popularity: Floats
    first_choice: Floats  # cumulated, (months × tastes) rows of products, each row ending one higher
    next_choice: Floats  # cumulated, (months × categories) rows

    def __len__(self) -> int:
        return len(self.titles)

    def table(self) -> pa.Table:
        """The products as the warehouse contract names them."""
        return pa.table(
            {
                "product_id": self.ids,
                "title": pa.array(self.titles),
                "category": texts.picked([kind.name for kind in RANGES], self.category),
                "list_price_cents": self.list_cents,
                "cost_cents": self.cost_cents,
                "season": texts.picked([kind.season for kind in RANGES], self.category),
                "listed_at": texts.moments(self.listed_seconds),
                "stock": pa.array(self.stock, pa.int32()),
            }
        )


def catalogue(draws: Draws, days: Calendar) -> Goods:
    """Make the shop's products; those listed within the two years cannot be bought before."""
    designs = len(RANGES[0].designs)
    number = np.arange(len(RANGES) * designs)
    category = number // designs
    low, high = (np.array([getattr(kind, side) for kind in RANGES])[category] for side in ("low", "high"))
    usual = (low + (high - low) * draws.uniform("product price", number) ** 1.4).astype(np.int64) * 100
    tag = (usual * (1.35 + 0.45 * draws.uniform("product tag", number)) / 1000).astype(np.int64) * 1000
    # Most goods cost less than 60 % of their usual price; a few are so dear to make that a sale sells them at a loss.
    dear = 0.36 * draws.uniform("product dear", number) ** 7
    cost = (usual * (0.38 + 0.20 * draws.uniform("product cost", number) + dear)).astype(np.int64)
    listed = days.start_seconds + _listed_day(draws, number) * 86400 + 36000
    popularity = np.array([kind.weight for kind in RANGES])[category] / designs
    popularity = popularity * draws.lognormal("product popularity", number, 1.0, 0.7)
    first, following = _choices(draws, days, category, listed, popularity)
    return Goods(
        ids=texts.digits(
            610_000_000_000 + np.sort(draws.integers("product id", number, 10**9)) * 7 + number, 12
        ),
        titles=_titles(),
        category=category,
        list_cents=tag,
        usual_cents=usual,
        cost_cents=cost,
        listed_seconds=listed,
        stock=draws.integers("product stock", number, 1800),
        several=np.array([kind.several for kind in RANGES])[category],
        popularity=popularity,
        first_choice=first,
        next_choice=following,
    )


def _listed_day(draws: Draws, number: Ints) -> Ints:
    """Two thirds of the goods are older than the two years; the rest comes bit by bit."""
    older = draws.chance("product old", number, 0.66)
    day = draws.integers("product listed", number, DAYS - 60) + 20
    return np.where(older, -draws.integers("product age", number, 500) - 10, day)


def _titles() -> tuple[str, ...]:
    found = []
    for kind in RANGES:
        for design in kind.designs:
            material, _, feature = design.partition(" ")
            found.append(f"半亩棉 {material}{kind.noun} {feature} 家用{kind.name}")
    return tuple(found)


def _choices(
    draws: Draws, days: Calendar, category: Ints, listed: Ints, popularity: Floats
) -> tuple[Floats, Floats]:
    """Cumulated chances of each product: row = month × taste, and row = month × category of the first line."""
    months = int(days.month_number[-1]) + 1
    season = np.array([_SEASON_DEMAND[kind.season] for kind in RANGES])[category]
    first_days = np.searchsorted(days.month_number, np.arange(months))
    month_of_year = days.months[first_days]
    on_sale = (listed[None, :] - days.start_seconds) <= first_days[:, None] * 86400
    base = popularity[None, :] * season[:, month_of_year - 1].T * on_sale
    cell = np.arange(TASTES * len(RANGES))
    liking = draws.lognormal("taste", cell, 1.0, 0.8).reshape(TASTES, len(RANGES))
    first = base[:, None, :] * liking[:, category][None, :, :]
    together = np.full((len(RANGES), len(RANGES)), 0.35)
    for number, kind in enumerate(RANGES):
        for other, candidate in enumerate(RANGES):
            if candidate.name in kind.goes_with:
                together[number, other] = 4.0
    following = base[:, None, :] * together[:, category][None, :, :]
    return _cumulated(first), _cumulated(following)


def _cumulated(weights: Floats) -> Floats:
    rows = weights.reshape(-1, weights.shape[-1])
    upto = np.cumsum(rows, axis=1)
    upto /= upto[:, -1:]
    return (upto + np.arange(len(rows))[:, None]).ravel()


def choose(cumulated: Floats, row: Ints, uniform: Floats, products: int) -> Ints:
    """The product at `uniform` of each row of a cumulated table."""
    found = np.searchsorted(cumulated, row + uniform, side="right") - row * products
    return np.clip(found, 0, products - 1)


def sku_texts() -> list[str]:
    """The variants every product has, as the platform writes them."""
    return [f"颜色分类:{colour};尺寸:{size}" for colour in _COLOURS for size in _SIZES]


def outer_codes(goods: Goods) -> pa.Array:
    """The shop's own codes, one per product and variant."""
    number = np.arange(len(goods) * SKUS)
    product: npt.NDArray[np.int64] = number // SKUS
    return texts.joined(
        pa.scalar("BM"), texts.digits(product + 1, 3), texts.digits(number % SKUS + 1, 2), separator="-"
    )
