#!/usr/bin/env python3
"""Hold successive halving against plain random search with the same budget of epochs, on digits.

Per seed `deeplab sweep --search asha` draws 27 small dense networks and trains them to 1, 3, 9, 27 epochs; the epochs
that this took are the budget. Plain random search then trains the first of the same points to the end, nothing pruned,
for as many epochs: its last training is let in whole, so that it never has fewer. Both choose by the validation loss;
one worker, one thread, so that the same comes out again. Exit status 1: in the median ASHA's best is the worse one.

--write puts table and figure into docs/sweeps.md. --keep FOLDER keeps what came of each seed there, so that the
same command goes on.

scripts/search_budget.py [--seeds 10] [--keep FOLDER] [--write]
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from deeplab.plots.score_axes import number_text
from deeplab.plots.style import BLUE, GREY, ORANGE, new_figure, style, to_png
from deeplab.sweep.budget import Budget
from deeplab.sweep.messages import TrialEvent
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.run import carry_out
from deeplab.sweep.search.parent_run import SearchTrial, best_drawn
from deeplab.sweep.search.plan import SearchPlan, checked_search, plan_search
from deeplab.sweep.search.rung_source import HalvingSource
from deeplab.sweep.search.source import SearchSource
from deeplab.tracking.store import open_store

PAGE = Path(__file__).resolve().parents[1] / "docs" / "sweeps.md"
FIGURE = PAGE.with_name("search-budget.png")
BEGIN, END = "<!-- scripts/search_budget.py wrote what follows -->\n", "<!-- to here -->\n"
POINTS, EPOCHS, METRIC = 27, 27, "val/loss"
SPACE = (
    *("model=mlp", "model.units=16,32,64,128", "optimizer=sgd", "optimizer.learning_rate=interval(1e-3,1)"),
    *("optimizer.momentum=interval(0,0.95)", "l2=interval(1e-6,1e-2)", "training.batch_size=16,32,64,128"),
)
FIXED = (
    *("dataset.image_size=8", f"training.epochs={EPOCHS}", f"sweep.metric={METRIC}", "launcher.workers=1"),
    *("training.threads=1", "tracking.plots=none", "tracking.save_model=none"),
)


@dataclass
class Progress(SweepObserver):
    """How many epochs were trained, and the best finished score by then."""

    epochs: int = 0
    best: list[tuple[int, float]] = field(default_factory=list)

    def trial_changed(self, event: TrialEvent, will_retry: bool) -> None:
        """Count an epoch, or take down a score."""
        self.epochs += event.kind == "epoch"
        if event.kind == "finished":
            score = event.metrics["validation/loss"]
            self.best.append((self.epochs, min([score, *(best for _, best in self.best[-1:])])))


class Plain(SearchSource):
    """A random search that trains every point to the end."""

    def should_continue(self, event: TrialEvent) -> bool:
        """Take the score down, and prune nothing."""
        super().should_continue(event)
        return True


@dataclass(frozen=True)
class Found:
    """What a search came to."""

    points: int
    epochs: int
    loss: float  # of its best point, on validation rows
    tested: float  # the accuracy of that one on test rows
    best: Sequence[tuple[int, float]]  # epochs, and the best finished score by then


def asked(seed: int, kind: str, points: int) -> SearchPlan:
    """A search of the space."""
    return checked_search(plan_search([*SPACE, *FIXED, f"seed={seed}"], None, kind, Budget(trials=points)))


def found(source: HalvingSource | Plain, progress: Progress) -> Found:
    """Carry out a search."""
    result = carry_out(source, progress)
    drawn: tuple[SearchTrial, ...] = result.summary
    best = best_drawn(drawn, METRIC)
    assert best is not None and best.value is not None and not result.failed
    run = open_store(source.plan.sweep.run.config.tracking).get_run(best.run_id)
    assert progress.epochs == sum(trial.epochs for trial in drawn)
    return Found(len(drawn), progress.epochs, best.value, run.metrics["test/accuracy"], progress.best)


def both(seed: int) -> tuple[Found, Found]:
    """ASHA, and random search with as many epochs."""
    progress = Progress()
    halving = found(HalvingSource(asked(seed, "asha", POINTS), progress), progress)
    progress = Progress()
    plain = found(Plain(asked(seed, "random", -(-halving.epochs // EPOCHS)), progress), progress)
    return halving, plain


def kept(seed: int, folder: Path) -> tuple[Found, Found]:
    """Both searches, of a file where there is one."""
    path = folder / f"{seed}.json"
    if not path.exists():
        path.write_text(json.dumps([asdict(each) for each in both(seed)]))
    halving, plain = (Found(**values) for values in json.loads(path.read_text()))
    return halving, plain


def table(pairs: Sequence[tuple[Found, Found]]) -> str:
    """A line a seed and one of medians, as Markdown."""
    lines = [
        "| seed | points, asha | random | epochs, asha | random | val loss, asha | random | test acc, asha | random |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    rows = [
        [value for part in ("points", "epochs", "loss", "tested") for value in (getattr(a, part), getattr(r, part))]
        for a, r in pairs
    ]
    medians = [statistics.median(column) for column in zip(*rows, strict=True)]
    for head, row in [*enumerate(rows), ("median", medians)]:
        lines.append(f"| {head} | " + " | ".join([*(f"{v:g}" for v in row[:4]), *(f"{v:.4f}" for v in row[4:])]) + " |")
    return "\n".join(lines)


def sentence(pairs: Sequence[tuple[Found, Found]]) -> str:
    """What came of it."""
    differences = [halving.loss - plain.loss for halving, plain in pairs]
    medians = [statistics.median(each.loss for each in found) for found in zip(*pairs, strict=True)]
    better = sum(difference < 0 for difference in differences)
    return (
        f"Median of the best validation loss: {medians[0]:.4f} with `asha`, {medians[1]:.4f} with plain random "
        f"search; the median difference in pairs of seeds is {statistics.median(differences):+.4f}, and `asha` found "
        f"the better point with {better} of {len(pairs)} seeds, the same with {differences.count(0.0)}."
    )


@style()
def draw(pairs: Sequence[tuple[Found, Found]]) -> bytes:
    """The best finished score against the epochs spent, and the last of it by seed."""
    figure = new_figure("Successive halving and plain random search with the same epochs, digits", 3.6)
    left, right = figure.subplots(1, 2, width_ratios=[3, 2], sharey=True)
    most = max(each.epochs for pair in pairs for each in pair)
    for kind, (label, color) in enumerate((("asha", BLUE), ("random", ORANGE))):
        searches = [pair[kind] for pair in pairs]
        for each in searches:
            ended = [*each.best, (each.epochs, each.loss)]
            left.step(
                *zip(*ended, strict=True), "o-", where="post", color=color, alpha=0.4, linewidth=0.8, markersize=3
            )
        begun = max(each.best[0][0] for each in searches)
        epochs = range(begun, most + 1)
        medians = [statistics.median(_by(each, epoch) for each in searches) for epoch in epochs]
        left.step(epochs, medians, where="post", color=color, label=f"{label}, median of {len(pairs)} seeds")
    left.set_xlabel("epochs trained, of all points together")
    left.set_ylabel("validation loss of the best point so far")
    left.set_yscale("log")
    left.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    left.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number_text(value)))
    left.yaxis.set_minor_formatter(NullFormatter())
    left.grid(axis="y")
    left.legend()
    for halving, plain in pairs:
        color = GREY if halving.loss == plain.loss else BLUE if halving.loss < plain.loss else ORANGE
        right.plot([0, 1], [plain.loss, halving.loss], "o-", color=color)
    right.set_xticks([0, 1], ["random", "asha"])
    right.set_xlim(-0.3, 1.3)
    right.set_title("At the end, a line a seed")
    return to_png(figure)


def _by(search: Found, epoch: int) -> float:
    return [score for epochs, score in search.best if epochs <= epoch][-1]


def main() -> None:
    """Search, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--keep", type=Path, help="a folder for what came of each seed")
    parser.add_argument("--write", action="store_true", help="write table and figure into docs/sweeps.md")
    options = parser.parse_args()
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    pairs: list[tuple[Found, Found]] = []
    with tempfile.TemporaryDirectory() as folder:
        keep = (options.keep or Path(folder)).resolve()
        keep.mkdir(parents=True, exist_ok=True)
        os.chdir(folder)
        for seed in range(options.seeds):
            pairs.append(kept(seed, keep))
            print(
                seed,
                *(f"{each.points} {each.epochs} {each.loss:.4f} {each.tested:.4f}" for each in pairs[-1]),
                flush=True,
            )
        os.chdir(PAGE.parent)
    print(table(pairs), sentence(pairs), sep="\n\n")
    if options.write:
        FIGURE.write_bytes(draw(pairs))
        before, _, rest = PAGE.read_text().partition(BEGIN)
        text = f"{sentence(pairs)}\n\n{table(pairs)}\n"
        PAGE.write_text(before + BEGIN + text + END + rest.partition(END)[2])
    sys.exit(statistics.median(a.loss for a, _ in pairs) > statistics.median(r.loss for _, r in pairs))


if __name__ == "__main__":
    main()
