r"""A table of a page as LaTeX, for a paper: `\usepackage{booktabs}` is all it needs, and any engine sets it.

Whatever is in a table is text: no name of a run becomes a command. What is written is ASCII.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence

from deeplab.report.page import Cell, Code, Table, cell_text
from deeplab.visible import visible_line

HEAD = "% Written by deeplab. In the preamble: \\usepackage{booktabs}, and \\usepackage{graphicx} to fit wide tables.\n"
# A table that is wider than the line is made as wide as it, where graphicx is there to do so.
_FITTED = (
    "\\ifdim\\wd0>\\linewidth\\ifdefined\\resizebox\\resizebox{\\linewidth}{!}{\\usebox0}"
    "\\else\\usebox0\\fi\\else\\usebox0\\fi"
)
# Empty braces end a command, so that it takes no blank and no letter behind it. A bracket or a star at the beginning
# of a row would be an argument of the line break before it.
_ESCAPED = {
    **{letter: f"\\{letter}" for letter in "{}$&#_%"},
    **{letter: f"{{{letter}}}" for letter in "[]*"},
    "\\": "\\textbackslash{}",
    "^": "\\textasciicircum{}",
    "~": "\\textasciitilde{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    '"': '{\\char`\\"}',  # OT1, the encoding of every installation, has no command for it
    "'": "\\textquotesingle{}",
    "`": "\\textasciigrave{}",
    "±": "$\\pm$",
    "−": "$-$",
    "×": "$\\times$",
    "–": "\\textendash{}",
    "—": "\\textemdash{}",
    "…": "\\dots{}",
    "ß": "\\ss{}",
    "æ": "\\ae{}",
    "Æ": "\\AE{}",
    "ø": "\\o{}",
    "Ø": "\\O{}",
    "œ": "\\oe{}",
    "Œ": "\\OE{}",
    "†": "\\dag{}",
}
_ACCENTS = {"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u030c": "v", "\u0327": "c"}
_LETTER = re.compile(r"[A-Za-z]")
_LIGATURE = re.compile(r"(?<=([-,]))(?=\1)")  # two hyphens or commas would become one other sign
_MINUS = re.compile(r"(?<![\w.)\]-])-(?=[\d.])")  # which is longer than a hyphen


def to_latex(
    table: Table,
    notes: Sequence[str] = (),
    bold: Collection[tuple[int, int]] = (),
    marks: Mapping[tuple[int, int], str] | None = None,
) -> str:
    """Write a table as a float with its caption and notes below; everything in it is escaped.

    Args:
        table: what is in it.
        notes: sentences below it.
        bold: places of the cells that are bold, as row and column.
        marks: signs beside cells, by place: text that is set as an exponent.
    """
    columns = "".join("r" if is_numeric else "l" for is_numeric in table.numeric_columns)
    decimals = table.decimals_of_columns
    lines = ["\\begin{table}", "\\centering"]
    if table.caption:
        lines.append(f"\\caption{{{escaped(table.caption)}}}")
    lines += ["\\sbox0{%", f"\\begin{{tabular}}{{{columns}}}", "\\toprule", _row(map(escaped, table.head)), "\\midrule"]
    for number, row in enumerate(table.rows):
        places = [(number, column) for column in range(len(row))]
        cells = [_cell(cell, digits) for cell, digits in zip(row, decimals, strict=True)]
        cells = [f"\\textbf{{{cell}}}" if place in bold else cell for place, cell in zip(places, cells, strict=True)]
        signs = (f"\\textsuperscript{{{escaped(sign)}}}" if sign else "" for sign in map((marks or {}).get, places))
        lines.append(_row(map("".join, zip(cells, signs, strict=True))))
    lines += ["\\bottomrule", "\\end{tabular}}", _FITTED]
    lines += [f"\\par\\smallskip{{\\footnotesize {escaped(note)}}}" for note in notes]
    return "\n".join([*lines, "\\end{table}", ""])


def escaped(text: str) -> str:
    r"""Write text so that LaTeX sets it letter by letter, on one line; what its fonts lack is written out, `U+4E2D`.

    Examples:
        >>> print(escaped(r"50% of \input{x} #1"))
        50\% of \textbackslash{}input\{x\} \#1
    """
    return _LIGATURE.sub("{}", "".join(map(_letter, visible_line(text))))


def _letter(letter: str) -> str:
    if letter in _ESCAPED:
        return _ESCAPED[letter]
    if letter.isascii():
        return letter
    parts = unicodedata.normalize("NFD", letter)
    if len(parts) == 2 and parts[1] in _ACCENTS and _LETTER.fullmatch(parts[0]):
        return f"\\{_ACCENTS[parts[1]]}{{{parts[0]}}}"
    return f"U+{ord(letter):04X}"


def _cell(cell: Cell, decimals: int) -> str:
    text = cell_text(cell, decimals)
    return escaped(text if isinstance(cell, Code) else _MINUS.sub("−", text))


def _row(cells: "Sequence[str] | map[str]") -> str:
    return f"{' & '.join(cells)} \\\\"
