"""Why one configuration does better than another, as parts of a page."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from deeplab.metrics import label_of
from deeplab.report.page import Cell, Part, Table, Text
from deeplab.sweep.why.result import VALID
from deeplab.sweep.why.source import RESULT_FILE
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store

MOST_LETTERS = 60  # of what was asked for, in a caption


def read_why(store: Store, run: Run) -> Mapping[str, Any] | None:
    """Read what came of an explanation; None of a sweep of another kind."""
    content = read_artifact(store, run, RESULT_FILE)
    return None if content is None else json.loads(content)


def why_highlights(stored: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    """Give the scores of both, what lies between them, and in how much they differ."""
    if stored["whole"] is not None:
        for side in "AB":
            yield f"{label_of(stored['metric'])} of {side}", stored["combinations"][side]
        yield "gain", stored["whole"]["gain"]
    yield "differences", len(stored["differences"])


def why_parts(stored: Mapping[str, Any]) -> Iterator[Part]:
    """Describe what each difference brings."""
    yield Text(str(stored["sentence"]))
    yield from share_tables(stored)
    yield Text(f"{VALID}. {stored['trainings']} trainings, {stored['seconds']:.0f} s together.")


def share_tables(stored: Mapping[str, Any]) -> Iterator[Table]:
    """A line for each difference and one for all of them, and one for each pair.

    Args:
        stored: what `why.json` holds.
    """
    if stored["whole"] is None:
        return
    gain = f"gain in {label_of(stored['metric'])}"
    first, second = (text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…" for text in stored["names"])
    rows = tuple(map(_row, [*stored["shares"], stored["whole"]]))
    caption = f"What takes A, {first}, to B, {second}"
    yield Table(caption, ("difference", gain, "from", "to", "verdict"), rows, marked=len(rows) - 1)
    if stored["interactions"]:
        rows = tuple(map(_row, stored["interactions"]))
        yield Table("What two differences bring together beyond each", ("pair", gain, "from", "to", "verdict"), rows)


def _row(share: Mapping[str, Any]) -> tuple[Cell, ...]:
    interval = share["interval"] or {}
    return share["name"], share["gain"], interval.get("low"), interval.get("high"), share["verdict"]
