"""Tables for LaTeX: nothing in them is a command, and a real LaTeX sets them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from deeplab.report.latex import HEAD, escaped, to_latex
from deeplab.report.page import Code, Table

HOSTILE = [
    *(r"\input{/etc/passwd}", r"\end{table}\immediate\write18{ls}", r"\\", "\\", "{", "}", "}}{{", "^^5cinput{x}"),
    *("%", "#", "#1", "$x$", "_", "a_b^c", "&", "~", "[1em]", "*", "<<>>", "--l2", "-1", "``q''", '"x"', "?`!`", ",,"),
    *(
        "\u00e9 \u00dc \u00f1 \u00e7 \u010d \u00df \u00e6",
        "\u4e2d\u6587 \u03b1",
        "\U0001f389",
        "\ud800",
        "a\nb\tc\r",
        "\x1b[1m",
        "\u202e",
        "",
    ),
    *("0.98 \u00b1 0.01", "\u2212 \u2013 \u2014 \u2026 \u00d7 \u2020", "|", "\u00b4", "\x00"),
]
# What may stand behind a backslash: signs, accents, and the words that our own table of signs has.
COMMAND = re.compile(
    r"\\(textbackslash|textasciicircum|textasciitilde|textless|textgreater|textbar|textquotesingle|textasciigrave"
    r"|textendash|textemdash|dots|ss|ae|AE|o|O|oe|OE|dag)\{\}|\{\\char`\\\"\}|\$(\\pm|\\times|-)\$"
    r"|\\[`'^~\"vc]\{[A-Za-z]\}|\\[{}$&#_%]|\{[][*]\}|\{\}"
)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_text(text: str) -> None:
    rest = COMMAND.sub("", escaped(text))
    assert not re.search(r"[\\{}$&#^_~%\n\r]", rest), rest
    assert escaped(text).isascii()


def test_what_is_common_is_written_as_a_person_would() -> None:
    assert escaped("50 % of l2=1e-4, a_b") == r"50 \% of l2=1e-4, a\_b"
    assert escaped("--margin") == "-{}-margin"
    assert escaped("\u00e9\u4e2d") == r"\'{e}U+4E2D"


def table() -> Table:
    return Table(" ".join(HOSTILE), (*HOSTILE[:2], "n"), tuple((text, Code(text), -0.5) for text in HOSTILE))


def test_a_table_has_its_numbers_the_best_in_bold_and_marks() -> None:
    shown = Table("Scores", ("net", "n", "acc"), (("a_b", 3, "0.9 \u00b1 0.1"), (Code("-1"), 3, -0.25)), None)
    assert to_latex(shown, ["50 % more"], {(0, 0), (0, 2)}, {(1, 2): "="}) == "\n".join(
        (
            r"\begin{table}",
            r"\centering",
            r"\caption{Scores}",
            r"\sbox0{%",
            r"\begin{tabular}{lrr}",
            r"\toprule",
            r"net & n & acc \\",
            r"\midrule",
            r"\textbf{a\_b} & 3 & \textbf{0.9 $\pm$ 0.1} \\",
            r"-1 & 3 & $-$0.2500\textsuperscript{=} \\",
            r"\bottomrule",
            r"\end{tabular}}",
            r"\ifdim\wd0>\linewidth\ifdefined\resizebox\resizebox{\linewidth}{!}{\usebox0}"
            r"\else\usebox0\fi\else\usebox0\fi",
            r"\par\smallskip{\footnotesize 50 \% more}",
            r"\end{table}",
            "",
        )
    )


def test_every_row_has_as_many_cells_as_the_head() -> None:
    lines = to_latex(table()).splitlines()
    rows = [line for line in lines if line.endswith(r" \\")]
    assert len(rows) == 1 + len(HOSTILE)
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {2}


def compiled(text: str, folder: Path, *preamble: str) -> str:
    """Set it with a real LaTeX, and return what that logged."""
    document = "\n".join((r"\documentclass{article}", *preamble, r"\begin{document}", text, r"\end{document}"))
    (folder / "table.tex").write_text(document, encoding="ascii")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "table.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    assert (folder / "table.pdf").read_bytes().startswith(b"%PDF")
    return (folder / "table.log").read_text(errors="replace")


# Where booktabs is not installed, its lines are plain ones.
BOOKTABS = r"\IfFileExists{booktabs.sty}{\usepackage{booktabs}}{" + "".join(
    rf"\let\{rule}rule\hline" for rule in ("top", "mid", "bottom")
) + "}"  # fmt: skip
with_latex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex")


@pytest.mark.slow
@pytest.mark.long
@with_latex
def test_a_real_latex_sets_it(tmp_path: Path) -> None:
    log = compiled(HEAD + to_latex(table(), HOSTILE, {(1, 0)}, {(1, 0): "="}), tmp_path, BOOKTABS)
    assert "Missing character" not in log
    assert "passwd)" not in log


@with_latex
def test_a_real_latex_fits_a_wide_table_to_the_page(tmp_path: Path) -> None:
    wide = Table("Wide", tuple(f"column {number}" for number in range(20)), (tuple(range(20)),))
    assert "Overfull" in compiled(to_latex(wide), tmp_path, BOOKTABS)
    assert "Overfull" not in compiled(to_latex(wide), tmp_path, BOOKTABS, r"\usepackage{graphicx}")
