"""Playbooks as files: read safely, checked against a schema, refused by the name of the key that is wrong.

A playbook knows no shop and no year. `planning.plan` makes rows of it; people edit the rows, never the file.
"""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from laoke.campaigns.moments import Moment
from laoke.campaigns.refusals import PlaybookRefused

MOST_BYTES = 200_000


def _moment(value: object) -> Moment:
    if not isinstance(value, str):
        raise ValueError("时间要写成 D-10 17:30 的样子")
    return Moment.parse(value)


When = Annotated[Moment, BeforeValidator(_moment)]
Key = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
Name = Annotated[str, Field(min_length=1, max_length=60)]
Percent = Annotated[int, Field(ge=1, le=1000)]


class Part(BaseModel):
    """Unknown keys are refused: a misspelt one must not be silently without effect."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class PhasePlan(Part):
    key: Key
    name: Annotated[str, Field(min_length=1, max_length=40)]
    goal: Annotated[str, Field(max_length=200)] = ""
    starts: When = Field(alias="from")
    ends: When = Field(alias="to")


class SegmentPlan(Part):
    key: Key
    name: Name
    text: Annotated[str, Field(min_length=1, max_length=2000)]


class OfferPlan(Part):
    """A suggestion in parts of what an order of the shop usually is; `planning` makes round amounts of it."""

    key: Key
    name: Name
    mechanic: Literal["threshold_discount", "shop_coupon"]
    layer: Literal["shop", "coupon"]
    threshold_percent_of_order: Percent
    off_percent_of_threshold: Annotated[int, Field(ge=1, le=90)]
    repeating: bool = False
    most_times: Annotated[int, Field(ge=1, le=100)] | None = None
    starts: When = Field(alias="from")
    ends: When = Field(alias="to")


class RoundPlan(Part):
    number: Annotated[int, Field(ge=1, le=99)]
    key: Key
    name: Name
    segment: Key
    channel: Literal["sms", "handover"]
    wanted_channel: Literal["", "email", "call"] = ""
    offer: str = ""
    starts: When = Field(alias="from")
    ends: When = Field(alias="to")
    why: Annotated[str, Field(max_length=200)] = ""
    text: Annotated[str, Field(min_length=1, max_length=500)]
    holdout_percent: Annotated[float, Field(ge=0, le=50)] | None = None


class TaskPlan(Part):
    key: Key
    number: Annotated[int, Field(ge=1, le=999)]
    title: Annotated[str, Field(min_length=1, max_length=120)]
    phase: Key
    role: Literal["owner", "operator", "service", "designer", "warehouse", "analyst"]
    starts: When = Field(alias="from")
    due: When
    after: tuple[Key, ...] = ()
    detail: Annotated[str, Field(max_length=2000)] = ""
    evidence: Annotated[str, Field(max_length=300)] = ""
    if_it_fails: Annotated[str, Field(min_length=1, max_length=2000)]


class TargetPlan(Part):
    basis: Literal["same_period_last_year"] = "same_period_last_year"
    least_growth_percent: Percent = 50
    most_growth_percent: Percent = 200


class ContingencyPlan(Part):
    key: Key
    sign: Name
    action: Annotated[str, Field(min_length=1, max_length=300)]


class Playbook(Part):
    """A whole playbook: what it says is consistent in itself (keys unique, references known, times in order)."""

    format: Literal[1]
    key: Key
    name: Annotated[str, Field(min_length=1, max_length=40)]
    purpose: Literal["sell", "brand", "keep", "attract", "clear"]
    theme: Annotated[str, Field(max_length=80)] = ""
    about: Annotated[str, Field(max_length=400)] = ""
    holdout_percent: Annotated[float, Field(ge=0, le=50)] = 10
    attribution_days: Annotated[int, Field(ge=1, le=60)] = 15
    target: TargetPlan = TargetPlan()
    phases: Annotated[tuple[PhasePlan, ...], Field(min_length=1, max_length=12)]
    segments: Annotated[tuple[SegmentPlan, ...], Field(max_length=30)] = ()
    offers: Annotated[tuple[OfferPlan, ...], Field(max_length=10)] = ()
    rounds: Annotated[tuple[RoundPlan, ...], Field(max_length=40)] = ()
    tasks: Annotated[tuple[TaskPlan, ...], Field(max_length=200)] = ()
    contingencies: Annotated[tuple[ContingencyPlan, ...], Field(max_length=40)] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Playbook:
        for name in ("phases", "segments", "offers", "rounds", "tasks", "contingencies"):
            _check_unique(name, [part.key for part in getattr(self, name)])
        for name in ("phases", "offers", "rounds"):
            for part in getattr(self, name):
                _check(_order(part.starts) < _order(part.ends), f"{name}.{part.key}.to", "结束要晚于开始")
        self._check_rounds()
        self._check_tasks()
        return self

    def _check_rounds(self) -> None:
        segments, offers = {s.key for s in self.segments}, {o.key for o in self.offers}
        for part in self.rounds:
            _check(part.segment in segments, f"rounds.{part.key}.segment", f"没有人群 {part.segment}")
            _check(
                not part.offer or part.offer in offers, f"rounds.{part.key}.offer", f"没有优惠 {part.offer}"
            )

    def _check_tasks(self) -> None:
        phases, earlier = {p.key for p in self.phases}, set[str]()
        for task in self.tasks:
            _check(task.phase in phases, f"tasks.{task.key}.phase", f"没有阶段 {task.phase}")
            _check(_order(task.starts) <= _order(task.due), f"tasks.{task.key}.due", "到期要晚于开始")
            for needed in task.after:
                # Only tasks written above may be named, so that no circle can be written.
                _check(needed in earlier, f"tasks.{task.key}.after", f"{needed} 不是写在前面的任务")
            earlier.add(task.key)


def _order(moment: Moment) -> tuple[int, object]:
    return moment.days, moment.at


class _Inconsistent(ValueError):
    """A contradiction between two places of the file."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(problem)
        self.key = key


def _check(holds: bool, key: str, problem: str) -> None:
    if not holds:
        raise _Inconsistent(key, problem)


def _check_unique(name: str, keys: list[str]) -> None:
    for key in keys:
        _check(keys.count(key) == 1, f"{name}.{key}", "出现了两次")


def read_playbook(data: bytes) -> Playbook:
    """The playbook that a file holds.

    Raises
    ------
    PlaybookRefused
        `playbook_too_large`, `playbook_not_toml`, or `playbook_key` with the key and the problem.
    """
    if len(data) > MOST_BYTES:
        raise PlaybookRefused("playbook_too_large", size=len(data), limit=MOST_BYTES)
    try:
        content = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise PlaybookRefused("playbook_not_toml", error=str(error)[:200]) from None
    try:
        return Playbook.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        cause = first.get("ctx", {}).get("error")
        key = cause.key if isinstance(cause, _Inconsistent) else _place(first["loc"], content)
        raise PlaybookRefused("playbook_key", key=key, problem=_problem(first)) from None


def _place(path: tuple[int | str, ...], content: object) -> str:
    """`tasks.stock.due` rather than `tasks.4.due`: a list's entry is named by its own key when it has one."""
    words: list[str] = []
    here = content
    for step in path:
        try:
            here = here[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            here = None
        named = isinstance(step, int) and isinstance(here, dict) and isinstance(here.get("key"), str)
        words.append(here["key"] if named and isinstance(here, dict) else str(step))
    return ".".join(words)


_PROBLEMS = {
    "missing": "缺了",
    "extra_forbidden": "不认识这个键",
    "literal_error": "只能是 {expected}",
    "string_too_long": "最多 {max_length} 个字",
    "string_too_short": "不能为空",
    "string_pattern_mismatch": "只能用小写字母、数字和下划线",
    "string_type": "要是文字",
    "int_type": "要是整数",
    "bool_type": "要是 true 或 false",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "too_short": "至少 {min_length} 项",
    "too_long": "最多 {max_length} 项",
}


def _problem(error: object) -> str:
    details = dict(error)  # type: ignore[call-overload]
    known = _PROBLEMS.get(details["type"])
    if known is None:
        return str(details["msg"]).removeprefix("Value error, ")
    return known.format(**details.get("ctx", {}))


@cache
def playbook_names() -> tuple[str, ...]:
    """The playbooks that come with Laoke."""
    folder = resources.files("laoke.campaigns") / "playbooks"
    return tuple(
        sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    )


@cache
def playbook(name: str) -> Playbook:
    """A playbook that comes with Laoke, by its name.

    Raises
    ------
    PlaybookRefused
        `playbook_unknown` with the names there are.
    """
    if name not in playbook_names():
        raise PlaybookRefused("playbook_unknown", name=name, known=list(playbook_names()))
    return read_playbook((resources.files("laoke.campaigns") / "playbooks" / f"{name}.toml").read_bytes())


def with_days(text: str, day: date, opening: date) -> str:
    """A text of the playbook with its days filled in; `${…}` stays for sending."""
    for mark, value in (("{day}", day), ("{eve}", day - timedelta(days=1)), ("{opening}", opening)):
        text = text.replace(mark, f"{value.month}月{value.day}日")
    return text
