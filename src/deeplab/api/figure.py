"""A figure of a run, which Jupyter shows."""

from html import escape

from deeplab.report.html import address


class Figure(bytes):
    """The file of a figure, PNG or GIF: `Path("curves.png").write_bytes(figure)` keeps it.

    Attributes:
        name: what it is of, as in `curves`.
    """

    name: str

    def __new__(cls, content: bytes, name: str) -> "Figure":
        """Take the content of the file."""
        figure = super().__new__(cls, content)
        figure.name = name
        return figure

    def __repr__(self) -> str:
        return f"<Figure {self.name}, {len(self) / 1000:,.0f} kB>"

    __str__ = __repr__

    def _repr_png_(self) -> bytes | None:
        return None if self.startswith(b"GIF") else bytes(self)

    def _repr_html_(self) -> str | None:
        if not self.startswith(b"GIF"):  # a PNG shows itself
            return None
        return f'<img src="{address(self)}" alt="{escape(self.name)}">'
