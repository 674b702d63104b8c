"""`deeplab predict` on networks that were trained for it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from deeplab.cli.commands import predict as predictions_module
from deeplab.config.compose import compose
from deeplab.data.load import load
from deeplab.workflows import predict as predict_module

Use = Callable[..., Any]


@pytest.fixture(scope="module")
def digits() -> Any:
    return load(compose(["dataset.image_size=12"]).config.dataset, Path()).test


def write_digits(folder: Path, digits: Any, count: int) -> None:
    folder.mkdir(exist_ok=True)
    for number, image in enumerate(digits.images(slice(count))):
        Image.fromarray(image[..., 0]).save(folder / f"{number:04d}.png")


def test_pictures_of_test_rows_get_the_answers_that_the_rows_get(
    use: Use, trained: Any, digits: Any, tmp_path: Path
) -> None:
    import keras

    write_digits(tmp_path / "scans", digits, 40)
    status, out, err = use("predict", "digits", "scans", "--json", "--out", "seen.png")
    assert (status, err) == (0, "")
    said = json.loads(out)
    network = keras.saving.load_model(trained.model("digits"))
    expected = network.predict_on_batch(digits.images(slice(40)))
    found = np.array([[each["probabilities"][name] for name in "0123456789"] for each in said["images"]])
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert [each["class"] for each in said["images"]] == [str(index) for index in expected.argmax(axis=1)]
    first = said["images"][0]
    assert first["top"][0] == {"class": first["class"], "probability": first["probability"]}
    assert [each["probability"] for each in first["top"]] == sorted(first["probabilities"].values(), reverse=True)[:3]
    assert (said["run"], said["picture"]) == (trained.ids["digits"], "seen.png")
    with Image.open("seen.png") as picture:
        assert picture.width == 1000
        assert picture.height > 1200


def test_a_table_names_the_three_likeliest_and_says_what_was_inverted(use: Use, digits: Any, tmp_path: Path) -> None:
    write_digits(tmp_path, digits, 1)
    with Image.open("0000.png") as light:
        Image.fromarray(255 - np.array(light)).save("dark.png")
    status, out, err = use("predict", "digits", "0000.png", "dark.png")
    assert (status, err) == (0, "")
    lines = [line.split() for line in out.splitlines() if ".png" in line]
    assert lines[0][0] == "0000.png"
    assert lines[1][0] == "dark.png"
    assert lines[1][1] == "inverted"
    assert lines[0][1:] == lines[1][2:]
    assert lines[0][3] == "%"
    assert "1 of 2 images were inverted: digits is drawn light on dark, and the border says dark on light." in out
    assert "picture predictions.png" in out
    assert "Nothing is to be seen" not in out
    Image.new("L", (40, 50), 255).save("blank.png")
    assert "Nothing is to be seen on blank.png, and a network" in use("predict", "digits", "0000.png", "blank.png").out
    assert use("predict", "digits", ".").status == 0  # the picture of the last time is not asked about
    assert "predictions.png " not in use("predict", "digits", ".").out.replace("picture predictions.png", "")


def test_what_does_not_look_like_the_data_is_doubtful(use: Use, digits: Any, tmp_path: Path) -> None:
    write_digits(tmp_path, digits, 1)
    Image.fromarray((np.indices((12, 12)).sum(0) % 2 * 255).astype(np.uint8)).save("board.png")
    plain = np.full((160, 160), 255, np.uint8)
    with Image.open("0000.png") as digit:
        plain[30:130, 30:130] -= np.array(digit.resize((100, 100))) // 2
    Image.fromarray(plain).save("plain.png")
    framed = np.full_like(plain, 40)
    framed[6:-6, 6:-6] = plain[6:-6, 6:-6]
    Image.fromarray(framed).save("framed.png")
    _, out, _ = use("predict", "digits", "board.png", "0000.png", "framed.png")
    lines = {line.split()[0]: line.split() for line in out.splitlines() if ".png" in line}
    assert "doubtful" in lines["board.png"]
    assert "doubtful" not in lines["0000.png"]
    assert "1 of 3 images do not look like digits, so the answer is doubtful (board.png: " in out
    assert "A frame, an edge or specks on 1 of 3 images were left out; the picture shows what" in out
    said = json.loads(use("predict", "digits", "board.png", "plain.png", "framed.png", "--json").out)["images"]
    assert [each["trimmed"] for each in said] == [False, False, True]
    assert "many edges" in said[0]["unlike"]
    assert said[1]["unlike"] == []
    assert said[2]["probabilities"] == pytest.approx(said[1]["probabilities"], abs=0.05)


def test_what_is_left_out_of_a_folder_is_named(use: Use, digits: Any, tmp_path: Path) -> None:
    write_digits(tmp_path / "scans", digits, 2)
    with Image.open("scans/0000.png") as picture:
        picture.save("scans/0002.gif")
    for name in ("a.heic", "notes.txt", ".DS_Store"):
        Path("scans", name).write_text("hello")
    status, out, _ = use("predict", "digits", "scans")
    assert status == 0
    assert "scans/0002.gif" in out
    assert "left out, being no image files: scans/a.heic, scans/notes.txt\n" in out
    said = json.loads(use("predict", "digits", "scans", "--json").out)
    assert said["left_out"] == ["scans/a.heic", "scans/notes.txt"]
    assert [each["image"] for each in said["images"]] == [
        f"scans/{name}" for name in ("0000.png", "0001.png", "0002.gif")
    ]


def test_more_pictures_than_fit_a_batch_a_table_and_a_figure_are_all_asked_about(
    use: Use, digits: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict_module, "evaluation_batch_size", lambda network: 3)
    monkeypatch.setattr(predict_module, "MOST_SEEN", 4)
    monkeypatch.setattr(predictions_module, "MOST_ROWS", 5)
    write_digits(tmp_path / "many", digits, 8)
    _, out, _ = use("predict", "digits", "many")
    assert "and 3 more images; --json prints them all" in out
    assert out.count("many/") == 5
    said = json.loads(use("predict", "digits", "many", "--json").out)["images"]
    assert [each["image"] for each in said] == [f"many/{number:04d}.png" for number in range(8)]
    at_once = json.loads(use("predict", "digits", *sorted(str(path) for path in Path("many").iterdir()), "--json").out)
    assert [each["class"] for each in at_once["images"]] == [each["class"] for each in said]


def test_photographs_are_told_apart(use: Use, trained: Any) -> None:
    folder = trained.folder / "photos"
    status, out, _ = use("predict", "photos", str(folder / "red"), str(folder / "blue"), "--json")
    assert status == 0
    said = json.loads(out)["images"]
    assert np.mean([each["class"] == Path(each["image"]).parent.name for each in said]) > 0.9
    assert {each["inverted"] for each in said} == {False}


def test_bad_input_is_one_line_and_leaves_no_picture(use: Use, tmp_path: Path) -> None:
    Image.new("L", (5, 5)).save("good.png")
    Path("bad.png").write_text("x")
    Path("worse.jpg").write_text("x")
    Path("empty").mkdir()
    for words, line in (
        (("digits",), "Give an image or a folder of images"),
        (("digts", "good.png"), "There is no run 'digts'. Did you mean 'digits'?"),
        (("denoiser", "good.png"), "is for reconstruction and says no classes of images"),
        (("points", "good.png"), "takes 3 numbers, no images"),
        (("unsaved", "good.png"), "has no dataset.json, which is kept with the model: it was made with"),
        (("digits", "god.png"), "god.png: there is no such image or folder. Did you mean 'good.png'?"),
        (("digits", "empty"), "empty is empty"),
        (("digits", "bad.png"), "bad.png is not a PNG, JPEG, GIF, WebP, TIFF or BMP image"),
        (("digits", "good.png", "--out", "good.jpg"), "--out good.jpg: its name must end in .png"),
        (("digits", "good.png", "--out", "no/x.png"), "there is no folder"),
        (("digits", "good.png", "--out", "good.png"), "--out would write over it"),
    ):
        status, out, err = use("predict", *words)
        assert (status, out) == (2, ""), err
        assert line in err
        assert err.count("\n") == 1
    for pictures in (("good.png", "bad.png", "worse.jpg"), ("bad.png", "good.png", "worse.jpg")):
        status, _, err = use("predict", "digits", *pictures)
        assert status == 2
        assert err.splitlines() == [
            f"deeplab: {name} is not a PNG, JPEG, GIF, WebP, TIFF or BMP image." for name in ("bad.png", "worse.jpg")
        ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.png", "empty", "good.png", "worse.jpg"]


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda file: file.write_bytes(b"not a model"), "The model of run digits"),
        (lambda file: file.write_bytes(file.read_bytes()[:-2000]), "The model of run digits"),
        (lambda file: file.unlink(), "has lost its file data/model.keras"),
    ],
)
def test_a_model_file_that_is_broken_or_gone_is_one_line(
    use: Use, trained: Any, spoil: Callable[[Path], Any], line: str
) -> None:
    Image.new("L", (5, 5)).save("good.png")
    file = trained.model("digits")
    kept = file.read_bytes()
    try:
        spoil(file)
        status, _, err = use("predict", "digits", "good.png")
    finally:
        file.write_bytes(kept)
    assert status == 2
    assert line in err
    assert err.count("\n") == 1


def test_facts_that_are_broken_or_gone_are_one_line(use: Use, trained: Any) -> None:
    Image.new("L", (5, 5)).save("good.png")
    for artifact, command in (("dataset.json", "predict"), ("config.yaml", "predict")):
        file = trained.artifact("digits", artifact)
        kept = file.read_bytes()
        try:
            file.write_text("[1]")
            broken = use(command, "digits", "good.png")
            file.unlink()
            gone = use(command, "digits", "good.png")
        finally:
            file.write_bytes(kept)
        assert (broken.status, gone.status) == (2, 2)
        assert f"The {artifact} of run digits" in broken.err
        assert f"has no {artifact}" in gone.err
        assert (broken.err.count("\n"), gone.err.count("\n")) == (1, 1)
