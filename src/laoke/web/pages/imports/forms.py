"""Forms of imports: which files, up to when, and what each column is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.intake.preview import Preview, proposed_mapping
from laoke.intake.reading.messages import refusal_message, role_name
from laoke.intake.reading.profiles import layout_of
from laoke.intake.reading.refusals import IntakeRefused
from laoke.intake.reading.roles import ORDER_GRAINS, REQUIRED, ROLES, Grain, roles_of
from laoke.shops.joins import aside, listed
from laoke.shops.uploads import limit_bytes

ACCEPTED = ".csv,.txt,.xlsx,.xls,.gz"
MOST_FILES = 20


class FilesInput(forms.ClearableFileInput):
    """A file control for several files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files at once."""

    widget = FilesInput(attrs={"multiple": True, "accept": ACCEPTED, "class": "file"})

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = data if isinstance(data, list | tuple) else [data]
        if not any(given):
            raise ValidationError(self.error_messages["required"], code="required")
        if len(given) > MOST_FILES:
            raise ValidationError(
                _("一次最多 %(most)s 个文件，选了 %(found)s 个"),
                params={"most": MOST_FILES, "found": len(given)},
            )
        single = super().clean
        return [single(one, initial) for one in given]


class FilesForm(forms.Form):
    """The files to import."""

    files = FilesField(  # type: ignore[assignment]  # Django takes declared fields off the class
        label=_("要导入的文件"),
        help_text=_(
            "订单、退款、商品、流量、推广、动账，CSV 或 Excel；可以一次选几个，先后随意，重复的不会算两遍"
        ),
        allow_empty_file=True,
        error_messages={"required": _("先选文件"), "missing": _("先选文件")},
    )

    @property
    def limit(self) -> int:
        """The bytes of the largest file that is taken: the page says so before a long one is sent."""
        return limit_bytes()


class StartForm(forms.Form):
    """Up to when orders are taken."""

    until = forms.DateField(
        label=_("只导到"),
        required=False,
        help_text=_("这天以后下的单先不导，用来按过去的某一天演练"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": _("看不懂这个日期，写成 2018-10-31")},
    )

    def moment(self) -> datetime | None:
        """The end of the chosen day."""
        day = self.cleaned_data.get("until")
        return datetime.combine(day, time.max) if day else None


class MappingForm(forms.Form):
    """What each column of a file is: one choice of column per role, the required ones first."""

    def __init__(self, preview: Preview, grain: Grain, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.preview, self.grain = preview, grain
        choices = [("", gettext("没有")), *_column_choices(preview)]
        proposed = proposed_mapping(preview, grain)
        needed = {role for group in REQUIRED[grain] for role in group}
        alone = {group[0] for group in REQUIRED[grain] if len(group) == 1}
        for role in sorted(roles_of(grain), key=lambda role: role.name not in needed):
            self.fields[role.name] = forms.ChoiceField(
                label=role_name(role.name),
                choices=choices,
                initial=proposed.get(role.name, ""),
                required=role.name in alone,
                error_messages={"invalid_choice": _("文件里没有这一列"), "required": _("选出哪一列是它")},
            )
        self.needed = needed

    @property
    def either(self) -> str:
        """Which of the needed columns stand for each other."""
        groups = [group for group in REQUIRED[self.grain] if len(group) > 1]
        return "".join(
            gettext("%(roles)s，有一个就行。") % {"roles": listed(f"“{role_name(role)}”" for role in group)}
            for group in groups
        )

    @property
    def tells_buyers(self) -> bool:
        """Whether such a file can say who bought."""
        return self.grain in ORDER_GRAINS

    def needed_fields(self) -> list[forms.BoundField]:
        """Fields without which the file cannot be read."""
        return [self[name] for name in self.fields if name in self.needed]

    def other_groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """All other fields; those of a line file by what they speak of: the order, the line, the buyer."""
        others = [name for name in self.fields if name not in self.needed]
        if self.grain != "line":
            return [("", [self[name] for name in others])]
        titles = {
            "order": gettext("整单的：每行都一样，或只写在第一行"),
            "line": gettext("这一行的"),
            "buyer": gettext("买家和收货"),
        }
        return [
            (title, [self[name] for name in others if _speaks_of(name) == about])
            for about, title in titles.items()
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        mapping = {role: header for role, header in data.items() if header}
        if self.errors:
            return mapping
        try:
            layout_of(self.preview.header, mapping, id="mapping", grain=self.grain)
        except IntakeRefused as refusal:
            raise ValidationError(refusal_message(refusal.code, refusal.params)) from refusal
        return mapping


def _speaks_of(role: str) -> str:
    """Whether a role of a line file is of the order, the line or the buyer."""
    if ROLES[role].grains == ("line",):
        return "line"
    return "buyer" if ROLES[role].kind in ("identity", "place") else "order"


def _column_choices(preview: Preview) -> Sequence[tuple[str, str]]:
    return [
        (column.header, _named(column.header, column.samples)) for column in preview.columns if column.header
    ]


def _named(header: str, samples: Sequence[str]) -> str:
    return aside(header, listed(samples[:2])) if samples else header
