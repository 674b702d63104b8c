#!/usr/bin/env python3
"""Hold networks of deeplab on small tables against scikit-learn's of the same size.

Both get the same training rows, standardised by these, the same hidden layers, epochs, batches and Adam; initial
weights and the order of rows are each one's own, from SEEDS seeds. The medians over the seeds on the same test rows are
compared: accuracies within a point, R2 within 0.05. Exit status 1: they are not. --write puts the table into
docs/tables.md.

scripts/tables_check.py [--tables iris wine] [--write]
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
        ours: of deeplab's.
    """

    table: str
    rows: tuple[int, int]
    measure: str
    theirs: list[float]
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


def compare(table: str) -> Comparison:
    """Train both sides on a table, seed by seed."""
    theirs, ours = [], []
    for seed in range(SEEDS):
        prepared = trained(table, seed)
        train, test, info = prepared.train, prepared.splits.test, prepared.splits.info
        ours.append(score(prepared.network.predict(test.inputs(slice(None)), verbose=0), test.labels, info))
        theirs.append(score(of_scikit_learn(prepared, EPOCHS[table], seed), test.labels, info))
    measure = "accuracy" if info.num_classes else "R²"
    return Comparison(table, (len(train), len(test)), measure, theirs, ours)


def trained(table: str, seed: int) -> Any:
    """A network of deeplab, trained, with the rows that it was trained on."""
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
    fit(prepared, config.training, config.seed)
    return prepared


def of_scikit_learn(prepared: Any, epochs: int, seed: int) -> Any:
    """What a network of scikit-learn says of the test rows: probabilities, or values in their own units."""
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
            return MLPClassifier(**settings).fit(x, train.labels).predict_proba(x_test)
        mean, deviation = info.targets.mean[0], info.targets.deviation[0]
        network = MLPRegressor(**settings).fit(x, (train.labels - mean) / deviation)
        return network.predict(x_test) * deviation + mean


def score(outputs: Any, labels: Any, info: Any) -> float:
    """Accuracy of probabilities, R² of values."""
    from sklearn.metrics import accuracy_score, r2_score

    if info.num_classes:
        return float(accuracy_score(labels, outputs.argmax(axis=1)))
    return float(r2_score(labels, outputs.reshape(len(labels))))


def as_table(found: list[Comparison]) -> str:
    """The results in Markdown."""
    lines = [
        "| table | rows to train on, to test on | score | scikit-learn | deeplab | difference | allowed |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in found:
        theirs, ours = statistics.median(each.theirs), statistics.median(each.ours)
        rows = ", ".join(map(str, each.rows))
        lines.append(
            f"| `{each.table}` | {rows} | {each.measure} | {theirs:.4f} | {ours:.4f} | {each.difference:+.4f} "
            f"| {MOST_APART[each.measure]} |"
        )
    hidden = " and ".join(map(str, HIDDEN))
    epochs = ", ".join(f"{name} {EPOCHS[name]}" for name in EPOCHS)
    return (
        "\n".join(lines) + f"\n\nMedians of {SEEDS} seeds. Hidden layers of {hidden}, relu; Adam at {RATE}, batches of "
        f"{BATCH}, no penalty, nothing held out;\nepochs: {epochs}.\n"
    )


def main() -> None:
    """Compare, print, write, and say by the exit status how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", choices=EPOCHS, default=list(EPOCHS))
    parser.add_argument("--write", action="store_true", help="write the table of all of them into docs/tables.md")
    options = parser.parse_args()
    found = []
    for table in options.tables:
        found.append(compare(table))
        print(f"{table}: scikit-learn {found[-1].theirs}, deeplab {found[-1].ours}", file=sys.stderr)
    print(as_table(found))
    if options.write and options.tables == list(EPOCHS):
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(before + BEGIN + "\n" + as_table(found) + "\n" + END + rest.partition(END)[2])
    sys.exit(0 if all(each.is_close for each in found) else 1)


if __name__ == "__main__":
    main()
