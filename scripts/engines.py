#!/usr/bin/env python3
"""Time the steps of every kind of layer, optimiser and shipped network in each engine, in turn, on a CPU.

What `training.engine=auto` takes rests on it: `deeplab.training.engine` has its result as a table. Each round runs a
few steps under Keras, in blocks, and in blocks compiled by XLA; a ratio is Keras' time over the other's, the median of
the rounds.

Needs mnist.npz and cifar10.npz in DEEPLAB_DATA.

scripts/engines.py [--rounds 9] [--cases Dense Dropout] > docs/engines.md
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from benchmark import machine

ENGINES = {"keras": ("keras", False), "blocks": ("compiled", False), "XLA": ("compiled", True)}
ROUND_SECONDS = 0.2

_LAST = "{type: Dense, units: num_classes, activation: softmax}"
_ARGUMENTS = {
    "Activation": "activation: tanh",
    "AveragePooling1D": "pool_size: 2",
    "AveragePooling2D": "pool_size: 2",
    "CenterCrop": "height: 24, width: 24",
    "Conv1D": "filters: 16, kernel_size: 3",
    "Conv2D": "filters: 16, kernel_size: 3",
    "Conv2DTranspose": "filters: 16, kernel_size: 3",
    "Cropping2D": "cropping: 2",
    "Dense": "units: 256, activation: relu",
    "DepthwiseConv2D": "kernel_size: 3",
    "Dropout": "rate: 0.5",
    "GaussianDropout": "rate: 0.5",
    "GaussianNoise": "stddev: 0.2",
    "MaxPooling2D": "pool_size: 2",
    "Permute": "dims: [2, 1]",
    "RandomBrightness": "factor: 0.2, value_range: [0, 1]",
    "RandomContrast": "factor: 0.2, value_range: [0, 1]",
    "RandomErasing": "value_range: [0, 1]",
    "RandomRotation": "factor: 0.1",
    "RandomTranslation": "height_factor: 0.1, width_factor: 0.1",
    "RandomZoom": "height_factor: 0.1",
    "RepeatVector": "n: 2",
    "Rescaling": "scale: 0.5",
    "Reshape": "target_shape: rows",
    "Resizing": "height: 14, width: 14",
    "SeparableConv2D": "filters: 16, kernel_size: 3",
    "SpatialDropout2D": "rate: 0.5",
}


def cases() -> dict[str, list[str]]:
    """Overrides by name: every kind of layer, optimiser and shipped network, what else makes a step, and what draws."""
    from deeplab.config.folders import conf_folders, options
    from deeplab.models.arguments import SHAPE_OF_ROWS
    from deeplab.models.layers import LAYERS, MERGING, needed_rank

    small = ["dataset=mnist", "model=mlp_64_64", "optimizer=sgd", "training.batch_size=32"]
    made = {}
    for kind in LAYERS:
        arguments = _ARGUMENTS.get(kind, "").replace("rows", f"'{SHAPE_OF_ROWS}'")
        layer = f"{{type: {kind}, {arguments}}}" if arguments else f"{{type: {kind}}}"
        maps = f"{layer},{{type: Flatten}}" if not kind.startswith("Global") else layer
        dense = f"{{type: Flatten}},{{type: Dense, units: 256}},{layer}"
        flat = f"{{type: Flatten}},{layer},{{type: Flatten}}"
        rows = f"{{type: Reshape, target_shape: [28, 28]}},{maps}"
        two = ",".join(f"{{type: Dense, units: 256, from: flat, name: {name}}}" for name in ("one", "other"))
        joined = f"{{type: Flatten, name: flat}},{two},{{type: {kind}, from: [one, other]}}"
        rank = needed_rank(kind)
        inside = dense
        if kind in MERGING:
            inside = joined
        elif kind in ("Reshape", "RepeatVector"):
            inside = flat
        elif rank is not None or kind == "Permute":
            inside = maps if rank == 3 else rows
        made[kind] = [*small, f"model.layers=[{inside},{_LAST}]"]
    for kind in options("optimizer", conf_folders(None)):
        made[f"optimizer {kind}"] = [*small, f"optimizer={kind}"]
    for option in ("clip_global_norm=1", "accumulate=4", "ema=0.99"):
        made[option] = [*small, "optimizer=adam", f"training.{option}"]
    for name, layer in (("dropout", "{type: Dropout, rate: 0.5}"), ("noise", "{type: GaussianNoise, stddev: 0.2}")):
        hidden = ",".join(f"{{type: Dense, units: {units}, activation: relu}},{layer}" for units in (500, 300))
        made[f"784-500-300-10 {name}"] = [*small, f"model.layers=[{{type: Flatten}},{layer},{hidden},{_LAST}]"]
    for name in options("model", conf_folders(None)):
        data = "circle" if name == "playground" else "cifar10" if name.startswith("cifar") else "mnist"
        made[f"model {name}"] = [f"dataset={data}", f"model={name}", "training.batch_size=128"]
    return made


def kinds_of(overrides: list[str]) -> list[str]:
    """The kinds of a network's layers."""
    from deeplab.config.compose import compose
    from deeplab.models.expand import expand_layers

    model = compose(overrides).config.model
    return [layer.kind for layer in expand_layers(model.layers, model.blocks)]


def stepper(overrides: list[str], engine: str) -> Callable[[int], float]:
    """A function that trains a number of steps, at most a few hundred, and tells the seconds."""
    import keras
    import tensorflow as tf

    from deeplab.config.compose import compose
    from deeplab.models.inspect import multiplications
    from deeplab.training.block_model import BlockModel
    from deeplab.training.engine import steps_per_block
    from deeplab.training.input_pipeline import ExampleLookup
    from deeplab.training.losses import build_loss
    from deeplab.workflows.prepare import prepare

    limit = [] if "dataset=circle" in overrides else ["dataset.limit=2000"]
    config = compose([*overrides, *limit, "validation=none"]).config
    setup = prepare(config, Path(tempfile.gettempdir()))
    kind, xla = ENGINES[engine]
    network, look_up = setup.network, ExampleLookup(setup.train, setup.targets.for_split(setup.train))
    trainer = BlockModel(network, xla, look_up) if kind == "compiled" else keras.Model(network.inputs, network.outputs)
    trainer.compile(
        optimizer=setup.optimizer,
        loss=build_loss(config.training, setup.targets.info.targets),
        metrics=setup.targets.metrics(),
        jit_compile=False,
    )
    trainer.optimizer.build(trainer.trainable_variables)
    trainer.make_train_function()
    batch = config.training.batch_size
    longest = steps_per_block(multiplications(network), setup.train.x[0].nbytes, batch, 200)
    positions = tf.random.uniform((batch,), 0, len(setup.train), tf.int64, seed=0)

    def run(steps: int) -> float:
        size = 1 if kind == "keras" else min(steps, longest)
        block = positions if kind == "keras" else tf.repeat(positions[None], size, 0)
        data = tf.data.Dataset.from_tensors(block).repeat()
        batches = iter(data.map(look_up).prefetch(2) if kind == "keras" else data)
        began = time.perf_counter()
        for _ in range(max(1, steps // size)):
            logs = trainer.train_function(batches)
        float(logs["loss"])
        return (time.perf_counter() - began) / (max(1, steps // size) * size)

    return run


def compare(name: str, overrides: list[str], rounds: int) -> dict[str, Any]:
    """Milliseconds a step under Keras and the ratios of the other engines, XLA's where it can compile the network."""
    from deeplab.training.engine import XLA_IS_FASTEST
    from deeplab.training.random_numbers import drawing

    slow = {kind for kind in kinds_of(overrides) if not XLA_IS_FASTEST[kind]}
    # XLA cannot transform images, and takes seconds for a step of large convolutions.
    with_xla = not any(kind.startswith("Random") for kind in slow) and not (slow and name.startswith("model "))
    with drawing("splitmix"):
        runs = {}
        for engine in ENGINES:
            if engine == "XLA" and not with_xla:
                continue
            runs[engine] = stepper(overrides, engine)
        steps = {}
        for engine, run in runs.items():
            run(1)
            steps[engine] = max(1, min(200, int(ROUND_SECONDS / run(1))))
            run(steps[engine])
        seconds: dict[str, list[float]] = {engine: [] for engine in runs}
        for _ in range(rounds):
            for engine, run in runs.items():
                seconds[engine].append(run(steps[engine]))
    ratios = {
        engine: statistics.median(a / b for a, b in zip(seconds["keras"], taken, strict=True))
        for engine, taken in seconds.items()
    }
    result = {"case": name, "step_ms": 1000 * statistics.median(seconds["keras"]), **ratios}
    print(result, file=sys.stderr, flush=True)
    return result


PAGE = """# Engines

`{command}` wrote this page: {machine}.

How many times as fast the steps are in blocks, without XLA and with it, as step by step under Keras, which takes the
milliseconds of the second column. The engines take turns; each ratio is the median of {rounds} rounds. Empty: XLA
cannot, or takes seconds for a step. "auto" is what [`training.engine=auto`](runs-in-mlflow.md) takes for a long
training on a CPU.

| case | Keras ms | blocks | XLA | auto |
|---|---|---|---|---|
{rows}
"""


def main() -> None:
    """Measure the cases and print a page of Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = cases()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--cases", nargs="+", choices=known, default=list(known))
    options = parser.parse_args()
    from deeplab.training.engine import choose_engine

    rows = []
    for name in options.cases:
        found = compare(name, known[name], options.rounds)
        xla = f"{found['XLA']:.2f}" if "XLA" in found else ""
        engine = choose_engine("auto", kinds_of(known[name]), "cpu", 10**6)
        rows.append(f"| `{name}` | {found['step_ms']:.2f} | {found['blocks']:.2f} | {xla} | {engine} |")
    command = " ".join(["scripts/engines.py", *sys.argv[1:]])
    print(PAGE.format(command=command, machine=machine(), rounds=options.rounds, rows="\n".join(rows)), end="")


if __name__ == "__main__":
    main()
