"""Something that was not done, with a reason that stands in a list: a code for programs, a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.functional import Promise


class ReasonedRefusal(Exception):
    """A refusal of a kind. `reasons` maps its codes to sentences with `%(name)s` where a parameter goes."""

    reasons: ClassVar[Mapping[str, str | Promise]] = {}

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params

    @property
    def text(self) -> str:
        """The reason in a sentence for people."""
        return str(self.reasons[self.code]) % self.params
