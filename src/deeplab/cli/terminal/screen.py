"""The one way to the terminal: whatever is shown passes here, and no text of a person or a file acts on it.

`guarded_streams` is around every command, so that a plain `print`, a warning and a traceback are shown with control
characters written out. `Screen` writes past it, since colours and bars are control characters themselves, and writes
out those of the texts it is given.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import TextColumn
from rich.segment import Segment
from rich.text import Text

from deeplab.visible import visible, visible_line


class _Guarded:
    """A stream that writes control characters out."""

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        return self.stream.write(visible(text))

    def writelines(self, lines: Iterable[str]) -> None:
        self.stream.writelines(map(visible, lines))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def guarded_streams() -> Iterator[None]:
    """Let nothing that is printed act on the terminal for as long as the context lasts."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast(Any, _Guarded(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


class Screen(Console):
    """Rich's console on the standard output: texts are drawn letter by letter, as they are."""

    def __init__(self, width: int | None = None) -> None:
        """Take the standard output as it is now, with so many letters in a line or those of the terminal."""
        stream = sys.stdout.stream if isinstance(sys.stdout, _Guarded) else sys.stdout
        super().__init__(file=stream, highlight=False, markup=False, emoji=False, width=width)

    def print(self, *objects: Any, soft_wrap: bool | None = None, **settings: Any) -> None:
        """Print as Rich does; a text that is not to be wrapped is one line."""
        if soft_wrap:
            objects = tuple(visible_line(each) if isinstance(each, str) else each for each in objects)
        super().print(*objects, soft_wrap=soft_wrap, **settings)

    def render_str(self, text: str, **settings: Any) -> Text:
        """Write out before the text is measured, and before Rich drops some of it."""
        return super().render_str(visible(text), **settings)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Write out what came as a `Text` of its own; what Rich itself says to the terminal stays."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


class Words(TextColumn):
    """A column of a progress bar that shows text as it is."""

    def __init__(self, text_format: str) -> None:
        """Take a format, as in `{task.description}`."""
        super().__init__(text_format, markup=False)
