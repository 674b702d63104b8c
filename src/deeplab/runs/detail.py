"""Everything that one run can tell of itself."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from deeplab.runs.command_line import command_line
from deeplab.runs.summary import summarize_runs, to_dict
from deeplab.tracking.artifacts import list_files, model_locations
from deeplab.tracking.find import all_runs, run_by_id
from deeplab.tracking.read import read_history, read_packages
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import PARENT_TAG

LAYER = "model.layers."
BLOCK = "model.blocks."
INDENT = "  "  # of a layer, for each group that it stands in
_GROUPS = ("block", "repeat", "residual")
KEY_PACKAGES = ("tensorflow", "keras", "numpy", "mlflow")


def detail(store: Store, run: Run) -> dict[str, Any]:
    """Read everything about a run, as plain values that JSON has."""
    children = all_runs(store, (PARENT_TAG, run.id))
    packages, parent_id = read_packages(store, run), run.tags.get(PARENT_TAG)
    parent = run_by_id(store, parent_id) if parent_id else None
    return {
        **to_dict(summarize_runs([run], children)[0]),
        "parent": parent.id if parent else None,
        "children": [child.id for child in reversed(children)],
        "command": command_line(store, run),
        "packages": {name: packages[name] for name in KEY_PACKAGES if name in packages},
        "params": dict(run.params),
        "metrics": dict(run.metrics),
        "tags": dict(run.tags),
        "history": {
            name: {str(epoch): value for epoch, value in line.items()}
            for name, line in read_history(store, run).items()
        },
        "files": [{"path": path, "bytes": size} for path, size in files_of(store, run)],
    }


def files_of(store: Store, run: Run) -> list[tuple[str, int]]:
    """List path and size in bytes of each file that a run left, those of its models below `model/`."""
    files = list_files(store, run.artifact_uri)
    for location in model_locations(store, run.id):
        files += [(f"model/{path}", size) for path, size in list_files(store, location)]
    return sorted(files)


def groups(params: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Sort a configuration into its groups, '' for what is in none, without what is null and without layers."""
    grouped: dict[str, dict[str, str]] = {}
    for key, value in params.items():
        if value not in ("null", "{}", "[]") and not key.startswith((LAYER, BLOCK)):
            group, dot, name = key.partition(".")
            grouped.setdefault(group if dot else "", {})[name if dot else key] = value
    return grouped


def layers(params: Mapping[str, str]) -> list[str]:
    """List the layers of a network, each as `Conv2D filters=32 kernel_size=3 activation=relu`."""
    return [_layer(_read(text)) for text in _of_layers(params)]


def layer_lines(params: Mapping[str, str]) -> list[str]:
    """List the layers as `layers` does, those of groups a line each and indented, and behind them the blocks."""
    lines = [line for text in _of_layers(params) for line in _lines(_read(text), "")]
    blocks: dict[str, dict[str, list[str]]] = {}
    for key, value in params.items():
        if key.startswith(BLOCK):
            name, _, rest = key.removeprefix(BLOCK).partition(".")
            kind, _, of = rest.partition(".")
            inside = _lines(_read(value), INDENT) if kind == "layers" else [f"{of}={value}"]
            blocks.setdefault(name, {}).setdefault(kind, []).extend(inside)
    for name, block in blocks.items():
        lines += [" ".join([f"{name}:", *block.get("values", [])]), *block.get("layers", [])]
    return lines


def _of_layers(params: Mapping[str, str]) -> list[str]:
    """Read what the params have of each layer, in their order."""
    named = {key.removeprefix(LAYER): value for key, value in params.items() if key.startswith(LAYER)}
    return [
        named[number]
        for number in sorted((each for each in named if each.isdecimal()), key=lambda each: (len(each), each))
    ]


def _lines(item: Any, indent: str) -> Iterator[str]:
    inside = item.get("residual", item) if isinstance(item, Mapping) and "type" not in item else {}
    if not isinstance(inside, Mapping) or not isinstance(inside.get("layers"), list):
        yield indent + _layer(item)
        return
    options = {key: value for key, value in {**item, **inside}.items() if key not in ("layers", "residual")}
    yield indent + _layer({"residual": "", **options} if "residual" in item else options)
    for each in inside["layers"]:
        yield from _lines(each, indent + INDENT)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # a param that was cut to what MLflow takes
        return text


def _layer(values: Any) -> str:
    if not isinstance(values, Mapping):
        return str(values)
    group = next((key for key in _GROUPS if key in values and "type" not in values), None)
    first = str(values.get("type", "")) if group is None else f"{group} {_word(values[group])}".strip()
    settings = {key: value for key, value in values.items() if key not in ("type", group) and value is not None}
    return " ".join([first, *(f"{key}={_word(value)}" for key, value in settings.items())])


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
