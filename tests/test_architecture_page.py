"""docs/architecture.md: the files that it sends a reader to, the layers that it names, and its drawing."""

import re
from types import ModuleType

import pytest
from tests.conftest import ROOT, script_module

SOURCE = ROOT / "src" / "deeplab"
PAGE = (ROOT / "docs" / "architecture.md").read_text()
# A list: its heading, what is promised of it, its files in order.
LIST = re.compile(
    r"^### deeplab (\w+)\n\nAt most (\d+) files and ([\d,]+) lines[^\n]*\n\n((?:\d+\. .+\n)+)", re.MULTILINE
)
LISTS = {name: (int(files), int(lines.replace(",", "")), text) for name, files, lines, text in LIST.findall(PAGE)}

BENEATH = dict(
    re.findall(r"^### deeplab (\w+)\n(?:(?!^#).*\n)*?What they call[^\n]*\n\n((?:\d+\. .+\n)+)", PAGE, re.MULTILINE)
)


def diagram() -> ModuleType:
    return script_module("architecture_diagram")


def imports(text: str, path: str) -> bool:
    """Whether a file names another as a module, in an import or as `module:name` of a table."""
    module = f"deeplab.{path.removesuffix('.py').replace('/', '.')}"
    return re.search(rf"{re.escape(module)}\b(?!\.)", text) is not None


def listed(text: str) -> dict[str, str]:
    """The files of a list, in order, and what is in them."""
    entries = re.findall(r"^(\d+)\. `([\w/]+\.py)` .+\.$", text, re.MULTILINE)
    assert [int(number) for number, _ in entries] == list(range(1, text.count("\n") + 1))
    sources = {path: (SOURCE / path).read_text() for _, path in entries}
    assert len(sources) == len(entries)
    return sources


def unreachable(sources: dict[str, str], before: dict[str, str]) -> list[str]:
    """The files that are imported by none that stands before them."""
    read = list(before.values())
    missed = []
    for path, source in sources.items():
        if read and not any(imports(text, path) for text in read):
            missed.append(path)
        read.append(source)
    return missed


@pytest.mark.parametrize("name", ["train", "sweep", "study"])
def test_the_reading_order_leads_from_file_to_file_and_is_as_short_as_it_says(name: str) -> None:
    most_files, most_lines, text = LISTS[name]
    sources = listed(text)
    assert len(sources) <= most_files <= 10
    lines = sum(len(source.splitlines()) for source in sources.values())
    assert 0.8 * most_lines < lines <= most_lines <= 1500, "say on the page how many there are now"
    assert f"cli/commands/{name}.py" == next(iter(sources))
    assert unreachable(sources, {}) == []


@pytest.mark.parametrize("name", ["train", "sweep", "study"])
def test_what_the_files_of_a_reading_order_call_is_imported_by_them(name: str) -> None:
    *_, text = LISTS[name]
    beneath = BENEATH[name]
    assert unreachable(listed(beneath), listed(text)) == []
    assert not set(listed(beneath)) & set(listed(text))


def test_the_check_of_imports_can_fail() -> None:
    assert imports("from deeplab.sweep.run import run_sweep", "sweep/run.py")
    assert not imports("from deeplab.sweep.runs import a\nimport deeplab.sweep.run.more", "sweep/run.py")


def test_the_layers_of_the_page_are_those_of_the_contract() -> None:
    table = PAGE.partition("## Layers")[2].partition("## ")[0]
    named = re.findall(r"^\| `(\w+)` \| .+\. \|$", table, re.MULTILINE)
    assert named == [part for layer in diagram().layers() for part in layer]
    assert [name for name in named if not ((SOURCE / name).is_dir() or (SOURCE / f"{name}.py").is_file())] == []


def test_the_drawing_is_of_the_contract() -> None:
    module = diagram()
    written = (ROOT / "docs" / "architecture.svg").read_text()
    assert written == module.picture(), "draw it anew: python scripts/architecture_diagram.py"
    assert [file for _, file in module.STEPS if not (SOURCE / file).is_file()] == []


def test_every_word_of_the_glossary_has_a_meaning() -> None:
    words = re.findall(r"^\| (\w+) \| .+\. \|$", PAGE.partition("## Words")[2], re.MULTILINE)
    assert {"point", "trial", "replicate", "entry", "study", "search", "sweep"} <= set(words)
