"""Refuse whatever would let a configuration run code, read the environment or reach into Hydra itself."""

import re
from pathlib import Path
from typing import Any

import yaml

from deeplab.config.errors import UserError

INTERPOLATION = re.compile(r"(?<!\\)\$\{")
PLAIN = re.compile(r"\$\{\s*\.*[\w.\-\[\]]+\s*\}")
HYDRA_OVERRIDE = re.compile(r"^[+~]*hydra([./:=@]|$)")
PACKAGE = re.compile(r"^#\s*@package\s+(\S+)", re.MULTILINE)
DEEPEST = 30
CODE_KEYS = ("_target_", "_partial_", "_args_", "_recursive_", "_convert_")


def check_override(text: str) -> None:
    """Refuse an override that touches Hydra, names code or uses a resolver.

    Raises:
        UserError: it does.
    """
    if HYDRA_OVERRIDE.match(text):
        raise UserError(f"Override '{text}': Hydra's own settings cannot be changed here, only deeplab's.")
    _refuse_resolver(text, f"Override '{text}'")
    if max(text.count(bracket) for bracket in "[{(") > DEEPEST * 4:
        raise UserError(f"Override '{text[:40]}...' is nested too deeply.")
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


def check_values(value: Any, where: str = "configuration") -> None:
    """Refuse code and resolvers anywhere in composed values that are not yet interpolated, and odd kinds of values.

    Raises:
        UserError: with the key at fault.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise UserError(f"{where}: the key {key!r} is no text; put it in quotes.")
            _refuse_code(key, where)
            check_values(item, key if where == "configuration" else f"{where}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            check_values(item, f"{where}[{index}]")
    elif isinstance(value, str):
        _refuse_resolver(value, where)
        if not value.isprintable() and any(0xD800 <= ord(letter) <= 0xDFFF for letter in value):
            raise UserError(f"{where}: the text holds half a character (a lone surrogate).")
    elif value is not None and not isinstance(value, bool | int | float):
        raise UserError(f"{where}: a {type(value).__name__} is no value; put it in quotes to make it text.")


def _check_file(path: Path) -> None:
    try:
        text = path.read_text(encoding="utf-8")
        _check_events(text, path)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}).") from error
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(f"{path}: is no valid YAML ({error}).") from error
    package = PACKAGE.search(text)
    if package and package.group(1).split(".")[0] == "hydra":
        raise UserError(f"{path}: '@package {package.group(1)}' is refused, Hydra's own settings stay as they are.")
    if root is None:
        return
    if not isinstance(root, yaml.MappingNode):
        raise UserError(f"{path}: holds no mapping; a configuration is made of lines like key: value.")
    _check_node(root, path)


def _check_events(text: str, path: Path) -> None:
    """What must be known before anything is built of a file: building follows its nesting and its aliases."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        where = f"{path}, line {event.start_mark.line + 1 if event.start_mark else 1}"
        if getattr(event, "anchor", None) is not None:
            raise UserError(f"{where}: YAML anchors and aliases are refused; write the value out or use ${{key}}.")
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise UserError(f"{where}: the tag '{tag}' is refused, only plain values are allowed.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise UserError(f"{where}: is nested more than {DEEPEST} deep.")


def _check_node(node: yaml.Node, path: Path) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            where = f"{path}, line {key.start_mark.line + 1}"
            name = str(key.value).removeprefix("override ").lstrip("/ ")
            if name == "hydra" or name.startswith(("hydra.", "hydra/", "hydra@")):
                raise UserError(f"{where}: '{key.value}' is refused, Hydra's own settings stay as they are.")
            _refuse_code(name, where)
            _check_node(key, path)
            _check_node(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_node(item, path)
    else:
        _refuse_resolver(str(node.value), f"{path}, line {node.start_mark.line + 1}")


def _refuse_code(key: str, where: str) -> None:
    if key in CODE_KEYS:
        raise UserError(f"{where}: '{key}' is refused, a configuration cannot name code to run.")


def _refuse_resolver(text: str, where: str) -> None:
    """Refuse every interpolation but that of a plain key: even a resolver's name can be interpolated."""
    for found in INTERPOLATION.finditer(text):
        if not PLAIN.match(text, found.start()):
            raise UserError(
                f"{where}: '{text[found.start() : found.start() + 40]}' names a resolver, which is refused; "
                "only other keys can be interpolated, as in ${l2}."
            )
