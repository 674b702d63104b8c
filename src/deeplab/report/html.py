"""A page as one HTML file that needs nothing else: figures inside it, no script, no network."""

from base64 import b64encode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from deeplab.report.page import Cell, Code, Page, Picture, Section, number, slug
from deeplab.visible import visible


def to_html(page: Page) -> str:
    """Write a page as HTML; whatever is in it is escaped."""
    environment = Environment(
        loader=PackageLoader("deeplab.report"),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"kind": _kind, "address": _address, "number": number, "anchor": _anchor}
    environment.tests |= {"a_number": _is_number, "code": _is_code}
    shown = [section for section in page.sections if section.parts]
    return environment.get_template("page.html").render(page=page, sections=shown)


def _shown(value: object) -> object:
    """Plain text with control characters written out; what is HTML already was written so."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _kind(part: object) -> str:
    """The name of the macro that writes a part."""
    return type(part).__name__.lower()


def _address(picture: Picture) -> str:
    return f"data:{picture.media_type};base64,{b64encode(picture.content).decode()}"


def _anchor(section: Section) -> str:
    return slug(section.title.lower())


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float)


def _is_code(cell: Cell) -> bool:
    return isinstance(cell, Code)
