"""Strict reading of JSON objects: every field is taken by name and type, what is left over is refused."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from laoke.promotions.engine.errors import EngineError

Value = TypeVar("Value")


def at(path: str, build: Callable[[], Value]) -> Value:
    """Build a value; a refusal gets the path in front of its field, unless it already has one."""
    try:
        return build()
    except EngineError as error:
        if error.field.startswith(path):
            raise
        raise EngineError(error.code, f"{path}.{error.field}", **error.params) from None


class Fields:
    """The fields of one JSON object, taken one by one; what is left at the end is unknown."""

    def __init__(self, data: Any, path: str) -> None:
        if not isinstance(data, Mapping) or not all(isinstance(name, str) for name in data):
            raise EngineError("not_an_object", path)
        self.path = path
        self._left = dict(data)

    def names(self) -> list[str]:
        return list(self._left)

    def take(self, name: str) -> Any:
        if name not in self._left:
            raise EngineError("missing", self._path_of(name))
        return self._left.pop(name)

    def nested(self, name: str) -> "Fields":
        return Fields(self._left.pop(name, {}), self._path_of(name))

    def list(self, name: str) -> list[Any]:
        value = self.take(name)
        if not isinstance(value, list):
            raise EngineError("not_a_list", self._path_of(name))
        return value

    def text(self, name: str, default: str | None = None) -> str:
        value = self.take(name) if default is None else self._left.pop(name, default)
        if not isinstance(value, str):
            raise EngineError("not_a_text", self._path_of(name))
        return value

    def texts(self, name: str) -> frozenset[str]:
        return frozenset(self.ordered_texts(name))

    def ordered_texts(self, name: str) -> tuple[str, ...]:
        value = self._left.pop(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise EngineError("not_a_list_of_texts", self._path_of(name))
        return tuple(value)

    def flag(self, name: str, default: bool) -> bool:
        value = self._left.pop(name, default)
        if not isinstance(value, bool):
            raise EngineError("not_true_or_false", self._path_of(name))
        return value

    def whole(self, name: str, default: int | None = None) -> int:
        value = self.take(name) if default is None else self._left.pop(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise EngineError("not_a_whole_number", self._path_of(name))
        return value

    def whole_or_none(self, name: str) -> int | None:
        return None if self._left.get(name) is None and self._drop(name) else self.whole(name)

    def moment(self, name: str) -> datetime | None:
        value = self._left.pop(name, None)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise EngineError("not_a_time", self._path_of(name)) from None
        if moment.tzinfo is not None:
            raise EngineError("time_with_zone", self._path_of(name))
        return moment

    def check_none_left(self) -> None:
        if self._left:
            raise EngineError("unknown_field", self._path_of(sorted(self._left)[0]))

    def _drop(self, name: str) -> bool:
        self._left.pop(name, None)
        return True

    def _path_of(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name
