"""A tag of ours is spelled out in one file."""

import ast
import importlib.util
from pathlib import Path

import pytest

from deeplab.tracking import tags

SOURCES = Path(tags.__file__).parents[1]
NAMES = {name: value for name, value in vars(tags).items() if name.endswith(("_TAG", "_TAGS"))}
# Of the entry points that other packages register, and not tags.
ENTRY_POINT_GROUPS = ("deeplab.datasets", "deeplab.layers")


def literals(path: Path) -> list[str]:
    """The texts of a file that are written like a tag of ours; what a module is called by is none."""
    found = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
    texts = {node.value for node in found if isinstance(node.value, str) and " " not in node.value}
    ours = sorted(text for text in texts if text in NAMES.values() or text.startswith("deeplab."))
    return [text for text in ours if text in NAMES.values() or not is_address(text)]


def is_address(text: str) -> bool:
    """Whether a text names a module of ours, something in one (`module:name`), or a group of entry points."""
    return text in ENTRY_POINT_GROUPS or importlib.util.find_spec(text.partition(":")[0]) is not None


def test_no_tag_is_spelled_out_elsewhere() -> None:
    known = {"deeplab."}  # the prefix alone, where a user's own tags are told from ours
    found = {path: set(literals(path)) - known for path in SOURCES.rglob("*.py") if path != Path(tags.__file__)}
    assert {path.name: spelled for path, spelled in found.items() if spelled} == {}


@pytest.mark.parametrize("text", ['"deeplab.kind"', '"deeplab.brand_new"', 'f"deeplab.axis.{key}"', '"deeplab.sweep"'])
def test_a_tag_that_is_spelled_out_is_found(text: str, tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(f'WHERE = "deeplab.data.digits:load"\nname = {text}\n')
    assert literals(path) == [text.lstrip("f").strip('"').removesuffix("{key}")]


def test_no_two_constants_are_one_tag() -> None:
    assert len(set(NAMES.values())) == len(NAMES)
