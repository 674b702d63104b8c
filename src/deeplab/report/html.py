"""A page as one HTML file that needs nothing else: figures inside it, no script, no network."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from deeplab.report.page import Cell, Code, Page, Part, Read, Section, number, slug
from deeplab.visible import visible


def to_html(page: Page, read: Read) -> str:
    """Write a page as HTML; whatever is in it is escaped.

    Args:
        page: what is on it.
        read: gives its figures.
    """
    shown = [section for section in page.sections if section.parts]
    return _environment(read).get_template("page.html").render(page=page, sections=shown)


def parts_to_html(parts: Sequence[Part], read: Read) -> str:
    """Write some parts of a page as HTML, to stand in a page of somebody else's; arguments as in `to_html`."""
    # What the template's macros are called by; Jinja makes them attributes.
    macros: Any = _environment(read).get_template("parts.html").module
    return str(macros.each(parts))


def _environment(read: Read) -> Environment:
    environment = Environment(
        loader=PackageLoader("deeplab.report"),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"kind": _kind, "number": number, "anchor": _anchor}
    environment.filters |= {"read": read, "address": address, "size": _size}
    environment.tests |= {"a_number": _is_number, "code": _is_code}
    return environment


def _shown(value: object) -> object:
    """Write out control characters of plain text; what is HTML already was written so."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _kind(part: object) -> str:
    """Name the macro that writes a part."""
    return type(part).__name__.lower()


def address(content: bytes) -> str:
    """Write a picture as an address that holds it."""
    return f"data:image/{'gif' if content.startswith(b'GIF') else 'png'};base64,{b64encode(content).decode()}"


def _size(content: bytes) -> tuple[int, int] | None:
    """Read width and height in pixels, or None of a file that is no picture."""
    if content.startswith(b"\x89PNG") and len(content) >= 24:
        return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])
    if content.startswith(b"GIF") and len(content) >= 10:
        return int.from_bytes(content[6:8], "little"), int.from_bytes(content[8:10], "little")
    return None


def _anchor(section: Section) -> str:
    return slug(section.title.lower())


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float)


def _is_code(cell: Cell) -> bool:
    return isinstance(cell, Code)
