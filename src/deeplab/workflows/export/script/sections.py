"""A whole script, section by section, and the two kinds of file that it becomes."""

import hashlib
import json
import re
from dataclasses import dataclass
from importlib.metadata import version

from deeplab import __version__
from deeplab.config.schema import ExperimentConfig
from deeplab.training.setup import TrainingSetup
from deeplab.workflows.export.script import rows, training
from deeplab.workflows.export.script.network import draws, network_code
from deeplab.workflows.export.script.paste import pasted
from deeplab.workflows.export.script.source import Source, source_of


@dataclass(frozen=True)
class Section:
    """A part of a script; a cell of a notebook."""

    title: str  # a few words
    says: tuple[str, ...]  # what it does, for a person, in lines
    code: str  # of it


def plain(text: str) -> str:
    """Words of a store as they can stand in a comment: letters, digits and a few signs."""
    return re.sub(r"[^\w .,:=+()/-]", "_", text)


def sections_of(config: ExperimentConfig, setup: TrainingSetup, run: str, engine: str) -> tuple[Section, ...]:
    """Write a training as a script.

    Args:
        config: of the run.
        setup: from it.
        run: its name and id.
        engine: that trained it, as its tag has it; empty where it has none.

    Raises:
        UserError: there is something in it that cannot be done without deeplab.
    """
    training.check_monitor(config)
    source = source_of(config.dataset, setup.splits)
    limit, limiting = rows.limit_code(config.dataset, setup.splits)
    validated, validation, dividing = rows.validation_code(config, setup)
    becomes, targets = rows.target_code(config, setup)
    functions = [*source.functions, *limiting, *dividing]
    helpers = pasted(*functions) if functions else ""
    read = "\n".join(part for part in (source.code, limit) if part)
    limited = () if not limit else (f"At most {config.dataset.limit:,} rows of each part are used.",)
    standardized = rows.standardization_code(setup)
    target = "\n".join(part for part in (targets, standardized) if part)
    scaled = () if not standardized else ("Means and deviations are those of the rows to learn from.",)
    seeds = "Each initialiser has the seed that deeplab gave it, so that the weights begin as they did there."
    return (
        Section("", _introduction(config, setup, run, engine, source), _imports(config, setup, source)),
        Section("The rows", (source.says, *limited), f"{helpers}\n\n\n{read}" if helpers else read),
        *([Section("Rows for validation", (validated,), validation)] if validation else []),
        Section("Targets", (becomes, *scaled), target),
        Section("The network", (seeds,), f"{network_code(setup.network, config.training.precision)}\nmodel.summary()"),
        Section("Loss and optimiser", (), training.compile_code(config, setup)),
        Section("Training", (), training.fit_code(config, setup)),
        Section("Test", ("The test rows are looked at once, at the end.",), training.test_code(setup)),
    )


def _introduction(
    config: ExperimentConfig, setup: TrainingSetup, run: str, engine: str, source: Source
) -> tuple[str, ...]:
    folds = ["scikit-learn"] if config.validation.kind == "kfold" else []
    packages = ", ".join(dict.fromkeys(["keras", "tensorflow", "numpy", *source.packages, *folds]))
    versions = f"deeplab {__version__}, keras {version('keras')}, tensorflow {version('tensorflow')}"
    lines = [
        f"The training of run {plain(run)}, in plain Keras.",
        "",
        f"Written by {versions}. It needs {packages}.",
        "It trains the same network on the same rows in the same order as deeplab does with",
        "training.engine=keras training.randomness=keras: one epoch gives the same losses.",
    ]
    if engine and engine != "keras":
        lines.append(f"The run itself was trained by training.engine={plain(engine)}, which rounds otherwise.")
    if masks_differ(config, setup):
        lines += [
            "The run itself drew its dropout and noise by training.randomness=splitmix, a generator of",
            "deeplab's: its masks are others than the ones here, and so are its losses.",
        ]
    if missing := training.unmeasured(config):
        lines.append(f"Not measured here, since Keras defines it otherwise or not: {', '.join(missing)}.")
    return tuple(lines)


def masks_differ(config: ExperimentConfig, setup: TrainingSetup) -> bool:
    """Tell whether the layers of a run drew numbers that plain Keras does not draw."""
    return config.training.randomness == "splitmix" and draws(setup.network)


def _imports(config: ExperimentConfig, setup: TrainingSetup, source: Source) -> str:
    settings = ['os.environ["KERAS_BACKEND"] = "tensorflow"']
    if setup.runtime.deterministic:
        settings.append('os.environ["TF_DETERMINISTIC_OPS"] = "1"  # the same result each time')
    code = network_code(setup.network, config.training.precision)
    names = [name for name in ("initializers", "layers", "regularizers") if f"{name}." in code]
    schedule = ["from keras.optimizers import schedules"] if config.schedule.kind != "constant" else []
    precision = config.training.precision
    after = [] if precision == "float32" else [f'keras.mixed_precision.set_global_policy("{precision}")']
    planned = config.training.epochs
    lines = [
        "import os",
        "",
        *settings,
        "",
        "import keras",
        "import numpy as np",
        f"from keras import {', '.join(names)}",
        *schedule,
        *source.imports,
        "",
        f"SEED = {config.seed}",
        f"BATCH_SIZE = {config.training.batch_size}",
        f'EPOCHS = int(os.environ.get("EPOCHS", {planned}))  # EPOCHS=1 in the environment tries it out',
        "",
        "keras.utils.set_random_seed(SEED)",
        *after,
    ]
    return "\n".join(lines)


def as_script(sections: tuple[Section, ...]) -> str:
    """Write sections as a Python file."""
    first, *others = sections
    blocks = ['"""' + "\n".join(first.says) + '\n"""\n\n' + first.code]
    for section in others:
        comment = "\n".join(f"# {line}" for line in (f"{section.title}.", *section.says))
        begins = section.code.startswith(("def ", "class "))
        blocks.append(f"{comment}\n{chr(10) * 2 * begins}{section.code}")
    return "\n\n\n".join(blocks) + "\n"


def as_notebook(sections: tuple[Section, ...]) -> str:
    """Write sections as a Jupyter notebook (nbformat 4.5), without outputs."""
    cells: list[dict[str, object]] = []
    for section in sections:
        heading = f"## {section.title}\n\n" if section.title else ""
        text = heading + "\n".join(section.says)
        if text.strip():
            cells.append({"cell_type": "markdown", "metadata": {}, "source": text})
        cells.append(
            {"cell_type": "code", "metadata": {}, "source": section.code, "outputs": [], "execution_count": None}
        )
    for index, cell in enumerate(cells):
        cell["id"] = hashlib.sha256(f"{index}/{cell['source']}".encode()).hexdigest()[:8]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def code_of(text: str, is_notebook: bool) -> str:
    """Read the code of a file that `as_script` or `as_notebook` wrote."""
    if not is_notebook:
        return text
    cells = json.loads(text)["cells"]
    return "\n\n".join(cell["source"] for cell in cells if cell["cell_type"] == "code") + "\n"
