"""`deeplab predict`: what a trained network says of pictures."""

from pathlib import Path
from typing import Annotated

import typer

from deeplab.cli.options import STORE_KEYS, ConfigDir, RunName
from deeplab.config.errors import Interrupted, UserError, exit_status

Images = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[IMAGE|FOLDER]...",
        help="Image files and folders of them; tracking.uri=... for another store.",
        show_default=False,
    ),
]


def predict(
    run: RunName,
    images: Images = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The picture that is drawn, a PNG.")] = Path(
        "predictions.png"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, every image and class in it.")] = False,
    config_dir: ConfigDir = None,
) -> None:
    """Say what is on pictures, and draw them as the network saw them.

    deeplab predict latest digit.png scans/
    """
    from deeplab.config.compose import compose
    from deeplab.runs.outputs import check_file

    overrides = [word for word in images or [] if word.startswith(STORE_KEYS)]
    words = [word for word in images or [] if not word.startswith(STORE_KEYS)]
    if not words:
        raise UserError("Give an image or a folder of images, as in: deeplab predict latest digit.png")
    config = compose(overrides, config_dir).config
    check_file(out, ".png", "--out")
    # Here, because what follows imports NumPy, Pillow, MLflow and TensorFlow.
    from deeplab.data.pictures import find_pictures

    pictures = find_pictures(words, out)
    from deeplab.cli.json_output import to_json
    from deeplab.cli.lines import print_line
    from deeplab.cli.predictions import as_values, show_answers
    from deeplab.runs.outputs import write_file
    from deeplab.runs.predict import draw_answers
    from deeplab.runs.predict import predict as predict_pictures
    from deeplab.tracking.store import open_to_read

    try:
        answers = predict_pictures(open_to_read(config.tracking), run, pictures.paths)
        write_file(out, draw_answers(answers))
    except KeyboardInterrupt as interrupt:
        raise Interrupted("Interrupted; nothing was written.", exit_status(interrupt)) from None
    if as_json:
        values = {**as_values(answers), "left_out": [*map(str, pictures.left_out)], "picture": str(out)}
        print(to_json(values))
    else:
        show_answers(answers, pictures.left_out)
        print_line(f"picture {out}")
