"""Ask the network of a run about the rows of a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.config.overrides import parse_override
from deeplab.data.input_spec import InputSpec
from deeplab.data.tables.encode import encode
from deeplab.errors import UserError
from deeplab.files import table
from deeplab.models.inspect import evaluation_batch_size
from deeplab.tables.read import TextFormat
from deeplab.tracking.store import Store
from deeplab.workflows.trained_run import TrainedRun, find_trained_run

SUFFIXES = (".csv", ".tsv", ".parquet", ".pq")
FORMAT_KEYS = ("dataset.separator=", "dataset.decimal=", "dataset.encoding=")


@dataclass(frozen=True)
class TablePredictions:
    """What a network said of the rows of a table."""

    trained: TrainedRun  # whose network it is
    facts: InputSpec  # of the data it was trained on
    outputs: NDArray[np.float32]  # in the order of the rows, [n, num_classes] probabilities or [n, k] numbers, float32

    @property
    def has_probabilities(self) -> bool:
        """Whether each row has a probability for each class, and not numbers."""
        return bool(self.facts.info.num_classes) and self.outputs.shape[1] > 1

    @property
    def columns(self) -> tuple[str, ...]:
        """The head of the CSV.

        Of classes: the likeliest, its probability, and that of each; of two classes as -1 and +1 the class and the
        number; of values each by the name of its target.
        """
        info = self.facts.info
        if self.has_probabilities:
            return ("predicted", "probability", *(f"probability_{name}" for name in info.class_names))
        if info.num_classes:
            return ("predicted", "output")
        return info.target_names or ("predicted",)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The lines of the CSV; numbers are float32, which are written as short as they can be."""
        names = self.facts.info.class_names
        for output in self.outputs:
            if self.has_probabilities:
                winner = int(output.argmax())
                yield (names[winner], output[winner], *output)
            elif names:
                yield (names[int(output[0] > 0)], output[0])
            else:
                yield tuple(output)

    def to_csv(self) -> bytes:
        """A line for each row, in the order of the rows."""
        return table(self.columns, self.rows()).encode()


def predict_table(store: Store, wanted: str, path: Path, form: Sequence[str] = ()) -> TablePredictions:
    """Ask about the rows of a table.

    Args:
        store: where the run is.
        wanted: the run, as `find_run` understands it.
        path: of a CSV, TSV or Parquet file with the columns that the network learned from, in any order; its text is
            read with the decimal point and the encoding of that table, where nothing else is said.
        form: overrides with FORMAT_KEYS.

    Raises:
        UserError: there is no such network, it takes no tables, or the file does not fit it.
    """
    trained = find_trained_run(store, wanted)
    facts = trained.facts()
    if facts.table is None:
        raise _no_table(trained, facts)
    dataset = trained.composed().config.dataset
    written = {key: getattr(dataset, key) for key in ("decimal", "encoding") if hasattr(dataset, key)}
    written |= {override.key.removeprefix("dataset."): override.value for override in map(parse_override, form)}
    # Before TensorFlow is loaded: a slip in the table must not cost seconds.
    rows = encode(path, facts.table, TextFormat(**written))
    network = trained.network()
    size = evaluation_batch_size(network)
    parts = [network.predict_on_batch(rows[start : start + size]) for start in range(0, len(rows), size)]
    return TablePredictions(trained, facts, np.concatenate(parts).astype(np.float32))


def _no_table(trained: TrainedRun, facts: InputSpec) -> UserError:
    shape = "x".join(map(str, facts.info.input_shape))
    if facts.info.is_image:
        return UserError(f"The network of run {trained.name} takes images of {shape}, no rows of a table.")
    return UserError(
        f"The network of run {trained.name} takes {shape} numbers, to which {facts.info.name} gives no names: "
        "the columns of a table can be told apart where it was trained on dataset=csv."
    )
