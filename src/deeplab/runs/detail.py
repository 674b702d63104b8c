"""Everything that one run can tell of itself."""

import json
from collections.abc import Mapping
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
