"""The configuration of a run on a page: what differs from the defaults first, then all of it."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from deeplab.config.compose import compose
from deeplab.config.yaml_file import read_stored
from deeplab.errors import UserError
from deeplab.report.page import Cell, Code, CodeBlock, Collapsible, KeyValues, Part, Section, Table, Text
from deeplab.runs.detail import BLOCK, INDENT, LAYER, groups, layer_lines
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.params import flatten
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store

_NOTHING = "null"
# What deeplab sets by itself, where the network draws nothing or there is no limit; shown where a user asked for it.
_FOLLOWING = ("dataset.stratify", "training.randomness")


def configuration(store: Store, run: Run, title: str, swept: Collection[str] = ()) -> Section:
    """Describe what was asked for: what differs from the defaults, the layers, and all of it folded.

    Args:
        store: where the run is.
        run: that has a `config.yaml`, or not.
        title: of the section.
        swept: keys that differ from point to point of the run's sweep.
    """
    content = read_artifact(store, run, "config.yaml")
    values = None if content is None else _read(content)
    if content is None or values is None:
        return Section(title, (*_network(run), *settings(run)))
    yaml = CodeBlock(content.decode(errors="replace"), "yaml")
    whole = Collapsible("The whole configuration", (yaml,), tuple(settings(run)))
    asked = (read_artifact(store, run, "overrides.txt") or b"").decode(errors="replace")
    hidden = [key for key in _FOLLOWING if f"{key}=" not in asked]
    return Section(title, (_differences(values, swept, hidden), *_network(run), whole))


def settings(run: Run) -> Iterator[KeyValues]:
    """List what a run was asked for, group by group, without what is null, layers, and where it is kept."""
    rows = [
        (group or "general", Code("  ".join(f"{key}={value}" for key, value in values.items())))
        for group, values in groups(run.params).items()
        if group != "tracking"
    ]
    if rows:
        yield KeyValues(tuple(rows))


def _read(content: bytes) -> Mapping[str, Any] | None:
    """Read the values of a `config.yaml`; None where somebody broke it."""
    try:
        return read_stored(content, "config.yaml")
    except UserError:
        return None


def _differences(values: Mapping[str, Any], swept: Collection[str], hidden: Collection[str]) -> Part:
    defaults, ours = flatten(compose([]).values), flatten(values)
    rows: list[tuple[Cell, ...]] = []
    for key, value in ours.items():
        default = defaults.get(key, _NOTHING)
        if value != default and not _is_layer(key) and key not in hidden:
            name = f"{key} (swept)" if key in swept else key
            rows.append((Code(name), Code(value), None if default == _NOTHING else Code(default)))
    if not rows:
        return Text("Nothing in it differs from the defaults.")
    return Table("What differs from the defaults", ("key", "value", "default"), tuple(rows))


def _is_layer(key: str) -> bool:
    return key.startswith(LAYER) or (key.startswith(BLOCK) and ".layers." in key)


def _network(run: Run) -> Iterator[Part]:
    rows = []
    for number, text in enumerate(layer_lines(run.params), 1):
        name, _, rest = text.lstrip().partition(" ")
        depth = (len(text) - len(text.lstrip())) // len(INDENT)
        rows.append((number, Code("· " * depth + name), Code(rest) if rest else None))
    if rows:
        yield Table("Layers of the network", ("layer", "type", "settings"), tuple(rows))
