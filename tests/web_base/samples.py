"""One sample of every component, shared by the tests and by the developers' gallery."""

from __future__ import annotations

from typing import Any

from django import forms

from laoke.web import charts
from laoke.web import components as ui
from laoke.web.figures import Amount


class SampleForm(forms.Form):
    name = forms.CharField(label="活动名", help_text="给同事看的，顾客看不到", initial="双11 换季睡个好觉")
    floor = forms.IntegerField(label="门槛", initial=399)
    at = forms.CharField(label="发送时间")
    owner = forms.ChoiceField(label="负责人", choices=[("1", "林夏")], required=False)
    refunds = forms.BooleanField(label="含退款", required=False)
    live = forms.BooleanField(label="打开", required=False)
    channel = forms.ChoiceField(
        label="渠道", choices=[("sms", "短信"), ("mail", "邮件")], widget=forms.RadioSelect
    )
    note = forms.CharField(label="备注", widget=forms.Textarea(attrs={"rows": 2}), required=False)

    def clean_at(self) -> str:
        raise forms.ValidationError("推广短信最晚 22:00。改到 20:00，或选明早 8:00。")


DAYS = [f"11-{day:02d}" for day in range(1, 15)]
OLD = [36000, 33000, 35000, 41000, 48000, 52000, 39000, 41000, 44000, 47000, 91000, 62000, 55000, 51000]
NEW = [71000, 66000, 69000, 70000, 82000, 90000, 73000, 75000, 79000, 84000, 160000, 110000, 95000, 90000]
LAST = [
    98000,
    93000,
    95000,
    99000,
    110000,
    121000,
    101000,
    99000,
    104000,
    110000,
    190000,
    150000,
    132000,
    120000,
]


def small_table(names: list[str], *columns: tuple[str, list[float]]) -> ui.Table:
    heads = [ui.Column("name", "日期"), *(ui.Column(label, label, "num") for label, _ in columns)]
    rows = [ui.Row([name, *(int(values[at]) for _, values in columns)]) for at, name in enumerate(names)]
    return ui.Table(heads, rows, cards=False)


def chart_samples() -> dict[str, ui.ChartCard]:
    old, new = charts.Series("老客", OLD), charts.Series("新客", NEW, "c1-soft")
    last = charts.Series("去年同期", LAST, "c0", dashed=True, as_line=True)
    span = charts.Span("双11 预热", "11-01", "11-10")
    table = small_table(DAYS, ("老客", OLD), ("新客", NEW), ("去年同期", LAST))
    changes = [
        charts.Change("目标", 680.0, total=True),
        charts.Change("访客", -16.2),
        charts.Change("转化", 28.4),
        charts.Change("客单", 12.4),
        charts.Change("实际", 704.6, total=True),
    ]
    sources = ["手淘搜索", "手淘推荐", "直通车", "淘宝客"]
    plan, real = [128000.0, 96000.0, 42000.0, 18000.0], [117400.0, 109800.0, 43900.0, 16100.0]
    cumulated = [float(sum(OLD[: at + 1])) for at in range(len(DAYS))]
    band = charts.Band([v * 0.9 for v in cumulated], [v * 1.1 for v in cumulated])
    starts = [str(25 * step) for step in range(20)]
    small = [float(2000 - 90 * step) if step < 16 else 0.0 for step in range(20)]
    large = [0.0 if step < 16 else 400.0 for step in range(20)]
    estimates = [charts.Estimate("老客致谢", 131, 84, 160), charts.Estimate("利益直说", 6, -31, 43)]
    return {
        "chart": ui.ChartCard(
            "sales",
            "每日支付金额",
            charts.time_bars(DAYS, [old, new, last], value="yuan", span=span),
            table,
            "近 14 天每日支付金额，按新老客分",
            sub="不含疑似刷单 126 单",
            legend=ui.Legend([("老客", "c1", ""), ("新客", "c1-soft", ""), ("去年同期", "c0", "dash")]),
        ),
        "lines": ui.ChartCard(
            "cumulated",
            "累计成交",
            charts.time_lines(DAYS, [charts.Series("实际", cumulated)], band=band, now=("11-09", "今天")),
            small_table(DAYS, ("实际", cumulated)),
            "累计成交与预测",
            size="sm",
        ),
        "waterfall": ui.ChartCard(
            "tree",
            "为什么多 24.6万",
            charts.waterfall(changes, cut=640),
            small_table([str(c.name) for c in changes], ("万元", [c.value for c in changes])),
            "从目标到实际的逐项分解",
            sub="万元，轴从 640 起",
            size="sm",
        ),
        "horizontal": ui.ChartCard(
            "sources",
            "访客从哪来",
            charts.horizontal_bars(sources, [charts.Series("实际", real), charts.Series("计划", plan, "c0")]),
            small_table(sources, ("实际", real), ("计划", plan)),
            "各来源的访客：计划与实际",
            size="sm",
        ),
        "distribution": ui.ChartCard(
            "basket",
            "谁够得着门槛",
            charts.columns_with_threshold(
                starts,
                [charts.Series("够不着", small, "c0"), charts.Series("已达到", large)],
                threshold=("400", "门槛 399"),
            ),
            small_table(starts, ("够不着", small), ("已达到", large)),
            "订单金额分布与 399 元门槛",
            size="sm",
        ),
        "intervals": ui.ChartCard(
            "effects",
            "多赚多少",
            charts.intervals(estimates, axis="exact"),
            small_table([str(e.name) for e in estimates], ("元/百人", [e.point for e in estimates])),
            "两轮的增量与区间",
            size="sm",
        ),
    }


def list_samples() -> dict[str, Any]:
    columns = [
        ui.Column("customer", "客户", "nowrap"),
        ui.Column("group", "分组", card="end"),
        ui.Column("last", "最近付款", "num", sort="last", label_on_card="最近付款"),
        ui.Column("orders", "单数", "num", sort="orders", priority=2, card="hide"),
        ui.Column("paid", "近一年实付（元）", "num", sort="paid", card="end", label_on_card="¥"),
        ui.Column("alive", "仍会再来的把握", priority=3, card="hide"),
        ui.Column("owner", "负责人", "nowrap", priority=3, card="hide"),
    ]
    rows = [
        ui.Row(
            [
                ui.Cell("小**圆", extra=ui.Status("", "ok"), url="/c/1", sub="成都"),
                ui.Tag("忠诚", "brand"),
                "131 天前",
                9,
                "1,932.00",
                ui.Meter(48, "48%", "把握 48%"),
                ui.Who("林夏"),
            ],
            id="1",
            name="小**圆",
            url="/c/1",
            selected=True,
        ),
        ui.Row(
            ["春**泥", ui.Tag("忠诚"), "142 天前", 6, ui.Cell("−1,455.70", tone="bad"), "", ""],
            id="2",
            name="春**泥",
        ),
    ]
    forest = [
        ui.Row(
            [
                "1-A 老客致谢",
                ui.Forest(-40, 160, 131, (84, 160), "131，区间 84 到 160"),
                "131",
                ui.Status("有用", "ok"),
            ]
        ),
        ui.Row(
            [
                "1-C 利益直说",
                ui.Forest(-40, 160, 6, (-31, 43), "6，区间 −31 到 43"),
                "6",
                ui.Status("看不出差别"),
            ]
        ),
        ui.Row(["3 电话", ui.Forest(-40, 160, why_not="没留对照，只能看不能比"), "", ui.Status("没有对照")]),
    ]
    forest_columns = [
        ui.Column("round", "轮次", "nowrap"),
        ui.Column("axis", "元/百人", card="wide"),
        ui.Column("gain", "多赚（元/百人）", "num"),
        ui.Column("verdict", "判断", card="end"),
    ]
    return {
        "table": ui.Table(
            columns,
            rows,
            "客户",
            ui.Sort("paid"),
            "q=x&after=9",
            "#list",
            foot=["合计", "", "", 15, "476.30", "", ""],
            pager=ui.Pager("", "?after=2", "最近付款在前", "共 12,046 人"),
            selectable=True,
            stick_first=True,
        ),
        "forest_table": ui.Table(forest_columns, forest, roomy=True),
        "filters": ui.Filters(
            search_label="会员名、手机号、姓名、标签",
            chips=[ui.Chip("生命周期", "沉默", "?"), ui.Chip("近一年实付", "≥ ¥500", "?")],
            add=ui.Action("条件", dialog="conditions"),
            count="符合 12,046 人",
            actions=[ui.Action("导出 Excel", "/export", icon="download", small=True)],
            keep=[("sort", "-paid")],
            target="#list",
        ),
        "bulk": ui.Bulk(
            "people",
            [ui.Action("打标签", "/tag"), ui.Action("不再打扰…", dialog="stop", kind="danger")],
            "人",
            "12,046",
        ),
    }


def word_samples() -> dict[str, Any]:
    up, down = ui.Delta(12.6, "12.6%", "比去年同期"), ui.Delta(-0.6, "0.6 点", "比上周")
    spark = [25, 27, 26, 28, 27, 29, 30, 29, 31, 33, 32, 35]
    kpis = [
        ui.Kpi("支付金额", Amount.money(436821460), up, spark=spark),
        ui.Kpi("支付买家", Amount.count(25318, "人"), down),
        ui.Kpi("老客成交占比", Amount.share(0.384), ui.Delta(0, "持平")),
        ui.Kpi("下次预计", "已过 12 天", note="本应 8月28日 – 10月28日", url="/c/1"),
    ]
    return {
        "kpis": ui.Kpis(kpis),
        "actions": [
            ui.Action("保存人群", "/s", "primary", method="post", hidden=[("a", "1")]),
            ui.Action("另存", "/s"),
            ui.Action("取消", "/s", "quiet"),
            ui.Action("不再打扰…", dialog="send", kind="danger"),
            ui.Action("取消发送", "/s", "danger solid", "stop"),
            ui.Action("上一页", why_not="这是第一页"),
        ],
        "tags": [
            ui.Tag("四件套"),
            ui.Tag("进行中", "brand"),
            ui.Tag("已报备", "ok", "check"),
            ui.Tag("差 640 件", "warn"),
        ],
        "more_tags": ui.Tags([ui.Tag("送礼多", "line"), ui.Tag("被拒", "bad")]),
        "statuses": [
            ui.Status("已送达", "ok"),
            ui.Status("发送中", "run"),
            ui.Status("等批准", "warn"),
            ui.Status("失败", "bad"),
            ui.Status("等待"),
        ],
        "deltas": [up, down, ui.Delta(None, "没有去年的数据")],
        "who": ui.Who("林夏", "负责"),
        "icon": ui.Icon("sms", "短信"),
        "notices": [
            ui.Notice("这里的数字不含疑似刷单。"),
            ui.Notice("导入完成，行数与金额都对得上。", tone="ok"),
            ui.Notice(
                "没有发出任何短信。",
                "网关拒绝了我们的签名",
                "bad",
                "代码 SIGN_ILLEGAL",
                ui.Action("继续", "/g"),
            ),
        ],
        "toast": ui.Toast("已把 3 人设为不再打扰", undo_url="/undo/3"),
        "facts": ui.Facts([("签名", "【半亩棉】"), ("计费", ui.Tag("已报备", "ok")), ("人数", 16058)]),
        "meter": ui.Meter(51.1, "51.1%"),
        "stackbar": ui.StackBar(
            [
                ui.Part("忠诚", 38, "3.8万"),
                ui.Part("活跃", 53, "5.3万", "c3"),
                ui.Part("一般", 195, "19.5万", "c0"),
            ]
        ),
        "barlist": ui.BarList(
            [
                ui.Bar("新客", 31846, "3.2万", ui.Delta(4210, "4,210"), exact="31,846 人"),
                ui.Bar("沉睡", 62318, "6.2万", "", "c0"),
            ]
        ),
        "legend": ui.Legend([("计划", "c0", "dash")]),
    }


def step_samples() -> dict[str, Any]:
    losses = [("没有营销同意", 14906), ("已退订", 1127), ("7 天内打扰过", 2318), ("号码失效", 1783)]
    return {
        "tabs": ui.Tabs(
            [
                ui.Tab("全部", "?", True, "28.6万"),
                ui.Tab("忠诚", "?tab=loyal", count="3.8万"),
                ui.Tab("存为视图", "#", icon="plus"),
            ],
            "视图",
        ),
        "stepper": ui.Stepper(
            [
                ui.Step("想法", "9月22日", "done"),
                ui.Step("进行", "第 9 天 / 21 天", "current"),
                ui.Step("复盘"),
            ]
        ),
        "timeline": ui.Timeline(
            [
                ui.Moment("短信：会员日提醒", "9月18日 10:20", "已送达，3 天内没有下单", icon="sms"),
                ui.Moment("下单 ¥ 428.00", "7月1日", text="60 支长绒棉四件套", kind="key", icon="bag"),
                ui.Moment(gap="相隔 56 天"),
                ui.Moment("仅退款 ¥ 89.00", "5月10日", kind="warn", icon="back", url="/o/1"),
                ui.Moment("双11 爆发", "11月11日 00:00", kind="sale"),
            ]
        ),
        "funnel": ui.Funnel(
            [
                ui.FunnelStep("人群", 38214),
                *(ui.FunnelStep(label, people, True, "/why") for label, people in losses),
                ui.FunnelStep("可以发", 18080),
                ui.FunnelStep("对照组 10%", 1808, True),
                ui.FunnelStep("这一轮发", 16272),
            ]
        ),
        "forest": ui.Forest(-40, 160, 131, (84, 160), "131"),
        "forest_axis": ui.ForestAxis(-40, 160, [-40, 0, 40, 80, 120, 160]),
        "trace": ui.PriceTrace(
            [
                ui.TraceStep("标价", "547.00", "329 + 109 × 2"),
                ui.TraceStep("满 399 减 60", "−60.00", "规则 2.1"),
                ui.TraceStep("应付", "449.00", "", True),
                ui.TraceStep("净利", "132.74", "29.6%", True, "ok"),
            ],
            "没有用上：第二个台阶（满 798 减 120），还差 289.00。",
        ),
    }


def state_samples() -> dict[str, Any]:
    will = ui.Facts(
        [("发给", "46,120 人，对照组 5,124 人不发"), ("花费", "¥ 2,094.30"), ("能否撤回", "没发的随时能停")]
    )
    places = [
        ui.PaletteItem("小**圆", "/c/1", "people", "成都 · 忠诚"),
        ui.PaletteItem("新建人群", "/s/new", "plus", keys=["N", "S"]),
    ]
    return {
        "empty": ui.Empty(
            "还没有人群", "从现成的 14 个里挑一个，或自己写条件。", ui.Action("挑一个现成的", "/s")
        ),
        "filtered": ui.FilteredOut(
            "没有符合的客户", "去掉「近一年实付 ≥ ¥5,000」会有 218 人。", ui.Action("去掉这条", "?")
        ),
        "not_allowed": ui.NotAllowed("成本与毛利只给店长看", "其余数字照常。需要的话，向陈牧申请。"),
        "loading": ui.Loading(url="/slow"),
        "trouble": ui.Trouble(
            "没算出来", "数据表正被整理，通常 10 秒内好。你的条件没有丢。", "7F3A-21", "/again"
        ),
        "stale": ui.Stale("数据停在 11月7日"),
        "progress": ui.Progress(
            "正在导入 第 3 / 5 个文件",
            62,
            "1,284,000 行，余 12 秒",
            "/cancel",
            "取消后一行也不会留下",
            "/poll",
        ),
        "phone": ui.Phone(
            "【半亩棉】苏女士，谢谢您一路支持。拒收请回复R",
            "1069 0427 ****",
            "短信",
            "今天 10:03",
            "67 字 · 1 条",
        ),
        "message_text": ui.MessageText(
            [
                ui.Piece("称呼", "var", "没有名字时用「您好」"),
                ui.Piece("，谢谢您"),
                ui.Piece("，拒收请回复R", "fixed"),
            ]
        ),
        "code": ui.Code(
            [
                ui.Span("bought", "f"),
                ui.Span("("),
                ui.Span("2+", "n"),
                ui.Span(", "),
                ui.Span("within", "k"),
                ui.Span(" "),
                ui.Span("365", "e", "少了单位"),
            ]
        ),
        "diff": ui.Diff(
            [ui.DiffPart("满"), ui.DiffPart("299减40", "del"), ui.DiffPart("399减60", "ins")],
            "多 9 字，仍是 1 条",
        ),
        "dialog": ui.Dialog(
            "send",
            "开始发送第 3 轮？",
            "发给 46,120 人",
            "/send",
            will,
            "理由已由店长写明。",
            hidden=[("round", "3")],
        ),
        "palette": ui.PaletteResults([("客户", places[:1]), ("命令", places[1:])]),
        "todo": ui.TodoList(
            [
                ui.Todo(
                    "第 3 轮超出默认发送时段",
                    "需店长写明理由",
                    "bad",
                    "bad",
                    ui.Action("去看", "/r/3", small=True),
                ),
                ui.Todo("补货提醒", value="待试", url="/p"),
            ]
        ),
    }


def all_samples() -> dict[str, Any]:
    """Every sample by the name the gallery template uses."""
    form = SampleForm({"name": "双11", "floor": "399", "at": "22:30", "channel": "sms"})
    form.is_valid()
    return {
        **word_samples(),
        **step_samples(),
        **state_samples(),
        **list_samples(),
        **chart_samples(),
        "form": form,
    }
