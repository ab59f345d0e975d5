"""Form fields for what sellers type: amounts such as `1.2万`, discounts in 折, and shop times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from laoke.money import FULL_BP, MoneyError, parse_cents

MOMENT_FORMAT = "%Y-%m-%dT%H:%M"


class MoneyField(forms.CharField):
    """An amount in yuan, read exactly into cents; None when it is empty and may be."""

    default_error_messages = {
        "not_an_amount": _("写一个金额，例如 399 或 1.2万"),
        "too_precise": _("最多到分，例如 39.90"),
        "too_large": _("金额太大"),
        "negative": _("金额不能是负的"),
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        try:
            cents = parse_cents(str(text or ""))
        except MoneyError as error:
            code = error.code if error.code in self.error_messages else "not_an_amount"
            raise forms.ValidationError(self.error_messages[code], code=code) from None
        if cents is not None and cents < 0:
            raise forms.ValidationError(self.error_messages["negative"], code="negative")
        return cents

    def validate(self, value: Any) -> None:
        if value is None and self.required:
            raise forms.ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        """Lengths of text say nothing about an amount."""

    def prepare_value(self, value: Any) -> Any:
        return plain_yuan(value) if isinstance(value, int) else value


class DiscountField(forms.CharField):
    """What the buyer pays, in 折: 8.5 is 85 %. Read into ten-thousandths (8500). With `free`, 0 is allowed."""

    default_error_messages = {"not_a_discount": _("写 0.1 到 9.99 折，例如 8.5")}

    def __init__(self, *, free: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.free = free

    def to_python(self, value: Any) -> Any:
        text = str(super().to_python(value) or "").strip().removesuffix("折").strip()
        if not text:
            return None
        try:
            points = Decimal(text) * (FULL_BP // 10)
            whole = int(points)
        except (InvalidOperation, ValueError, OverflowError):
            raise forms.ValidationError(
                self.error_messages["not_a_discount"], code="not_a_discount"
            ) from None
        if whole != points or not (0 if self.free else 1) <= whole < FULL_BP:
            raise forms.ValidationError(self.error_messages["not_a_discount"], code="not_a_discount")
        return whole

    def validate(self, value: Any) -> None:
        if value is None and self.required:
            raise forms.ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        """Lengths of text say nothing about a discount."""

    def prepare_value(self, value: Any) -> Any:
        return f"{Decimal(value) * 10 / FULL_BP:g}" if isinstance(value, int) else value


class ProductFiguresField(forms.CharField):
    """Products with figures, one per line: `77001 59 89`. Read into (product, figures), each product once.

    `figures` says what stands behind the product's number: "money" or "pieces", `least` of which must be given.
    """

    default_error_messages = {
        "line": _("第 %(line)s 行看不懂：%(text)s"),
        "strange": _("店里没有商品 %(number)s"),
        "twice": _("商品 %(number)s 写了两次"),
    }

    def __init__(self, *, figures: Sequence[str], least: int = 1, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 4}))
        super().__init__(**kwargs)
        self.figures, self.least = figures, least
        self.known: Mapping[str, str] = {}

    def to_python(self, value: Any) -> list[tuple[str, list[int]]]:  # type: ignore[override]
        rows: dict[str, list[int]] = {}
        for place, text in enumerate(str(super().to_python(value) or "").splitlines(), 1):
            words = text.replace(",", " ").replace("，", " ").split()
            if not words:
                continue
            number, figures = words[0], self._figures(words[1:])
            if figures is None:
                raise self._error("line", line=place, text=text.strip()[:40])
            if self.known and number not in self.known:
                raise self._error("strange", number=number)
            if number in rows:
                raise self._error("twice", number=number)
            rows[number] = figures
        return list(rows.items())

    def _figures(self, words: Sequence[str]) -> list[int] | None:
        if not self.least <= len(words) <= len(self.figures):
            return None
        found = []
        for kind, word in zip(self.figures, words, strict=False):
            try:
                figure = parse_cents(word) if kind == "money" else int(word)
            except ValueError:
                return None
            if figure is None or figure < 1:
                return None
            found.append(figure)
        return found

    def _error(self, code: str, **params: Any) -> forms.ValidationError:
        return forms.ValidationError(self.error_messages[code], code=code, params=params)

    def run_validators(self, value: Any) -> None:
        """Lengths of text say nothing about a list."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return "\n".join(
            " ".join(
                [number, *(self._shown(kind, one) for kind, one in zip(self.figures, figures, strict=False))]
            )
            for number, figures in value
        )

    @staticmethod
    def _shown(kind: str, figure: int) -> str:
        return plain_yuan(figure) if kind == "money" else str(figure)


class MeasureField(MoneyField):
    """An amount in yuan, or a number of pieces; which of them another field says. Read as if it were yuan, in cents."""


def measure_of(by: str, typed_cents: int) -> int:
    """The threshold that was typed: cents, or pieces where `by` is pieces (2 is typed as 2, read as 200 cents)."""
    return typed_cents // 100 if by == "pieces" else typed_cents


def typed_measure(by: str, threshold: int) -> int:
    """The other way round, for the field."""
    return threshold * 100 if by == "pieces" else threshold


class GiftsField(forms.CharField):
    """Gifts, one per line: `cup 马克杯 19.9 6 500` (number, name, value, cost, how many), the last two as one likes."""

    default_error_messages = {"line": _("第 %(line)s 行看不懂：%(text)s")}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 3}))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> list[dict[str, Any]]:  # type: ignore[override]
        gifts = []
        for place, text in enumerate(str(super().to_python(value) or "").splitlines(), 1):
            if not text.strip():
                continue
            gift = self._gift(text.split())
            if gift is None:
                raise forms.ValidationError(
                    self.error_messages["line"],
                    code="line",
                    params={"line": place, "text": text.strip()[:40]},
                )
            gifts.append(gift)
        return gifts

    @staticmethod
    def _gift(words: Sequence[str]) -> dict[str, Any] | None:
        if not 3 <= len(words) <= 5:
            return None
        try:
            value, cost = parse_cents(words[2]), parse_cents(words[3]) if len(words) > 3 else None
            stock = int(words[4]) if len(words) > 4 else None
        except ValueError:
            return None
        if not value or (stock is not None and stock < 1):
            return None
        return {
            "product_id": words[0],
            "title": words[1],
            "value_cents": value,
            "cost_cents": cost,
            "stock": stock,
        }

    def run_validators(self, value: Any) -> None:
        """Lengths of text say nothing about a list."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return "\n".join(self._line(gift) for gift in value)

    @staticmethod
    def _line(gift: Mapping[str, Any]) -> str:
        words = [gift["product_id"], gift["title"], plain_yuan(gift["value_cents"])]
        cost, stock = gift["cost_cents"], gift["stock"]
        if cost is not None or stock is not None:
            words.append("-" if cost is None else plain_yuan(cost))
        return " ".join([*words, *([str(stock)] if stock is not None else [])])


class MomentField(forms.DateTimeField):
    """A local time of the shop, picked by the browser's own control."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault(
            "widget", forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT_FORMAT)
        )
        kwargs.setdefault("input_formats", [MOMENT_FORMAT, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"])
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return value.replace(second=0, microsecond=0) if isinstance(value, datetime) else value


class DayField(forms.DateField):
    """A day, picked by the browser's own control."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        kwargs.setdefault("input_formats", ["%Y-%m-%d", "%Y/%m/%d"])
        super().__init__(**kwargs)


def plain_yuan(cents: int) -> str:
    """An amount as one types it: 399, 39.90."""
    yuan, rest = divmod(cents, 100)
    return f"{yuan}.{rest:02d}" if rest else f"{yuan}"
