#!/usr/bin/env python3
"""Train the same networks on the same rows as a notebook would and as deeplab does, and compare.

A notebook has float32 arrays, one-hot labels and a plain `fit`. Each training is a process of its own; the two take
turns, so that a machine that slows down slows both. Times are of an epoch with its validation, the median of all but
the first, which compiles. The rate of matrix products is measured in the same run, before and after.

Needs mnist.npz and cifar10.npz in DEEPLAB_DATA. The table is generated.

scripts/benchmark.py [--pairs 5] [--cases mlp_64_64 dense_relu] [--json] > docs/performance.md
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SIDES = ("notebook", "deeplab")


@dataclass(frozen=True)
class Case:
    """One comparison.

    Attributes:
        overrides: of deeplab's configuration.
        at_least: the ratio of the times that is asked for.
        epochs: how many are run.
        dense: whether the work is matrix products alone.
    """

    overrides: tuple[str, ...]
    at_least: float
    epochs: int
    dense: bool = True


def _layers(*draws: str) -> str:
    """784-500-300-10 with a layer that draws before each weight matrix."""
    first, *hidden = draws
    dense = ",".join(
        f"{{type: Dense, units: {units}, activation: relu}},{{type: {layer}}}"
        for units, layer in zip((500, 300), hidden, strict=True)
    )
    last = "{type: Dense, units: num_classes, activation: softmax}"
    return f"model.layers=[{{type: Flatten}},{{type: {first}}},{dense},{last}]"


DROPOUT = _layers("Dropout, rate: 0.2", "Dropout, rate: 0.5", "Dropout, rate: 0.5")
NOISE = _layers(*["GaussianNoise, stddev: 0.2"] * 3)
# Generated: a row of 30 normal numbers, and which of two classes it is of.
TABLE = Path(tempfile.gettempdir()) / "deeplab_benchmark_table.csv"
TABLE_ROWS, TABLE_COLUMNS = 125_000, 30
OF_MNIST = ("dataset=mnist", "dataset.limit=16000", "optimizer=sgd", "training.batch_size=32")

CASES = {
    "mlp_500_300": Case(
        (
            "dataset=mnist",
            "model=mlp_500_300",
            "optimizer=sgd",
            "optimizer.learning_rate=0.1",
            "training.batch_size=32",
        ),
        2.8,
        4,
    ),
    "dense_relu": Case(("experiment=mnist_dense_relu",), 3.0, 5),
    "dropout": Case((*OF_MNIST, DROPOUT), 3.5, 4),
    "noise": Case((*OF_MNIST, NOISE), 2.5, 4),
    "autoencoder": Case(("experiment=mnist_autoencoder",), 3.5, 4),
    "mlp_64_64": Case(("experiment=mnist_mlp_64_64",), 3.5, 6),
    "table_64_64": Case(
        (
            "dataset=csv",
            f"dataset.path={TABLE}",
            "dataset.target=class",
            "model=mlp",
            "optimizer=adam",
            "training.batch_size=128",
        ),
        3.0,
        6,
    ),
    "cnn_dropout": Case(("experiment=mnist_cnn_dropout", "dataset.limit=6400"), 1.25, 3, dense=False),
    "cnn6": Case(("experiment=mnist_cnn6", "dataset.limit=6400"), 1.25, 3, dense=False),
    "cifar_cnn": Case(("experiment=cifar_cnn", "dataset.limit=3200"), 1.25, 3, dense=False),
}


def write_table() -> None:
    """Write TABLE unless it is there: the class is the sign of a sum with products in it, which a network can learn."""
    if TABLE.exists():
        return
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    x = rng.normal(size=(TABLE_ROWS, TABLE_COLUMNS)).round(4)
    score = x[:, :10].sum(axis=1) + 2 * x[:, 10] * x[:, 11] + rng.normal(size=TABLE_ROWS)
    frame = pd.DataFrame(x, columns=[f"x{number}" for number in range(1, TABLE_COLUMNS + 1)])
    frame["class"] = np.where(score > 0, "above", "below")
    aside = TABLE.with_suffix(f".{os.getpid()}")
    frame.to_csv(aside, index=False)
    aside.replace(TABLE)


def train_in_this_process(name: str, side: str) -> dict[str, Any]:
    """Train a case and tell seconds of each epoch, peak memory and the operations of matrix products."""
    import keras
    import numpy as np

    from deeplab.config.compose import compose
    from deeplab.models.inspect import parameter_count
    from deeplab.workflows.prepare import prepare

    case = CASES[name]
    # The few epochs measured here stand for a long training.
    config = compose([*case.overrides, f"training.epochs={case.epochs}", "training.engine=compiled"]).config
    prepared = prepare(config, Path(tempfile.gettempdir()))
    network = prepared.network
    epochs: list[float] = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            epochs.append(time.perf_counter() - self.began)

    train, validation = prepared.train, prepared.validation
    assert validation is not None
    if side == "notebook":
        one_hot = np.eye(prepared.splits.info.num_classes, dtype=np.float32)
        # The network begins with the scaling, as deeplab builds it: the same arithmetic on both sides.
        x, x_val = (part.inputs(slice(None)).astype(np.float32) for part in (train, validation))
        if config.model.task == "reconstruction":
            y, y_val = (part.images(slice(None)).astype(np.float32) / 255 for part in (train, validation))
        else:
            y, y_val = (one_hot[part.labels] for part in (train, validation))
        network.compile(optimizer=prepared.optimizer, loss=config.training.loss, metrics=prepared.targets.metrics())
        network.fit(
            x, y, config.training.batch_size, case.epochs, verbose=0, callbacks=[Clock()],
            validation_data=(x_val, y_val),
        )  # fmt: skip
    else:
        from deeplab.training.fit import fit

        done = fit(prepared, config.training, config.seed)
        epochs = done.history.values("time/epoch_seconds")
    operations = parameter_count(network) * (6 * len(train) + 2 * len(validation))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"epochs": epochs, "peak_mb": peak, "operations": operations, "engine": str(prepared.engine)}


def matrix_product_rate() -> float:
    """Operations a second of a large product of float32 matrices, the best of some."""
    import tensorflow as tf

    size = 2048
    left, right = tf.random.normal((size, size)), tf.random.normal((size, size))
    product: Callable[[], Any] = tf.function(lambda: tf.linalg.matmul(left, right)[0, 0])
    product().numpy()
    best = 0.0
    for _ in range(8):
        began = time.perf_counter()
        product().numpy()
        best = max(best, 2 * size**3 / (time.perf_counter() - began))
    return best


def _child(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__).resolve()), "--child", *arguments]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        sys.exit(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def compare(name: str, pairs: int) -> dict[str, Any]:
    """Run the pairs of a case."""
    case = CASES[name]
    if name.startswith("table"):
        write_table()
    rates = [_child("rate")["rate"]]
    found: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    for pair in range(pairs):
        for side in SIDES:
            found[side].append(_child(name, side))
        times = [statistics.median(found[side][-1]["epochs"][1:]) for side in SIDES]
        print(
            f"{name} pair {pair + 1}: {times[0]:.3f} s, {times[1]:.3f} s, ratio {times[0] / times[1]:.2f}",
            file=sys.stderr,
        )
    rates.append(_child("rate")["rate"])
    seconds = {side: [statistics.median(run["epochs"][1:]) for run in found[side]] for side in SIDES}
    ratios = [a / b for a, b in zip(seconds["notebook"], seconds["deeplab"], strict=True)]
    products = found["deeplab"][0]["operations"] / statistics.mean(rates)
    ours = statistics.median(seconds["deeplab"])
    return {
        "case": name,
        "engine": found["deeplab"][0]["engine"] if name != "autoencoder" else "compiled with XLA",
        "asked": case.at_least,
        "ratio": statistics.median(ratios),
        "ratio_range": [min(ratios), max(ratios)],
        "epoch_seconds": {side: statistics.median(seconds[side]) for side in SIDES},
        "first_epoch_extra_seconds": statistics.median(run["epochs"][0] for run in found["deeplab"]) - ours,
        "peak_mb": {side: statistics.median(run["peak_mb"] for run in found[side]) for side in SIDES},
        "gflops_of_matrix_products": statistics.mean(rates) / 1e9,
        "times_the_matrix_products": ours / products if case.dense else None,
    }


PAGE = """# Performance

`{command}` wrote this page: {machine}.

Each case trains one network on the same rows twice: as a notebook would (float32 arrays, one-hot labels, plain `fit`)
and as deeplab does. Each training is a process of its own, and the two sides take turns: {pairs} pairs a case. Seconds
are of an epoch with its validation, the median of all epochs but the first, which compiles; "first" is what the first
took longer under deeplab. The ratio is the notebook's seconds over deeplab's, pair by pair. "x products" is deeplab's
time over what the matrix products alone would take at the rate measured in the same run ({rate:.0f} billion operations
a second). Megabytes are the peak of the whole process.

{table}

Networks with convolutions train in blocks without XLA on a CPU, where XLA's convolutions are slow; here they see a part
of their training set. [Engines](engines.md) has every kind of layer.
"""


def as_table(rows: list[dict[str, Any]]) -> str:
    """The results as a Markdown table."""
    lines = [
        "| case | engine | ratio | range | asked | notebook s | deeplab s | first | x products "
        "| notebook MB | deeplab MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        low, high = row["ratio_range"]
        products = row["times_the_matrix_products"]
        lines.append(
            f"| `{row['case']}` | {row['engine']} | {row['ratio']:.2f} | {low:.2f} to {high:.2f} | {row['asked']} "
            f"| {row['epoch_seconds']['notebook']:.2f} | {row['epoch_seconds']['deeplab']:.2f} "
            f"| +{row['first_epoch_extra_seconds']:.1f} | {'' if products is None else f'{products:.1f}'} "
            f"| {row['peak_mb']['notebook']:.0f} | {row['peak_mb']['deeplab']:.0f} |"
        )
    return "\n".join(lines)


def machine() -> str:
    """The machine, the versions and the day, in one line."""
    import importlib.metadata

    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    versions = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in ("tensorflow", "keras"))
    return (
        f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}, {time.strftime('%Y-%m-%d')}"
    )


def main() -> None:
    """Run the cases and print a page of Markdown, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        done = {"rate": matrix_product_rate()} if options.child == ["rate"] else train_in_this_process(*options.child)
        print(json.dumps(done))
        return
    rows = [compare(name, options.pairs) for name in options.cases]
    if options.json:
        print(json.dumps({"machine": machine(), "cases": rows}, indent=2))
        return
    page = PAGE.format(
        command=" ".join(["scripts/benchmark.py", *sys.argv[1:]]),
        machine=machine(),
        pairs=options.pairs,
        rate=statistics.mean(row["gflops_of_matrix_products"] for row in rows),
        table=as_table(rows),
    )
    print(page, end="")


if __name__ == "__main__":
    main()
