"""Write a training as a plain Keras script or notebook, and see that it trains the same network."""

from dataclasses import dataclass
from pathlib import Path

from deeplab.config.backbone_weights import BACKBONE
from deeplab.config.compose import ComposedConfig
from deeplab.config.identity import CODE
from deeplab.config.schema import AddedNoiseConfig
from deeplab.data.load import DATASETS
from deeplab.errors import UserError
from deeplab.files import aside_of, check_folder_of, write_file
from deeplab.models.expand import expand_layers
from deeplab.models.layers import LAYERS
from deeplab.tracking.store import Store
from deeplab.tracking.tags import DATA_TAG, ENGINE_TAG
from deeplab.workflows.export.script.verify import Agreement, compare, in_keras, run_an_epoch
from deeplab.workflows.prepare import prepare
from deeplab.workflows.trained_run import TrainedRun, file_name, find_trained_run, other_data

SCRIPTS = {"python": ".py", "notebook": ".ipynb"}  # names of the kinds, and what their files end in


@dataclass(frozen=True)
class ScriptResult:
    """What was written."""

    trained: TrainedRun  # the run
    path: Path  # of the file
    lines: int  # of code
    agreement: Agreement  # how far an epoch of it lies from one of deeplab
    masks_differ: bool  # whether the run drew dropout or noise that plain Keras does not draw


def export_script(store: Store, name: str, to: str, out: Path | None, force: bool) -> ScriptResult:
    """Write the script of a run; it appears under its name when it was run for an epoch and trained as deeplab does.

    Args:
        store: where the run is.
        name: the run, as `find_run` understands it.
        to: a name of SCRIPTS.
        out: where to, or None for a name from that of the run.
        force: write over what is there.

    Raises:
        UserError: there is no such run, something in it needs deeplab, its data are gone, or the place is taken.
        RunError: the script trains otherwise; nothing is left of it.
    """
    if out is not None:
        _check_target(out, SCRIPTS[to], force)
    trained = find_trained_run(store, name)
    path = out or Path(f"{file_name(trained)}{SCRIPTS[to]}")
    if out is None:
        _check_target(path, SCRIPTS[to], force)
    composed = trained.composed()
    config = composed.config
    _check_possible(composed, to)
    setup = prepare(in_keras(config), store.place.work_folder)
    # Here, because it imports Keras, which takes seconds that a mistake above need not cost.
    from deeplab.workflows.export.script.sections import as_notebook, as_script, code_of, masks_differ, sections_of

    if trained.run.tags.get(DATA_TAG) != setup.splits.info.fingerprint:
        raise other_data(setup.splits.info, trained.name)
    engine = trained.run.tags.get(ENGINE_TAG, "")
    sections = sections_of(config, setup, trained.name, engine)
    text = as_notebook(sections) if to == "notebook" else as_script(sections)
    code = code_of(text, to == "notebook")
    losses = run_an_epoch(code, aside_of(path), setup, config.training.threads)
    differ = masks_differ(config, setup)
    agreement = compare(trained, config, losses, not differ, engine)
    write_file(path, text.encode())
    return ScriptResult(trained, path, len(code.splitlines()), agreement, differ)


def _check_target(path: Path, suffix: str, force: bool) -> None:
    if path.suffix.lower() != suffix:
        raise UserError(f"--out {path}: its name must end in {suffix}.")
    check_folder_of(path, "--out")
    if path.is_dir():
        raise UserError(f"--out {path}: this is a folder; give the name of a file.")
    if (path.exists() or path.is_symlink()) and not force:
        raise UserError(f"--out {path}: this is there already. Give another name, or --force to write over it.")


def _check_possible(composed: ComposedConfig, to: str) -> None:
    """Refuse what a script cannot do without deeplab, before anything is read."""
    config = composed.config
    kinds = [entry.kind for entry in expand_layers(config.model.layers, config.model.blocks)]
    foreign = next((kind for kind in kinds if kind not in LAYERS), None)
    reason = ""
    if config.training.initial_weights is not None:
        reason = "training.initial_weights: the run began with the weights of another run"
    elif CODE in composed.values:
        reason = "the run was trained with code of its own"
    elif isinstance(config.noise, AddedNoiseConfig):
        reason = f"noise={config.noise.kind}: its noise is drawn by rules that a script would have to repeat"
    elif config.training.ema is not None:
        reason = "training.ema: a script would have to swap weights and averages as deeplab does"
    elif config.training.stages:
        reason = "training.stages: each stage has an optimizer of its own"
    elif config.optimizer.kind == "muon":
        reason = "optimizer=muon tells layers by names that a script does not give"
    elif config.schedule.kind == "plateau":
        reason = "schedule=plateau waits for scores as deeplab has them"
    elif foreign is not None:
        reason = f"the layer {foreign} is " + ("a network" if foreign == BACKBONE else "of a package") + " of its own"
    elif config.dataset.kind not in DATASETS:
        reason = f"dataset={config.dataset.kind} is of a package of its own"
    if reason:
        raise UserError(f"--to {to}: there is no script without deeplab yet: {reason}.")
