"""Write the network of a run in a format of other programs, and see that it still says the same."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.data.input_spec import InputSpec
from deeplab.data.load import load
from deeplab.errors import RunError, UserError
from deeplab.files import aside_of, check_folder_of
from deeplab.imports import quiet_import
from deeplab.models.inspect import all_layers
from deeplab.tracking.delete import delete_tree
from deeplab.tracking.store import Store, first_line
from deeplab.workflows.export.formats import FORMATS, Format, for_inference
from deeplab.workflows.trained_run import TrainedRun, file_name, find_trained_run

EXAMPLES = 64  # of each kind that are compared
TOLERANCE = 1e-4
SEED = 0


@dataclass(frozen=True)
class ExportResult:
    """What was written."""

    trained: TrainedRun
    path: Path
    size: int  # in bytes
    difference: float  # the largest between what the network and what was written say of a row
    rounding: float | None  # the largest that float32 makes of a network of mixed precision; None of others
    test_examples: int  # real examples that were compared; 0 where the data set is not here
    missing: str  # why the data set is not here, or nothing


def export(store: Store, name: str, to: str, out: Path | None, force: bool) -> ExportResult:
    """Export a network; it appears under its name when it has been loaded again and said the same.

    Args:
        name: the run, as `find_run` understands it.
        to: the name of a format, of FORMATS.
        out: where to, or None for a name from that of the run.

    Raises:
        UserError: there is no such network, its format needs packages, or the place is taken.
        RunError: what was written says something else, or cannot be written; nothing is left of it.
    """
    chosen = FORMATS[to]
    chosen.check_installed(to)
    if out is not None:
        check_target(out, chosen, force)
    trained = find_trained_run(store, name)
    path = out or Path(f"{file_name(trained)}{chosen.suffix or '_' + to}")
    if out is None:
        check_target(path, chosen, force)
    facts = trained.facts()
    test_examples, missing = _test_examples(trained, facts)
    examples = np.concatenate([test_examples, _random_examples(facts)])
    network = trained.network()
    rounding = None
    if not chosen.is_keras:
        trained_in, network = network, for_inference(network)
        if any(layer.compute_dtype != "float32" for layer in all_layers(trained_in)):
            rounding = _difference(trained_in.predict_on_batch(examples), network.predict_on_batch(examples))
    difference = _write_checked(network, chosen, path, examples, f"{to} file of run {trained.name}")
    return ExportResult(trained, path, _size(path), difference, rounding, len(test_examples), missing)


def check_target(path: Path, chosen: Format, force: bool) -> None:
    """Refuse a place that cannot be written or is taken; with `force` only what is of another kind."""
    if chosen.suffix and path.suffix.lower() != chosen.suffix:
        raise UserError(f"--out {path}: its name must end in {chosen.suffix}.")
    check_folder_of(path, "--out")
    if not (path.exists() or path.is_symlink()):
        return
    if chosen.suffix and path.is_dir():
        raise UserError(f"--out {path}: this is a folder; give the name of a file.")
    # A folder is deleted with all that is in it, so it must be what an export would have made.
    if not chosen.suffix and not (path / "saved_model.pb").is_file():
        raise UserError(f"--out {path}: something is there that is no saved model, and is not written over.")
    if not force:
        raise UserError(f"--out {path}: this is there already. Give another name, or --force to write over it.")


def _test_examples(trained: TrainedRun, facts: InputSpec) -> tuple[NDArray[np.float32], str]:
    """Real examples, or none and why the data set cannot be read: a network may be exported far from its data."""
    try:
        splits = load(trained.composed().config.dataset, trained.store.place.work_folder, facts.table)
    except UserError as error:
        return np.empty((0, *facts.info.input_shape), np.float32), str(error)
    if splits.info.input_shape != facts.info.input_shape:
        return np.empty((0, *facts.info.input_shape), np.float32), f"{splits.info.name} has other rows now"
    return splits.test.images(slice(EXAMPLES)).astype(np.float32), ""


def _random_examples(facts: InputSpec) -> NDArray[np.float32]:
    """Examples of the range that the data have; of points, of each feature where it is known."""
    rng, shape, by = np.random.default_rng(SEED), (EXAMPLES, *facts.info.input_shape), facts.info.inputs
    if by is None or facts.info.is_image:
        return rng.uniform(facts.low, facts.high, shape).astype(np.float32)
    standardised = rng.uniform(-3, 3, shape)
    return ((by.mean + standardised * by.deviation) / facts.info.scale).astype(np.float32)


def _write_checked(network: Any, chosen: Format, path: Path, examples: NDArray[np.float32], what: str) -> float:
    aside = aside_of(path)
    expected = np.asarray(network.predict_on_batch(examples))
    try:
        written = _written_and_asked(network, chosen, aside, examples, what)
        if written.shape != expected.shape:
            raise RunError(f"The {what} gives {written.shape}, the network {expected.shape}; it was not kept.")
        difference = _difference(written, expected)
        if not difference <= TOLERANCE:
            raise RunError(
                f"The {what} says something else than the network, by up to {difference:.2g} "
                f"({TOLERANCE:g} is allowed); it was not kept."
            )
        _put(aside, path)
        return difference
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        delete_tree(aside)


def _written_and_asked(
    network: Any, chosen: Format, aside: Path, examples: NDArray[np.float32], what: str
) -> NDArray[np.float32]:
    # Converters write to the screen past every setting of theirs.
    with quiet_import():
        try:
            chosen.write(network, aside)
            return chosen.load(aside)(examples)
        except OSError:
            raise
        except Exception as error:
            # What a converter raises on a layer that its format has no words for is its own affair.
            raise RunError(f"The {what} cannot be made: {first_line(error)[:300]}") from error


def _difference(ours: Any, theirs: Any) -> float:
    """The largest difference; of values beyond 1 as a share of the largest, since float32 is exact to a share."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    return float((np.abs(ours - theirs) / np.maximum(1, np.abs(theirs).max(axis=0))).max())


def _put(aside: Path, path: Path) -> None:
    """Give what is complete its name; a folder cannot be renamed over one that holds something."""
    if not aside.is_dir() or not path.is_dir():
        aside.replace(path)
        return
    old = aside_of(path).with_suffix(".old")
    path.rename(old)
    aside.rename(path)
    delete_tree(old)


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(file.stat().st_size for file in files)
