#!/usr/bin/env python3
"""Measure what `deeplab train` adds to bare Keras: once for each run, and to each epoch.

Both train the same network on the same rows with the same optimiser, each in processes of its own, in turn.
Importing the libraries and creating the store are done before the clock starts. Bare Keras means float32 arrays,
one-hot labels, `fit` and `evaluate`, as a notebook has them.

scripts/overhead.py [--pairs 5] [--json] [OVERRIDES]...
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def measure_bare(overrides: list[str]) -> dict[str, Any]:
    """Seconds of the whole and of each epoch with Keras alone."""
    _import_libraries()
    import keras
    import numpy as np

    from deeplab.config.compose import compose
    from deeplab.data.hold_out import hold_out
    from deeplab.data.load import load
    from deeplab.models.build import build
    from deeplab.training.losses import build_loss
    from deeplab.training.optimizers import build_optimizer

    config = compose(overrides).config
    splits = load(config.dataset, Path(tempfile.gettempdir()))
    train, validation = hold_out(splits, config.validation, config.seed)
    one_hot = np.eye(splits.info.num_classes, dtype=np.float32)
    # The network scales what it is given, so the rows stay 0 to 255 here: the same arithmetic on both sides.
    arrays = [(part.images(slice(None)).astype(np.float32), one_hot[part.labels]) for part in (train, validation)]
    test = (splits.test.images(slice(None)).astype(np.float32), one_hot[splits.test.labels])
    epochs: list[float] = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            epochs.append(time.perf_counter() - self.began)

    began = time.perf_counter()
    keras.utils.set_random_seed(config.seed)
    model = build(config.model, splits.info, config.seed)
    steps = -(-len(train) // config.training.batch_size)
    optimizer = build_optimizer(config.optimizer, config.schedule, config.training, steps)
    model.compile(optimizer=optimizer, loss=build_loss(config.training), metrics=["accuracy"])
    model.fit(
        *arrays[0],
        batch_size=config.training.batch_size,
        epochs=config.training.epochs,
        validation_data=arrays[1],
        callbacks=[Clock()],
        verbose=0,
    )
    model.evaluate(*test, verbose=0)
    return {"seconds": time.perf_counter() - began, "epochs": epochs}


def measure_deeplab(overrides: list[str]) -> dict[str, Any]:
    """Seconds of the whole and of each epoch with deeplab."""
    _import_libraries()
    from deeplab.config.compose import compose
    from deeplab.tracking.store import open_store
    from deeplab.workflows.train import train

    open_store(compose(overrides).config.tracking)
    began = time.perf_counter()
    result = train(compose(overrides))
    return {"seconds": time.perf_counter() - began, "epochs": result.history.values("time/epoch_seconds")}


def _import_libraries() -> None:
    import tensorflow  # noqa: F401


def _in_a_process(kind: str, overrides: list[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(Path(__file__).resolve()), "--child", kind, *overrides]
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    if done.returncode:
        sys.exit(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Run the pairs and print medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("overrides", nargs="*", help="what differs from the defaults, as for deeplab train")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", choices=("bare", "deeplab"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps({"bare": measure_bare, "deeplab": measure_deeplab}[options.child](options.overrides)))
        return
    once, share = [], []
    for pair in range(options.pairs):
        # The first epoch compiles, on both sides.
        bare, ours = (_in_a_process(kind, options.overrides) for kind in ("bare", "deeplab"))
        epochs = [statistics.median(side["epochs"][1:] or side["epochs"]) for side in (bare, ours)]
        once.append((ours["seconds"] - sum(ours["epochs"])) - (bare["seconds"] - sum(bare["epochs"])))
        share.append(epochs[1] / epochs[0] - 1)
        print(
            f"pair {pair + 1}: epoch {epochs[0]:.3f} s bare, {epochs[1]:.3f} s deeplab ({100 * share[-1]:+.1f} %); "
            f"once {once[-1]:+.2f} s",
            file=sys.stderr,
        )
    result = {
        "overrides": options.overrides,
        "pairs": options.pairs,
        "once_seconds": {"median": statistics.median(once), "range": [min(once), max(once)]},
        "epoch_share": {"median": statistics.median(share), "range": [min(share), max(share)]},
    }
    if options.json:
        print(json.dumps(result, indent=2))
        return
    print(f"once for each run   {statistics.median(once):+.2f} s ({min(once):+.2f} to {max(once):+.2f})")
    low, high = (100 * value for value in (min(share), max(share)))
    print(f"for each epoch      {100 * statistics.median(share):+.1f} % ({low:+.1f} to {high:+.1f})")


if __name__ == "__main__":
    main()
