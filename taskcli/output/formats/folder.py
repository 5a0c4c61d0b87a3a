"""What formats have in common that are a folder of files."""

from collections.abc import Iterable
from pathlib import Path

from taskcli.errors import InputError, StoppedError
from taskcli.output.filesystem.files import Files, Protected
from taskcli.output.writer import Layout, Writer


class FolderWriter(Writer):
    """Every input has files of its own, whole when they appear; an input that failed has none."""

    def __init__(self, folder: Path, known: Iterable[str], layout: Layout) -> None:
        # The folder was empty, or what is in it was given up.
        everything = Protected(overwrite=True)
        self._files = Files(folder, known, ("classes", "annotation"), everything)
        self.layout = layout

    def _leave(self, id: str, contents: Iterable[tuple[str, bytes]]) -> list[str]:
        """Write the files of one input. Nothing else would tell that they are missing."""
        try:
            return self._files.write(id, contents)
        except InputError as failure:
            raise StoppedError(failure.message, failure.hint) from None
