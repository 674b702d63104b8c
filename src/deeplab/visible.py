"""Text from anywhere, made safe to show: what would act on a terminal or turn the line round is written out."""

import re

# Control characters but for line breaks and tabs, what C1 and old terminals act on, marks that change the direction of
# writing, breaks of a line that are no \n, and halves of characters, as file names that are not UTF-8 bring them.
_ACTING = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_IN_TEXT = re.compile(f"[{_ACTING}]")
_IN_LINE = re.compile(f"[\t\n{_ACTING}]")


def visible(text: str) -> str:
    r"""Text in which an escape character is four letters, `\x1b`; line breaks and tabs stay."""
    return _IN_TEXT.sub(_written_out, text)


def visible_line(text: str) -> str:
    r"""Text on one line: line breaks and tabs are written out, too, as `\n` and `\t`."""
    return _IN_LINE.sub(_written_out, text)


def _written_out(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
