"""`deeplab predict`: what a trained network says of pictures, or of the rows of a table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from deeplab.cli import arguments
from deeplab.cli.arguments import ConfigDir, RunName, reading_files, running_code
from deeplab.cli.interrupt import interruptible
from deeplab.cli.terminal.table_predictions import as_values as values_of_rows
from deeplab.cli.terminal.table_predictions import show_predictions
from deeplab.cli.terminal.tables import console, table
from deeplab.cli.terminal.text import print_line, to_json
from deeplab.config.compose import compose
from deeplab.config.schema import TrackingConfig
from deeplab.data.images.find import find_pictures
from deeplab.errors import UserError
from deeplab.files import check_file, existing_file, some, write_file
from deeplab.tracking.store import open_to_read
from deeplab.workflows.predict import ImagePrediction, PredictResult, draw_answers
from deeplab.workflows.predict import predict as predict_pictures
from deeplab.workflows.predict_table import FORMAT_KEYS, SUFFIXES, predict_table

Images = Annotated[
    list[str] | None,
    arguments.words(
        "[IMAGE|FOLDER|TABLE]...",
        "Image files and folders of them, or a CSV, TSV or Parquet file; dataset.separator=..., dataset.decimal=... "
        "and dataset.encoding=... say how its text is meant; tracking.uri=... for another store.",
    ),
]


@reading_files
@running_code
def predict(
    run: RunName,
    images: Images = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="The picture that is drawn (predictions.png); of a table, the CSV (predictions.csv).",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, every image or row and class in it.")] = False,
    config_dir: ConfigDir = None,
) -> None:
    """Say what is on pictures, and draw them as the network saw them; or what is to be said of the rows of a table.

    deeplab predict latest digit.png scans/

    deeplab predict houses for_sale.csv --out prices.csv
    """
    words, overrides = arguments.split(images or [])
    form = [word for word in words if word.startswith(FORMAT_KEYS)]
    paths = [word for word in words if word not in form]
    if not paths:
        raise UserError(
            "Give an image or a folder of images, as in: deeplab predict latest digit.png; or a table: new.csv"
        )
    config = compose(overrides, config_dir).config
    if any(Path(path).suffix.lower() in SUFFIXES for path in paths):
        if len(paths) > 1:
            raise UserError(f"{', '.join(paths)}: give one table at a time, and no images beside it.")
        _predict_rows(config.tracking, run, _Asked(Path(paths[0]), form, out or Path("predictions.csv")), as_json)
        return
    out = out or Path("predictions.png")
    check_file(out, ".png", "--out")
    pictures = find_pictures(paths, out)
    with interruptible("Interrupted; nothing was written."):
        answers = predict_pictures(open_to_read(config.tracking), run, pictures.paths)
        write_file(out, draw_answers(answers))
    if as_json:
        values = {**as_values(answers), "left_out": [*map(str, pictures.left_out)], "picture": str(out)}
        print(to_json(values))
    else:
        show_answers(answers, pictures.left_out)
        print_line(f"picture {out}")


class _Asked(NamedTuple):
    table: Path
    form: Sequence[str]
    out: Path


def _predict_rows(tracking: TrackingConfig, run: str, asked: _Asked, as_json: bool) -> None:
    check_file(asked.out, ".csv", "--out")
    if existing_file(str(asked.table), "").resolve() == asked.out.resolve():
        raise UserError(f"{asked.table} is the table to look at, and --out would write over it. Give another --out.")
    with interruptible("Interrupted; nothing was written."):
        said = predict_table(open_to_read(tracking), run, asked.table, asked.form)
        write_file(asked.out, said.to_csv())
    if as_json:
        print(to_json(values_of_rows(said, asked.table, asked.out)))
    else:
        show_predictions(said, asked.out)


MOST_ROWS = 50
TOP = 3


def show_answers(answers: PredictResult, left_out: Sequence[Path] = ()) -> None:
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
        names = answers.facts.info.class_names
        cells = [f"{names[index]} {_per_cent(answer, index)}" for index in others]
        both = ("inverted",) * (are_mixed and answer.inverted) + ("doubtful",) * answer.is_doubtful
        marks = [" ".join(both)] if has_marks else []
        rows.add_row(str(answer.path), *marks, names[first], _per_cent(answer, first), *cells)
    screen = console()
    screen.print(rows)
    missed = [f"left out, being no image files: {some([*map(str, left_out)])}"] if left_out else []
    for line in [*missed, *notes(answers)]:
        screen.print(line, soft_wrap=True)


def notes(answers: PredictResult) -> list[str]:
    """Say what must be known besides, a line each."""
    lines, count = [], len(answers.answers)
    if count > MOST_ROWS:
        lines.append(f"and {count - MOST_ROWS:,} more images; --json prints them all")
    inverted = [answer for answer in answers.answers if answer.inverted]
    if inverted:
        assert answers.facts.drawing is not None
        data, picture = ("light", "dark") if answers.facts.drawing.background < 0.5 else ("dark", "light")
        which = "The image was" if count == 1 else f"{len(inverted):,} of {count:,} images were"
        lines.append(
            f"{which} inverted: {answers.facts.info.name} is drawn {data} on {picture}, "
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
        lines.append(f"{which} not look like {answers.facts.info.name}, so the answer is doubtful ({seen}).")
    blank = [str(answer.path) for answer in answers.answers if answer.blank]
    if blank:
        more = f" and {len(blank) - 1:,} more" if len(blank) > 1 else ""
        lines.append(f"Nothing is to be seen on {blank[0]}{more}, and a network answers all the same.")
    return [*lines, f"run {answers.trained.name}, trained on {answers.facts.info.name}"]


def as_values(answers: PredictResult) -> dict[str, Any]:
    """Return everything as plain values: each image with the probability of each class."""
    names = answers.facts.info.class_names
    return {
        "run": answers.trained.run.id,
        "name": answers.trained.run.name,
        "dataset": answers.facts.info.name,
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


def _per_cent(answer: ImagePrediction, index: int) -> str:
    return f"{100 * answer.probabilities[index]:.1f} %"
