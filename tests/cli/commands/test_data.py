"""`deeplab data`: what it prints, draws and refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which everything happens."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_data_sets_are_described_and_nothing_is_left_behind(cli: Cli, empty: Path) -> None:
    status, out, err = cli("data", "digits", "bumps", "validation=random")
    assert (status, err) == (0, "")
    assert "28x28x1 images (bytes), 10 classes" in out
    assert "all      1,150        288  359" in out
    assert "test rows that are training rows, too       0 of 359" in out
    assert "2 numbers (floats), values to predict: 1" in out
    assert not list(empty.iterdir())


def test_a_table_says_by_itself_what_its_targets_are(cli: Cli, empty: Path) -> None:
    rows = "".join(f"{number},{number / 7},{number % 3 / 2}\n" for number in range(40))
    (empty / "t.csv").write_text(f"a,b,c\n{rows}")
    for target, line in (("b", "the target b is a number"), ("[b,c]", "the 2 targets are numbers")):
        status, out, err = cli("data", "csv", "dataset.path=t.csv", f"dataset.target={target}")
        assert (status, err) == (0, "")
        assert line in out
    status, _, err = cli("data", "csv", "dataset.path=t.csv", "dataset.target=b", "model.task=classification")
    assert (status, "is no class; choose a regression" in err) == (2, True)


def test_what_is_known_of_data_comes_as_json_with_a_picture(cli: Cli, empty: Path) -> None:
    status, out, _ = cli("data", "digits", "dataset.limit=100", "--json", "--out", "digits.png")
    (described,) = json.loads(out)
    assert status == 0
    assert described["rows"] == {"training": 80, "validation": 20, "test": 100}
    assert sum(described["classes"]["training"]) == 80
    assert (empty / described["picture"]).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("digtis",), "Unknown dataset 'digtis'. Did you mean 'digits'?"),
        (("digits", "iris", "--out", "a.png"), "--out is one file, and 2 data sets are named; name one."),
        (("digits", "--out", "a.jpg"), "--out a.jpg: its name must end in .png."),
        (("npz", "dataset.path=none.npz"), "dataset.path=none.npz: "),
    ],
)
def test_what_cannot_be_described_is_one_line(cli: Cli, empty: Path, words: tuple[str, ...], line: str) -> None:
    status, out, err = cli("data", *words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"deeplab: {line}")
    assert not list(empty.iterdir())
