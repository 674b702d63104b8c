"""A page in the terminal: what is printed of each part, and what is left out."""

import re

import pytest

from deeplab.cli.terminal.page import MOST_ROWS, print_page
from deeplab.report.page import (
    Code,
    CodeBlock,
    Collapsible,
    Group,
    KeyValues,
    Page,
    Part,
    Picture,
    Section,
    Table,
    Text,
)

FOLDED = Collapsible("All of it", (CodeBlock("a: 1", "yaml"),))


def printed(capsys: pytest.CaptureFixture[str], *parts: Part, title: str = "Parts") -> str:
    print_page(Page("a run", ("What it is.",), (("epochs", 3),), (Section(title, parts),)))
    return capsys.readouterr().out


def test_every_part_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(
        capsys,
        Text("why it failed", is_warning=True),
        KeyValues((("model", Code("cnn")), ("time", 1.5))),
        Table("Points", ("l2", "mean"), ((Code("1e-3"), 0.98765), (Code("1e-2"), None)), marked=0),
        Picture("plots/curves.png", "lines", "Learning curves"),
        Picture("plots/filters.png", "images", "Filters"),
        CodeBlock("deeplab train model=cnn\ndeeplab show latest", "shell"),
        Group("test-7", (Text("inside"),)),
    )
    assert out.startswith("a run\nWhat it is.\n  epochs     3")
    for line in (
        "^Parts$",
        "^why it failed$",
        "^  model +cnn *$",
        r"^  time +1\.5000 *$",
        r"^Points\nl2 +mean *\n─+\n1e-3 +0\.9877 *\n1e-2 *$",
        r"^plots/curves\.png +Learning curves *\nplots/filters\.png +Filters *$",
        "^  deeplab train model=cnn\n  deeplab show latest$",
        "^test-7:\ninside$",
    ):
        assert re.search(line, out, re.MULTILINE), line


def test_what_opens_with_a_click_is_there_in_brief_or_not_at_all(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, FOLDED, Text("beside it"))
    assert "beside it" in out and "a: 1" not in out and "All of it" not in out
    assert "Parts" not in printed(capsys, FOLDED)
    assert "Parts" not in printed(capsys)
    brief = Collapsible("All of it", FOLDED.parts, (Text("a is 1"),))
    assert re.search("^Parts\na is 1$", printed(capsys, brief), re.MULTILINE)


def test_a_long_table_ends_with_how_many_rows_there_are_more(capsys: pytest.CaptureFixture[str]) -> None:
    rows = tuple((f"row {number}", number) for number in range(MOST_ROWS + 3))
    out = printed(capsys, Table("Many", ("name", "n"), rows))
    assert f"row {MOST_ROWS - 1}" in out and f"row {MOST_ROWS} " not in out
    assert "\nand 3 more; " in out


def test_no_text_acts_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "x\x1b[2J\n[red]y"
    parts = (Text(evil), KeyValues(((evil, evil),)), Table(evil, (evil,), ((evil,),)), CodeBlock(evil, "shell"))
    out = printed(capsys, *parts, Picture(evil, evil, evil), Group(evil, (Text(evil),)), title=evil)
    assert "\x1b" not in out
    assert out.count("[red]y") == 12
