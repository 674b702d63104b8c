"""Write an existing Keras model as a network in YAML, and see that it is the same network."""

import itertools
import re
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deeplab.config.schema import TrackingConfig, TrainingConfig
from deeplab.config.yaml_file import read_yaml
from deeplab.errors import RunError, UserError
from deeplab.files import aside_of, check_folder_of, write_file
from deeplab.models.groups import INPUT, INPUT_NAME
from deeplab.tracking.provenance import PACKAGES_FILE, git_tags, installed_packages
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store
from deeplab.tracking.tags import KIND_TAG, PARAMETERS_TAG
from deeplab.training.runtime import prepare_runtime
from deeplab.visible import visible_line
from deeplab.workflows.import_model.graph import MOST_TOLD, Graph, Node, graph_of, problems_of
from deeplab.workflows.import_model.read_file import read_config, read_weights
from deeplab.workflows.recording import recorded

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class ImportResult:
    """What was written."""

    path: Path  # of the YAML file
    layers: int  # how many layers the network has
    parameters: int  # how many weights
    task: str  # that it is for
    difference: float  # the largest between what the model and the network say of random rows, with the same weights
    notes: tuple[str, ...]  # what a person should know, each a line
    run_id: str | None  # of the run that has the weights, or None


def import_model(
    file: str, out: Path, force: bool, training: TrainingConfig, tracking: TrackingConfig | None = None
) -> ImportResult:
    """Write a model as YAML; the file appears when a network built of it was the same.

    Args:
        file: a `.keras` file, or the `.json` of `model.to_json()`.
        out: the YAML file.
        force: write over what is there.
        training: of the defaults, for the process.
        tracking: the store that keeps the weights as a run; None leaves them where they are.

    Raises:
        UserError: the model is not possible as YAML: what of it, layer by layer; or a place is taken.
        RunError: the network that was built is another one.
    """
    _check_target(out, force)
    if tracking is not None and Path(file).suffix.lower() != ".keras":
        raise UserError(f"--weights: {file} holds none; a .keras file does.")
    graph = graph_of(read_config(file), file)
    prepare_runtime(training, seed=0)
    # Here, because they import Keras, which takes seconds that a mistake above need not cost.
    from deeplab.workflows.import_model.rebuild import TOLERANCE, Task, compared, original, rebuilt, task_of
    from deeplab.workflows.import_model.words import words_of

    graph = _without_front(graph)
    words = [words_of(node) for node in graph.nodes]
    if problems := [problem for each in words for problem in each.problems]:
        raise problems_of(file, problems)
    notes = [*graph.notes, *(visible_line(note[:MOST_TOLD]) for each in words for note in each.notes)]
    layers, row = original(graph, words)
    task: Task = task_of(graph, words, row, file)
    notes += task.notes
    text = _yaml(out.stem, Path(file).name, task.name, items_of(graph.nodes, [each.settings for each in words]))
    network, ours = rebuilt(_read_back(out, text), task)
    if tracking is not None:
        wanted = {
            node.place: [tuple(w.shape) for w in layer.weights] for node, layer in zip(graph.nodes, layers, strict=True)
        }
        with tempfile.TemporaryDirectory() as scratch:
            arrays = read_weights(Path(file).expanduser(), {k: v for k, v in wanted.items() if v}, Path(scratch))
        for node, layer in zip(graph.nodes, layers, strict=True):
            layer.set_weights(arrays.get(node.place, []))
    difference = compared(graph, layers, network, ours)
    if not difference <= TOLERANCE:
        raise RunError(
            f"The network of {file} as YAML says something else than the model, by up to {difference:.2g} "
            f"({TOLERANCE:g} is allowed); it was not written."
        )
    run_id = None if tracking is None else _keep_weights(open_store(tracking), out, text, network, graph.input_shape)
    write_file(out, text.encode())
    return ImportResult(out, len(graph.nodes), int(network.count_params()), task.name, difference, tuple(notes), run_id)


def _check_target(path: Path, force: bool) -> None:
    if path.suffix not in SUFFIXES or not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", path.name):
        raise UserError(
            f"--out {visible_line(str(path))}: a name of letters, digits and _ that ends in .yaml is needed."
        )
    check_folder_of(path, "--out")
    if path.is_dir():
        raise UserError(f"--out {path}: this is a folder; give the name of a file.")
    if (path.exists() or path.is_symlink()) and not force:
        raise UserError(f"--out {path}: this is there already. Give another name, or --force to write over it.")


def _without_front(graph: Graph) -> Graph:
    """The layers without those that deeplab puts in front by itself, and what to configure for that."""
    nodes, notes = graph.nodes, list(graph.notes)
    while len(nodes) > 1 and (note := _in_front(nodes[0])) and not any(INPUT in node.inputs for node in nodes[1:]):
        notes.append(f"{nodes[0].where} in front is left out: {note}")
        nodes = tuple(replace(node, inputs=tuple(each - 1 for each in node.inputs)) for node in nodes[1:])
    return replace(graph, nodes=nodes, notes=tuple(notes))


def _in_front(node: Node) -> str:
    """What deeplab does in the place of a layer in front; empty where it does nothing of the kind."""
    if node.kind == "Normalization":
        return "dataset.standardize=true standardises by the rows to learn from, not by the numbers kept here"
    scale, offset = node.config.get("scale"), node.config.get("offset")
    if node.kind != "Rescaling" or offset or not isinstance(scale, float) or not 0 < scale < 1:
        return ""
    whole = f"{1 / scale:.6g}"
    bytes_too = "bytes are divided by 255 anyway, and " if whole == "255" else ""
    return f"{bytes_too}dataset.scale={whole} divides the rows of an .npz by that"


def items_of(nodes: Sequence[Node], settings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Say in `name` and `from` who takes what, where it is not what the layer before it gives."""
    asked = {each for number, node in enumerate(nodes) if node.inputs != (number - 1,) for each in node.inputs}
    names = {INPUT: INPUT_NAME}
    items = []
    for number, (node, arguments) in enumerate(zip(nodes, settings, strict=True)):
        item: dict[str, Any] = {}
        if number in asked:
            item["name"] = names[number] = _new_name(node.name, names.values())
        item |= {key: arguments[key] for key in ("part", "type") if key in arguments}
        if node.inputs != (number - 1,):
            item["from"] = names[node.inputs[0]] if len(node.inputs) == 1 else [names[each] for each in node.inputs]
        items.append(item | arguments)
    return items


def _new_name(name: str, taken: Collection[str]) -> str:
    """A name for an item: small letters, digits and _, another one than the others have."""
    word = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:40] or "layer"
    return next(new for n in itertools.count(1) if (new := word if n == 1 else f"{word}_{n}") not in taken)


def _yaml(name: str, file: str, task: str, layers: Sequence[dict[str, Any]]) -> str:
    import yaml

    def flow(value: Any) -> str:
        return str(yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000)).strip()

    head = f"# Imported from {visible_line(file)}\nname: {flow(name).splitlines()[0]}\ntask: {task}\nlayers:\n"
    return head + "".join(f"  - {flow(layer)}\n" for layer in layers)


def _read_back(out: Path, text: str) -> dict[str, Any]:
    """What deeplab reads of the file that is to be written."""
    aside = aside_of(out)
    try:
        aside.write_text(text, encoding="utf-8")
        return read_yaml(aside).values
    except OSError as error:
        raise UserError(f"--out {out}: it cannot be written: {error.strerror}.") from error
    except UserError as error:
        raise UserError(str(error).replace(str(aside), f"--out {out}")) from error
    finally:
        aside.unlink(missing_ok=True)


def _keep_weights(store: Store, out: Path, text: str, network: Any, input_shape: tuple[int, ...]) -> str:
    """A run that has the network with its weights and nothing else, for `training.initial_weights`."""
    tags = {**git_tags(), KIND_TAG: "import", PARAMETERS_TAG: str(network.count_params())}
    files = {"model.yaml": text, PACKAGES_FILE: installed_packages()}

    def begin() -> RunLog:
        return RunLog.begin(store, out.stem, {"model": {"name": out.stem}}, tags, None, files)

    with recorded(store, begin, lambda log: f"Interrupted: the run {log.run_id[:8]} is KILLED.") as log:
        log.model(network, input_shape)
    return log.run_id
