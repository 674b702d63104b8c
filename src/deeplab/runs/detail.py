"""Everything that one run can tell of itself."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deeplab.runs.command_line import command_line
from deeplab.runs.summary import RunSummary, summarize_runs
from deeplab.runs.summary import to_dict as summary_to_dict
from deeplab.tracking.artifacts import list_files, model_locations
from deeplab.tracking.find import all_runs, run_by_id
from deeplab.tracking.read import read_history, read_packages
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import PARENT_TAG

LAYER = "model.layers."
KEY_PACKAGES = ("tensorflow", "keras", "numpy", "mlflow")


@dataclass(frozen=True)
class Detail:
    """A run in full.

    Attributes:
        history: metrics by name, each from epoch to value.
        files: path and size in bytes of each file that it left, models among them.
        command: that made it, or None where it did not get so far.
        packages: versions of those that matter most.
        parent: the sweep it belongs to.
        children: the trials of a sweep, in the order in which they began.
    """

    row: RunSummary
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    history: Mapping[str, Mapping[int, float]]
    files: Sequence[tuple[str, int]]
    command: str | None
    packages: Mapping[str, str]
    parent: RunSummary | None
    children: Sequence[RunSummary]


def detail(store: Store, run: Run) -> Detail:
    """Read everything about a run."""
    children = all_runs(store, (PARENT_TAG, run.id))
    parent_id = run.tags.get(PARENT_TAG)
    parent = None if parent_id is None else run_by_id(store, parent_id)
    return Detail(
        row=summarize_runs([run], children)[0],
        params=run.params,
        metrics=run.metrics,
        tags=run.tags,
        history=read_history(store, run),
        files=files_of(store, run),
        command=command_line(store, run),
        packages=_main(read_packages(store, run)),
        parent=None if parent is None else summarize_runs([parent], [])[0],
        children=summarize_runs(children[::-1], children),
    )


def files_of(store: Store, run: Run) -> list[tuple[str, int]]:
    """List path and size in bytes of each file that a run left, those of its models below `model/`."""
    files = list_files(store, run.artifact_uri)
    for location in model_locations(store, run.id):
        files += [(f"model/{path}", size) for path, size in list_files(store, location)]
    return sorted(files)


def to_dict(known: Detail) -> dict[str, Any]:
    """Return a run in full as plain values, as JSON has it."""
    return {
        **summary_to_dict(known.row),
        "parent": known.parent.id if known.parent else None,
        "children": [child.id for child in known.children],
        "command": known.command,
        "packages": dict(known.packages),
        "params": dict(known.params),
        "metrics": dict(known.metrics),
        "tags": dict(known.tags),
        "history": {name: {str(epoch): value for epoch, value in line.items()} for name, line in known.history.items()},
        "files": [{"path": path, "bytes": size} for path, size in known.files],
    }


def groups(params: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Sort a configuration into its groups, '' for what is in none, without what is null and without layers."""
    grouped: dict[str, dict[str, str]] = {}
    for key, value in params.items():
        if value not in ("null", "{}", "[]") and not key.startswith(LAYER):
            group, dot, name = key.partition(".")
            grouped.setdefault(group if dot else "", {})[name if dot else key] = value
    return grouped


def layers(params: Mapping[str, str]) -> list[str]:
    """List the layers of a network, each as `Conv2D filters=32 kernel_size=3 activation=relu`."""
    numbered = {int(key.removeprefix(LAYER)): value for key, value in params.items() if key.startswith(LAYER)}
    return [_layer(numbered[number]) for number in sorted(numbered)]


def _layer(text: str) -> str:
    try:
        values = json.loads(text)
    except ValueError:  # a param that was cut to what MLflow takes
        return text
    settings = {key: value for key, value in values.items() if key != "type" and value is not None}
    words = (f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in settings.items())
    return " ".join([str(values.get("type", "")), *words])


def _main(packages: Mapping[str, str]) -> dict[str, str]:
    return {name: packages[name] for name in KEY_PACKAGES if name in packages}
