"""Refuse whatever would let a configuration run code, read the environment or reach into Hydra itself."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from deeplab.config.errors import UserError

RESOLVER = re.compile(r"\$\{\s*([\w.\-]+)\s*:")
HYDRA_OVERRIDE = re.compile(r"^[+~]*hydra([./:=@]|$)")
PACKAGE = re.compile(r"^#\s*@package\s+(\S+)", re.MULTILINE)
CODE_KEYS = ("_target_", "_partial_", "_args_", "_recursive_", "_convert_")


def check_override(text: str) -> None:
    """Refuse an override that touches Hydra, names code or uses a resolver.

    Raises:
        UserError: it does.
    """
    if HYDRA_OVERRIDE.match(text):
        raise UserError(f"Override '{text}': Hydra's own settings cannot be changed here, only deeplab's.")
    _refuse_resolver(text, f"override '{text}'")
    for key in CODE_KEYS:
        if key in text:
            raise UserError(f"Override '{text}': '{key}' is refused, a configuration cannot name code to run.")


def check_folder(folder: Path) -> None:
    """Read every YAML file of a person's configuration folder and refuse the unsafe ones.

    Raises:
        UserError: a file cannot be read, is no YAML, or holds something that is refused.
    """
    if (folder / "hydra").exists():
        raise UserError(f"{folder / 'hydra'} is refused: Hydra's own settings stay as they are.")
    for path in sorted(folder.rglob("*.yaml")):
        if path.is_file():
            _check_file(path)


def check_values(value: Any, where: str = "") -> None:
    """Refuse code and resolvers anywhere in composed values that are not yet interpolated.

    Raises:
        UserError: with the key at fault.
    """
    for key, text in _scalars(value, where):
        if isinstance(text, str):
            _refuse_resolver(text, key)


def _check_file(path: Path) -> None:
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}).") from error
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        raise UserError(f"{path}: is no valid YAML ({problem}).") from error
    except RecursionError as error:
        raise UserError(f"{path}: is nested too deeply.") from error
    package = PACKAGE.search(text)
    if package and package.group(1).split(".")[0] == "hydra":
        raise UserError(f"{path}: '@package {package.group(1)}' is refused, Hydra's own settings stay as they are.")
    if root is not None:
        _check_node(root, path, seen=set())


def _check_node(node: yaml.Node, path: Path, seen: set[int]) -> None:
    where = f"{path}, line {node.start_mark.line + 1}"
    if id(node) in seen:
        raise UserError(f"{where}: YAML anchors and aliases are refused; write the value out or use ${{key}}.")
    seen.add(id(node))
    if node.tag.startswith("!") or node.tag.startswith("tag:yaml.org,2002:python"):
        raise UserError(f"{where}: the tag '{node.tag}' is refused, only plain values are allowed.")
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            where = f"{path}, line {key.start_mark.line + 1}"
            name = str(key.value).removeprefix("override ").lstrip("/ ")
            if name == "hydra" or name.startswith(("hydra.", "hydra/", "hydra@")):
                raise UserError(f"{where}: '{key.value}' is refused, Hydra's own settings stay as they are.")
            if name in CODE_KEYS:
                raise UserError(f"{where}: '{name}' is refused, a configuration cannot name code to run.")
            _check_node(key, path, seen)
            _check_node(value, path, seen)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_node(item, path, seen)
    else:
        _refuse_resolver(str(node.value), where)


def _scalars(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            place = f"{where}.{key}" if where else str(key)
            if key in CODE_KEYS:
                raise UserError(f"{place}: '{key}' is refused, a configuration cannot name code to run.")
            yield from _scalars(item, place)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _scalars(item, f"{where}[{index}]")
    else:
        yield where, value


def _refuse_resolver(text: str, where: str) -> None:
    found = RESOLVER.search(text)
    if found:
        raise UserError(
            f"{where}: the resolver '{found.group(1)}' is refused; only other keys can be interpolated, as in ${{l2}}."
        )
