"""What a decision came to, as parts of a page."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from deeplab.evaluation.paired_sequence import is_skewed
from deeplab.metrics import label_of
from deeplab.report.page import Cell, Part, Table, Text
from deeplab.sweep.confirm import FILE as CONFIRMATION_FILE
from deeplab.sweep.decision.result import VALID, in_words
from deeplab.sweep.decision.source import RESULT_FILE
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.find import all_runs
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import CONFIRMS_TAG


def decision_parts(store: Store, run: Run) -> Iterator[Part]:
    """Describe the decision of a sweep that grew; nothing of one that was planned."""
    content = read_artifact(store, run, RESULT_FILE)
    if content is None:
        return
    stored = json.loads(content)
    yield Text(str(stored["sentence"]))
    yield decision_table(content.decode(), "Decided")
    yield Text(f"{VALID}. {stored['trainings']} trainings, {stored['seconds']:.0f} s together.")
    yield from skewness(content.decode())


def confirmation_parts(store: Store, run: Run) -> Iterator[Part]:
    """Describe the newest finished confirmation of a sweep, and a confirmation itself; nothing of any other sweep."""
    if CONFIRMS_TAG in run.tags:
        yield Text("The best point of a sweep and its runner-up, trained again with seeds that the sweep did not have.")
    ours = run if CONFIRMS_TAG in run.tags else confirmation_of(store, run)
    content = read_artifact(store, ours, CONFIRMATION_FILE) if ours else None
    if content is not None:
        yield from confirmed(content.decode())


def confirmation_of(store: Store, run: Run) -> Run | None:
    """The newest finished confirmation of a sweep, if there is one."""
    made = all_runs(store, (CONFIRMS_TAG, run.id))
    return next((each for each in made if each.status == "FINISHED"), None)


def confirmed(content: str) -> Iterator[Part]:
    """Describe a confirmation as it is stored: the table, and what may be said."""
    stored = json.loads(content)
    yield decision_table(content, "Confirmed with fresh seeds")
    folded = " and folds, corrected for the examples that folds share" if "folds" in stored else ""
    yield Text(
        f"With fresh seeds {stored['sentence']} It is a t-interval of the differences at the same seeds{folded}."
    )


def skewness(content: str) -> Iterator[Text]:
    """Warn of pairs whose differences the intervals are not made for."""
    stored = json.loads(content)
    scores = {point["name"]: point["scores"] for point in stored["points"]}
    for pair in stored["pairs"]:
        first, second = (scores[pair[place]] for place in ("first", "second"))
        if is_skewed([first[seed] - second[seed] for seed in first if seed in second]):
            yield Text(
                f"The differences of {pair['first']} and {pair['second']} are plainly skewed, and intervals are made "
                "for normal ones: a word on them is wrong more often than in 5 %. Look at the scores of all seeds.",
                is_warning=True,
            )


def decision_table(content: str, caption: str) -> Table:
    """A line for each pair."""
    stored: Mapping[str, Any] = json.loads(content)
    rows: list[tuple[Cell, ...]] = []
    for pair in stored["pairs"]:
        interval = pair["interval"] or {}
        words = in_words(pair["verdict"], stored["margin"])
        numbers = (interval.get(part) for part in ("mean", "low", "high"))
        rows.append((pair["first"], pair["second"], *numbers, pair["seeds"], words))
    better = f"first better by, {label_of(stored['metric'])}"
    return Table(caption, ("first", "second", better, "from", "to", "seeds", "verdict"), tuple(rows))
