"""Names of strangers on a page and in a figure: drawn and written as they are, and nothing more."""

import json
import re
import warnings
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from deeplab.errors import UserError
from deeplab.plots.style import new_figure, style, to_png
from deeplab.report.html import to_html
from deeplab.report.markdown import to_markdown
from deeplab.report.page import Code, CodeBlock, Collapsible, Group, KeyValues, Page, Picture, Section, Table, Text
from deeplab.study.config import read_study

EVIL = "x\x1b[2J\x9b\u202ey\udcff<script>alert(1)</script>\"'&|`*_[a](http://x)${{7*7}}{%x%}"
ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
PARTS: tuple[Any, ...] = (
    Text(EVIL, is_warning=True),
    KeyValues(((EVIL, EVIL), (EVIL, Code(EVIL)))),
    Table(EVIL, (EVIL, EVIL), ((EVIL, 1.5), (EVIL, Code(EVIL)))),
    Picture(f"plots/{EVIL}.png", EVIL, EVIL),
    CodeBlock(f"{EVIL}\nsecond", "yaml"),
)
PAGE = Page(EVIL, (EVIL,), ((EVIL, EVIL),), (Section(EVIL, (*PARTS, Group(EVIL, PARTS), Collapsible(EVIL, PARTS))),))


def test_html_holds_text_alone() -> None:
    page = to_html(PAGE, lambda _: b"\x89PNG")
    assert not ACTS.search(page)
    assert "<script" not in page
    assert page.encode()
    assert r"x\x1b[2J\x9b\u202ey\udcff<script>alert(1)</script>" in unescape(page)
    assert "{{7*7}}{%x%}" in unescape(page)
    assert "&amp;lt;" not in page


def test_markdown_holds_text_alone() -> None:
    text, figures = to_markdown(PAGE, "figures", lambda _: b"\x89PNG")
    assert not ACTS.search(text)
    assert text.encode()
    outside = re.sub(r"^(`{3,})\w*\n.*?\n\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    outside = re.sub(r"(?<![\\`])(`+)(?!`).+?(?<!`)\1(?!`)", "", outside)
    assert not re.search(r"(?<!\\)<(?!/?details>|/?summary>)", outside)
    assert "second" in text
    assert all(re.fullmatch(r"[A-Za-z0-9_.=-]+", name) for name in figures)


@pytest.mark.parametrize(
    "name", ["$a_{$", r"$\frac{$ 5 $", "\x1b[2J", "\u202eabc", "\udcff", "a\x00b", "a\nb", "{x}%s"]
)
def test_a_name_in_a_figure_is_drawn_letter_by_letter(name: str) -> None:
    @style()
    def draw() -> Any:
        figure = new_figure(name, 3.0)
        axes = figure.subplots()
        axes.plot([1, 2], [1, 2], label=name)
        axes.set(title=name, xlabel=name, ylabel=name)
        axes.set_xticks([1, 2], [name, name])
        axes.set_yticks([1, 2], [name, name])
        axes.annotate(name, (1, 1))
        axes.legend()
        return figure

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert to_png(draw()).startswith(b"\x89PNG")
    assert to_png(draw()) == to_png(draw())


@pytest.mark.parametrize(
    "name", ["../../evil", "/tmp/evil", "a/b", "..", ".x", "a\nb", "x\x1b[2J", "a" * 200, "", "-x"]
)
def test_an_entry_of_a_study_is_called_so_that_its_files_stay_in_its_folder(tmp_path: Path, name: str) -> None:
    study = {"title": "t", "about": "a", "replicates": 1, "entries": {name: {"run": ["model=mlp_64_64"]}}}
    (tmp_path / "study.yaml").write_text(json.dumps(study))
    with pytest.raises(UserError, match=r"entries\..*the name of an entry must be of letters, digits"):
        read_study(tmp_path)
