"""Mechanics as plain data and back, read by the fields of their classes, so that a new one needs no reader.

Reading is strict, as in `serial`: a wrong type, a missing or an unknown field is refused with its path.
"""

import types
from collections.abc import Callable
from dataclasses import MISSING, asdict, fields
from datetime import datetime
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from laoke.promotions.engine.errors import EngineError
from laoke.promotions.engine.mechanics import MECHANICS, Mechanic
from laoke.promotions.engine.reading import Fields, at

_NAMES = {kind: name for name, kind in MECHANICS.items()}


def mechanic_name(mechanic: Mechanic) -> str:
    """The name under which a mechanic is written."""
    return _NAMES[type(mechanic)]


def terms_to_dict(mechanic: Mechanic) -> dict[str, Any]:
    """The mechanic's own fields as plain data, times as ISO texts."""
    return {name: _plain(value) for name, value in asdict(mechanic).items()}


def mechanic_from_terms(name: str, terms: Fields, path: str) -> Mechanic:
    """The mechanic of that name with these terms. Raises EngineError with the path of the first wrong field."""
    if name not in MECHANICS:
        raise EngineError("unknown_choice", f"{path}.mechanic", found=name, known=", ".join(MECHANICS))
    found: Mechanic = _read(MECHANICS[name], terms)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value


@cache
def _readers(kind: type) -> tuple[tuple[str, Callable[[Fields, str, Any], Any], Any], ...]:
    """For each field of a class: its name, its reader, and its default (MISSING where it must be given)."""
    hints = get_type_hints(kind)
    return tuple((one.name, _reader(hints[one.name]), one.default) for one in fields(kind))


def _reader(hint: Any) -> Callable[[Fields, str, Any], Any]:
    """How a field of this type is read."""
    if get_origin(hint) is tuple:
        return _texts if get_args(hint)[0] is str else _list_of(get_args(hint)[0])
    if get_origin(hint) is types.UnionType:  # int | None is the only one
        return _whole_or_none
    return {int: _whole, bool: _flag, str: _text, datetime: _moment}[hint]


def _read(kind: type, part: Fields) -> Any:
    values = {name: reader(part, name, default) for name, reader, default in _readers(kind)}
    part.check_none_left()
    return at(part.path, lambda: kind(**values))


def _list_of(kind: type) -> Callable[[Fields, str, Any], Any]:
    def read(part: Fields, name: str, default: Any) -> tuple[Any, ...]:
        path = f"{part.path}.{name}"
        return tuple(
            _read(kind, Fields(item, f"{path}[{place}]")) for place, item in enumerate(part.list(name))
        )

    return read


def _texts(part: Fields, name: str, default: Any) -> tuple[str, ...]:
    return part.ordered_texts(name)


def _whole(part: Fields, name: str, default: Any) -> int:
    return part.whole(name, None if default is MISSING else default)


def _whole_or_none(part: Fields, name: str, default: Any) -> int | None:
    return part.whole_or_none(name)


def _flag(part: Fields, name: str, default: Any) -> bool:
    return part.flag(name, default is True)


def _text(part: Fields, name: str, default: Any) -> str:
    return part.text(name, None if default is MISSING else default)


def _moment(part: Fields, name: str, default: Any) -> datetime:
    found = part.moment(name)
    if found is None:
        raise EngineError("missing", f"{part.path}.{name}")
    return found
