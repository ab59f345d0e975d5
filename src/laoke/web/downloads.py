"""A file that was made to be taken along: it is deleted once it was sent, because it holds people in clear."""

from __future__ import annotations

from pathlib import Path

from django.http import FileResponse

from laoke.shops.open_files import let_go


class PassingFile(FileResponse):
    """An export as an attachment. One that breaks off, or that Windows keeps open, goes with the next tidying."""

    def __init__(self, path: Path, filename: str) -> None:
        super().__init__(path.open("rb"), as_attachment=True, filename=filename)
        self._path = path

    def close(self) -> None:
        super().close()
        let_go(self._path)
