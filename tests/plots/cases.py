"""A case of each figure, drawn from little."""

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

from deeplab.plots import reported, verdicts
from deeplab.plots.data import contact_sheet, histograms
from deeplab.plots.explain import feature_maps, probabilities, reconstruction, saliency, strongest
from deeplab.plots.noise import rates, rates_by_class
from deeplab.plots.plane import boundary, film, units
from deeplab.plots.run import (
    compared_curves,
    confusion,
    curves,
    diagram,
    filters,
    gallery,
    mistakes,
    precision_recall,
    predicted,
    predictions,
    reliability,
    residuals,
    roc,
)
from deeplab.plots.run.boxes import Box
from deeplab.plots.sweep import categories, decision, factor, heat_map, parallel, pareto, search, waterfall
from deeplab.plots.sweep import curves as sweep_curves
from deeplab.plots.sweep.comparison import Comparison

NAMES = ("cat", "dog", "eel")
HISTORY = [
    *[(epoch, 1 / epoch, "loss", "train") for epoch in range(1, 6)],
    *[(epoch, abs(epoch - 3) + 0.5, "loss", "val") for epoch in range(1, 6)],
    *[(epoch, 1 - 0.5 / epoch, "accuracy", "train") for epoch in range(1, 6)],
    *[(epoch, 0.9 - 0.1 * abs(epoch - 2), "accuracy", "val") for epoch in range(1, 6)],
]
BOXES = [
    Box("conv2d_1", "Conv2D", (26, 26, 32), 320, (-1,)),
    Box("flatten_1", "Flatten", (21632,), 0, (0,)),
    Box("dense_1", "Dense", (3,), 64899, (1,)),
]


def texts(figure: Figure) -> list[str]:
    """Everything written on a figure that is not empty."""
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (5, 4, 4, 3), dtype=np.uint8)
SHADES = RNG.uniform(size=(5, 4, 4, 1))
POINTS = np.random.default_rng(1).normal(size=(90, 5))
VALUES = np.arange(40.0).reshape(5, 8)
MAPS = RNG.uniform(size=(5, 7, 4))
CELLS = np.tanh(np.linspace(-3, 3, 12) * np.ones((12, 1)))
PARTS = {
    "training": (np.array([[-4.0, 1.0], [4.0, -1.0]]), np.array([-1.0, 1.0])),
    "test": (np.array([[-3.0, 0.0], [3.0, 3.0]]), np.array([-1.0, 1.0])),
}
SCORES = [[0.98, 0.982], [0.97, 0.974], [0.95]]
TESTED = Comparison("val/accuracy", best=0, planned=2)

# A case of its own for each figure: how it is drawn, and what its title says.
CASES: dict[str, tuple[Callable[[], Figure | list[Figure]], str]] = {
    "data.contact_sheet": (lambda: contact_sheet.draw([IMAGES, IMAGES[:2], IMAGES[:0]], NAMES, "animals"), "animals"),
    "data.histograms": (
        lambda: histograms.draw(
            [
                histograms.Panel("a number", POINTS[:, 0], np.full(3, np.nan)),
                histograms.Panel("a category", np.arange(3.0), np.array([1.0]), NAMES),
                histograms.Panel("a date", 20_000 + 100 * POINTS[:, 1], POINTS[:0, 0], is_date=True),
            ],
            "a table",
        ),
        "a table",
    ),
    "explain.feature_maps": (lambda: feature_maps.draw(MAPS, "conv"), "conv: 4 maps of 5x7"),
    "explain.probabilities": (lambda: probabilities.draw(np.array([0.2, 0.7, 0.1]), NAMES, 1), "dog: 70.0 %"),
    "explain.reconstruction": (
        lambda: reconstruction.draw(np.ones((4, 4, 1)), np.ones((4, 4, 1)), np.full((4, 4, 1), 0.75)),
        "Reconstruction: off by 0.250 (root mean square; white is 1)",
    ),
    "explain.saliency": (
        lambda: saliency.draw(IMAGES[0], IMAGES[1] / 255, "eel"),
        "Which pixels move the score of eel",
    ),
    "explain.strongest": (
        lambda: strongest.draw(IMAGES[0], [("conv", MAPS)]),
        "The strongest activations of each layer, and where they are",
    ),
    "noise.rates": (
        lambda: rates.draw(
            [0.0, 0.5],
            {"noisy": [(0.9, 0.01), (0.5, None)]},
            noise="gaussian",
            chance=1 / 3,
            trained_at={},
            title="Rates",
        ),
        "Rates",
    ),
    "noise.rates_by_class": (
        lambda: rates_by_class.draw(
            [0.0, 0.5], {"noisy": np.array([[0.9, 0.8, 0.7], [0.3, 0.2, np.nan]])}, NAMES, "By class"
        ),
        "By class",
    ),
    "plane.boundary": (
        lambda: boundary.draw(CELLS, 6.0, PARTS, np.array([-0.5, 0.5]), has_classes=True, name="spiral"),
        "spiral: 2 of 2 test points on the right side (100.00 %)",
    ),
    "plane.film": (lambda: film.draw([("epoch 1 of 2", CELLS), ("epoch 2 of 2", -CELLS)], 6.0, PARTS), "epoch 1 of 2"),
    "plane.units": (
        lambda: units.draw([("dense_1", np.stack([CELLS, -CELLS]), None)], 6.0, "net"),
        "net: 2 hidden units over the plane",
    ),
    "reported": (
        lambda: reported.draw([("net", 0.98, 0.01, 0.975, 0.002, "reproduced")], "Study: accuracy", "accuracy"),
        "Study: accuracy",
    ),
    "verdicts": (
        lambda: verdicts.draw([("net", 0.5, 0.3, "reproduced"), ("other", -6.0, None, "undecided")], "All: figures"),
        "All: figures",
    ),
    "run.compared_curves": (
        lambda: compared_curves.draw({"one": [HISTORY, HISTORY[:8]], "other": [HISTORY[:5]]}),
        "2 groups: accuracy and loss by epoch",
    ),
    "run.confusion": (
        lambda: confusion.draw(np.array([0, 0, 1, 1, 1, 2]), np.array([0, 1, 1, 1, 1, 2]), NAMES),
        "Confusion matrix: 5 of 6 right (83.33 %)",
    ),
    "run.curves": (lambda: curves.draw(HISTORY, name="net"), "net: training and validation"),
    "run.diagram": (lambda: diagram.draw(BOXES, (28, 28, 1), "net"), "net: 3 layers, 65,219 parameters"),
    "run.filters": (
        lambda: filters.draw(np.random.default_rng(0).normal(size=(3, 3, 1, 32)), "conv2d_1", (28, 28, 1)),
        "What conv2d_1 looks for: 32 filters of 3x3",
    ),
    "run.gallery": (
        lambda: gallery.draw(
            {"original": IMAGES, "given back": SHADES.astype(np.float32)},
            "Given back",
            {"original": NAMES + NAMES, "given back": NAMES + NAMES},
        ),
        "Given back",
    ),
    "run.mistakes": (
        lambda: mistakes.draw(IMAGES, np.zeros(5, int), np.tile([0.1, 0.7, 0.2], (5, 1)), NAMES, 1234),
        "The 5 most confident mistakes of 1,234 test images",
    ),
    "run.precision_recall": (
        lambda: precision_recall.draw(np.array([1.0, 0.5, 0.0]), np.array([0.4, 0.5, 1.0]), 0.45, 0.4, "eel"),
        "Precision and recall of eel: AUC 0.4500",
    ),
    "run.predicted": (
        lambda: predicted.draw(VALUES, VALUES + 0.5, [f"value {n}" for n in range(8)]),
        "Predicted and true values of 5 test rows (the first 6 of 8 values)",
    ),
    "run.reliability": (
        lambda: reliability.draw(np.array([0, 2, 8]), np.array([0.0, 0.5, 0.9]), np.array([0.0, 1.0, 0.8])),
        "Reliability: expected calibration error 0.1800 on 10 rows",
    ),
    "run.residuals": (lambda: residuals.draw(VALUES[:, :1], VALUES[:, :1], ["height"]), "Residuals of 5 test rows"),
    "run.roc": (
        lambda: roc.draw(np.array([0.0, 0.2, 1.0]), np.array([0.0, 0.8, 1.0]), 0.8, "eel"),
        "ROC curve of eel: AUC 0.8000",
    ),
    "run.predictions": (
        lambda: predictions.draw(
            SHADES[:2],
            np.array([[0.1, 0.7, 0.2], [0.9, 0.06, 0.04]]),
            ["seven.png", "a_name_of_far_too_many_letters_1.png"],
            [False, True],
            NAMES,
            5,
        ),
        "The first 2 of 5 images as the network saw them",
    ),
    "sweep.categories": (
        lambda: categories.draw(["a", "b", "c"], SCORES, [None] * 3, TESTED),
        "Validation accuracy",
    ),
    "sweep.curves": (lambda: sweep_curves.draw([HISTORY, HISTORY], name="l2=0.1"), "l2=0.1: 2 replicates"),
    "sweep.decision": (
        lambda: decision.draw(
            [decision.Shrinking("a", "b", "better", [5, 6], [0.02, 0.02], [-0.1, 0.01], [0.14, 0.03])],
            0.0,
            TESTED.metric,
            name="x",
        ),
        "x: what is known after each seed",
    ),
    "sweep.waterfall": (
        lambda: waterfall.draw(
            0.9,
            [
                waterfall.Step("optimizer sgd → adam", 0.03, [0.01, 0.05], "better"),
                waterfall.Step("Dropout rate 0.5 added", -0.01, [-0.02, 0.0], "undecided"),
            ],
            TESTED.metric,
            name="x",
        ),
        "x: what each difference brings",
    ),
    "sweep.pareto": (
        lambda: pareto.draw(
            [0, 1, 2, 4],
            {
                "val/accuracy": [0.9, 0.8, 0.8, 0.7],
                "parameters": [9000, 100, 7000, 50],
                "seconds": [3.0, 2.0, 2.5, 4.0],
            },
            [True, True, False, True],
            metric="val/accuracy",
            name="x",
        ),
        "x: 3 of 4 finished trials are on the front",
    ),
    "sweep.factor": (
        lambda: factor.draw("l2", [0.1, 0.2, 0.3], SCORES, TESTED),
        "Validation accuracy against l2",
    ),
    "sweep.heat_map": (
        lambda: heat_map.draw(
            ("a", "b"),
            ("xy", "zw"),
            np.array([[0.98, 0.97], [0.95, 0.9]]),
            np.full((2, 2), 2),
            TESTED,
        ),
        "Validation accuracy over two factors",
    ),
    "sweep.parallel": (
        lambda: parallel.draw(["l2", "net"], [[0.1, "a"], [0.2, "b"]], [0.98, 0.97], TESTED),
        "Validation accuracy over 2 factors",
    ),
    "sweep.search": (
        lambda: search.draw(
            [0, 1], [0.9, 0.8], [False, True], {"l2": search.Factor([0.1, 0.2])}, metric="val/accuracy"
        ),
        "Validation accuracy in a search",
    ),
}


def drawn(name: str) -> Figure:
    """The figure of a case; of moving ones the first picture. An unknown name is a KeyError."""
    found = CASES[name][0]()
    return found[0] if isinstance(found, list) else found
