#!/usr/bin/env python3
"""Hold networks of deeplab on small tables against scikit-learn's of the same size.

Both get the same training rows, standardised by these, the same hidden layers, epochs, batches and Adam; the order of
rows is each one's own, from as many seeds. What is compared are the medians over the seeds on the same test rows, with
scikit-learn's networks as they are; accuracies are to be within a point, R2 within 0.05. scikit-learn trains a second
time from the initial weights of deeplab's networks: its own have biases that are drawn, and Keras' are 0.

Exit status 1: they are further apart. --write puts the table into docs/tables.md.

scripts/tables_check.py [--tables iris wine] [--seeds 5] [--write]
"""

import argparse
import statistics
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parent.parent / "docs" / "tables.md"
BEGIN, END = "<!-- scripts/tables_check.py writes from here -->\n", "<!-- to here -->\n"
SEEDS = 5
HIDDEN, BATCH, RATE, EPSILON = (32, 16), 16, 1e-3, 1e-8
MOST_APART = {"accuracy": 0.01, "R²": 0.05}


@dataclass(frozen=True)
class Comparison:
    """What came of one table.

    Attributes:
        table: its name.
        rows: to train on and to test on.
        measure: `accuracy` or `R²`.
        theirs: of scikit-learn's networks, by seed.
        theirs_from_ours: the same from the initial weights of deeplab's.
        ours: of deeplab's.
    """

    table: str
    rows: tuple[int, int]
    measure: str
    theirs: list[float]
    theirs_from_ours: list[float]
    ours: list[float]

    @property
    def difference(self) -> float:
        """Between the medians."""
        return statistics.median(self.ours) - statistics.median(self.theirs)

    @property
    def is_close(self) -> bool:
        """Whether they are as near as is asked for, whatever rounding adds."""
        return abs(self.difference) <= MOST_APART[self.measure] + 1e-9


EPOCHS = {"iris": 100, "wine": 60, "breast_cancer": 30, "diabetes": 40}


def compare(table: str, seeds: int) -> Comparison:
    """Train all sides on a table, seed by seed."""
    theirs, from_ours, ours = [], [], []
    for seed in range(seeds):
        prepared, initial = trained(table, seed)
        train, test, info = prepared.train, prepared.splits.test, prepared.splits.info
        ours.append(score(prepared.network.predict_on_batch(test.inputs(slice(None))), test.labels, info))
        for scores, weights in ((theirs, None), (from_ours, initial)):
            scores.append(score(of_scikit_learn(prepared, weights, EPOCHS[table], seed), test.labels, info))
    measure = "accuracy" if info.num_classes else "R²"
    return Comparison(table, (len(train), len(test)), measure, theirs, from_ours, ours)


def trained(table: str, seed: int) -> tuple[Any, list[Any]]:
    """A network of deeplab, trained, with the rows that it was trained on; and its initial kernels and biases."""
    from deeplab.config.compose import compose
    from deeplab.training.fit import fit
    from deeplab.workflows.prepare import prepare

    config = compose(
        [
            f"dataset={table}",
            "model=mlp",
            f"model.units={list(HIDDEN)}".replace(" ", ""),
            "optimizer=adam",
            f"optimizer.learning_rate={RATE}",
            f"optimizer.epsilon={EPSILON}",
            "validation=none",
            f"training.batch_size={BATCH}",
            f"training.epochs={EPOCHS[table]}",
            f"training.standardize_targets={str(table == 'diabetes').lower()}",
            f"seed={seed}",
        ]
    ).config
    prepared = prepare(config, Path(tempfile.gettempdir()))
    dense = [layer for layer in prepared.network.layers if layer.name.startswith("dense")]
    initial = [layer.get_weights() for layer in dense]
    fit(prepared, config.training, config.seed)
    return prepared, initial


def of_scikit_learn(prepared: Any, initial: list[Any] | None, epochs: int, seed: int) -> Any:
    """What a network of scikit-learn says of the test rows: probabilities, or values in their own units.

    Args:
        prepared: with the rows.
        initial: kernel and bias of each layer, or None for scikit-learn's own.
        epochs: to train.
        seed: of the order of rows, and of initial weights of its own.
    """
    import numpy as np
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    train, test, info = prepared.train, prepared.splits.test, prepared.splits.info
    x, x_test = (
        (part.inputs(slice(None)) - np.array(info.inputs.mean)) / np.array(info.inputs.deviation)
        for part in (train, test)
    )
    settings = {
        "hidden_layer_sizes": HIDDEN, "alpha": 0.0, "batch_size": BATCH, "learning_rate_init": RATE,
        "epsilon": EPSILON, "max_iter": epochs, "n_iter_no_change": epochs, "tol": 0.0, "random_state": seed,
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        if info.num_classes:
            network = from_weights(MLPClassifier, initial)(**settings)
            return network.fit(x, train.labels).predict_proba(x_test)
        mean, deviation = info.targets.mean[0], info.targets.deviation[0]
        network = from_weights(MLPRegressor, initial)(**settings).fit(x, (train.labels - mean) / deviation)
        return network.predict(x_test) * deviation + mean


def from_weights(kind: Any, initial: list[Any] | None) -> Any:
    """The class of scikit-learn's network, that begins with these weights."""
    if initial is None:
        return kind
    layers = iter(initial)

    class Begun(kind):  # type: ignore[misc]
        def _init_coef(self, fan_in: int, fan_out: int, dtype: Any) -> tuple[Any, Any]:
            kernel, bias = (weights.astype(dtype) for weights in next(layers))
            if fan_out == 1 and kernel.shape[1] == 2:  # of two classes scikit-learn has the difference alone
                kernel, bias = kernel[:, 1:] - kernel[:, :1], bias[1:] - bias[:1]
            return kernel, bias

    return Begun


def score(outputs: Any, labels: Any, info: Any) -> float:
    """Accuracy of probabilities, R² of values."""
    from sklearn.metrics import accuracy_score, r2_score

    if info.num_classes:
        return float(accuracy_score(labels, outputs.argmax(axis=1)))
    return float(r2_score(labels, outputs.reshape(len(labels))))


def as_table(found: list[Comparison]) -> str:
    """The results in Markdown."""
    lines = [
        "| table | rows to train on, to test on | score | scikit-learn | deeplab | difference | allowed "
        "| scikit-learn from deeplab's initial weights |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for each in found:
        theirs, ours, from_ours = map(statistics.median, (each.theirs, each.ours, each.theirs_from_ours))
        lines.append(
            f"| `{each.table}` | {each.rows[0]}, {each.rows[1]} | {each.measure} | {theirs:.4f} | {ours:.4f} "
            f"| {each.difference:+.4f} | {MOST_APART[each.measure]} | {from_ours:.4f} |"
        )
    hidden = " and ".join(map(str, HIDDEN))
    epochs = ", ".join(f"{name} {EPOCHS[name]}" for name in EPOCHS)
    return (
        "\n".join(lines)
        + f"\n\nMedians of {len(found[0].ours)} seeds. Hidden layers of {hidden}, relu; Adam at {RATE}, "
        f"batches of {BATCH}, no penalty, nothing held out;\nepochs: {epochs}.\n"
    )


def with_error(scores: list[float]) -> str:
    """The mean with its standard error."""
    return f"{statistics.mean(scores):.4f} ± {statistics.stdev(scores) / len(scores) ** 0.5:.4f}"


def main() -> None:
    """Compare, print, write, and say by the exit status how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", choices=EPOCHS, default=list(EPOCHS))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--write", action="store_true", help="write the table of all of them into docs/tables.md")
    options = parser.parse_args()
    found = []
    for table in options.tables:
        found.append(one := compare(table, options.seeds))
        means = [with_error(scores) for scores in (one.theirs, one.theirs_from_ours, one.ours)]
        print(f"{table}: means {means[0]}, from deeplab's weights {means[1]}, deeplab {means[2]}", file=sys.stderr)
    print(as_table(found))
    if options.write and options.tables == list(EPOCHS) and options.seeds == SEEDS:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(before + BEGIN + "\n" + as_table(found) + "\n" + END + rest.partition(END)[2])
    sys.exit(0 if all(each.is_close for each in found) else 1)


if __name__ == "__main__":
    main()
