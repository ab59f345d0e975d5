"""Form fields for what sellers type: amounts such as `1.2万`, discounts in 折, and shop times."""

from __future__ import annotations

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
    """What the buyer pays, in 折: 8.5 is 85 %. Read into ten-thousandths (8500)."""

    default_error_messages = {"not_a_discount": _("写 0.1 到 9.99 折，例如 8.5")}

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
        if whole != points or not 0 < whole < FULL_BP:
            raise forms.ValidationError(self.error_messages["not_a_discount"], code="not_a_discount")
        return whole

    def validate(self, value: Any) -> None:
        if value is None and self.required:
            raise forms.ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        """Lengths of text say nothing about a discount."""

    def prepare_value(self, value: Any) -> Any:
        return f"{Decimal(value) * 10 / FULL_BP:g}" if isinstance(value, int) else value


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
