"""The one refusal of the engine: a code, the field it speaks of, and figures, for the edge to translate."""


class EngineError(ValueError):
    """A value that cannot be priced. `code` says why, `field` where, `params` with which figures."""

    def __init__(self, code: str, field: str, **params: int | str) -> None:
        self.code = code
        self.field = field
        self.params = params
        super().__init__(f"{field}: {code} {params}" if params else f"{field}: {code}")


def check_between(name: str, value: int, least: int, most: int) -> None:
    """Refuse what is no whole number, or lies outside `least` … `most`."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise EngineError("not_a_whole_number", name)
    if not least <= value <= most:
        raise EngineError("out_of_range", name, found=value, least=least, most=most)
