"""What is shown of what a network said of pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deeplab.cli.tables import console, table
from deeplab.data.files import some
from deeplab.runs.predict import Answer, Answers

MOST_ROWS = 50
TOP = 3


def show_answers(answers: Answers, left_out: Sequence[Path] = ()) -> None:
    """Print the three most likely classes of each picture, and what was not looked at."""
    rows = table(heads=("image",))
    # Which were inverted, where some were and some were not, and which are doubtful; lines below the table say why.
    are_mixed = 0 < sum(answer.inverted for answer in answers.answers) < len(answers.answers)
    has_marks = are_mixed or any(answer.is_doubtful for answer in answers.answers)
    if has_marks:
        rows.add_column("", no_wrap=True)
    for head in ("class", "probability", "second", "third"):
        rows.add_column(head, justify="right" if head == "probability" else "left", no_wrap=True)
    for answer in answers.answers[:MOST_ROWS]:
        first, *others = answer.top(TOP)
        names = answers.facts.class_names
        cells = [f"{names[index]} {_per_cent(answer, index)}" for index in others]
        words = ("inverted",) * (are_mixed and answer.inverted) + ("doubtful",) * answer.is_doubtful
        marks = [" ".join(words)] if has_marks else []
        rows.add_row(str(answer.path), *marks, names[first], _per_cent(answer, first), *cells)
    screen = console()
    screen.print(rows)
    missed = [f"left out, being no image files: {some([*map(str, left_out)])}"] if left_out else []
    for line in [*missed, *remarks(answers)]:
        screen.print(line, soft_wrap=True)


def remarks(answers: Answers) -> list[str]:
    """What must be known besides."""
    lines, count = [], len(answers.answers)
    if count > MOST_ROWS:
        lines.append(f"and {count - MOST_ROWS:,} more images; --json prints them all")
    inverted = [answer for answer in answers.answers if answer.inverted]
    if inverted:
        assert answers.facts.drawing is not None
        data, picture = ("light", "dark") if answers.facts.drawing.background < 0.5 else ("dark", "light")
        which = "The image was" if count == 1 else f"{len(inverted):,} of {count:,} images were"
        lines.append(
            f"{which} inverted: {answers.facts.name} is drawn {data} on {picture}, "
            f"and the border says {picture} on {data}."
        )
    trimmed = sum(answer.trimmed for answer in answers.answers)
    if trimmed:
        what = "the image" if count == 1 else f"{trimmed:,} of {count:,} images"
        lines.append(f"A frame, an edge or specks on {what} were left out; the picture shows what the network saw.")
    odd = [answer for answer in answers.answers if answer.is_doubtful]
    if odd:
        which = "The image does" if count == 1 else f"{len(odd):,} of {count:,} images do"
        seen = some([f"{answer.path}: {' and '.join(answer.unlike)}" for answer in odd])
        lines.append(f"{which} not look like {answers.facts.name}, so the answer is doubtful ({seen}).")
    blank = [str(answer.path) for answer in answers.answers if answer.blank]
    if blank:
        more = f" and {len(blank) - 1:,} more" if len(blank) > 1 else ""
        lines.append(f"Nothing is to be seen on {blank[0]}{more}, and a network answers all the same.")
    return [*lines, f"run {answers.trained.name}, trained on {answers.facts.name}"]


def as_values(answers: Answers) -> dict[str, Any]:
    """Everything as plain values: each image with the probability of each class."""
    names = answers.facts.class_names
    return {
        "run": answers.trained.run.info.run_id,
        "name": answers.trained.run.info.run_name,
        "dataset": answers.facts.name,
        "images": [
            {
                "image": str(answer.path),
                "class": names[answer.top(1)[0]],
                "probability": float(answer.probabilities[answer.top(1)[0]]),
                "top": [
                    {"class": names[index], "probability": float(answer.probabilities[index])}
                    for index in answer.top(TOP)
                ],
                "probabilities": dict(zip(names, map(float, answer.probabilities), strict=True)),
                "inverted": answer.inverted,
                "blank": answer.blank,
                "trimmed": answer.trimmed,
                "unlike": [*answer.unlike],
            }
            for answer in answers.answers
        ],
    }


def _per_cent(answer: Answer, index: int) -> str:
    return f"{100 * answer.probabilities[index]:.1f} %"
