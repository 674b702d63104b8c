from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplab.config.compose import Composer
from deeplab.config.errors import UserError
from deeplab.config.overrides import expand_override
from deeplab.sweep.grid import Axis, read_grid

GROUPS = {"model": {"cnn": 1, "cnn6": 1, "dense_relu": 1}}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("l2=1e-6,1e-3", ["l2=1e-06", "l2=0.001"]),
        ("l2=linspace(1e-6,1e-3,5)", ["l2=1e-06", "l2=0.00025075", "l2=0.0005005", "l2=0.00075025", "l2=0.001"]),
        ("l2=logspace(1e-6,1e-3,4)", ["l2=1e-06", "l2=1e-05", "l2=0.0001", "l2=0.001"]),
        ("model.units=linspace(2,6,3)", ["model.units=2", "model.units=4", "model.units=6"]),
        ("model.units=linspace(1,2,3)", ["model.units=1.0", "model.units=1.5", "model.units=2.0"]),
        ("training.epochs=range(1,4)", ["training.epochs=1", "training.epochs=2", "training.epochs=3"]),
        ("model=glob(cnn*)", ["model=cnn", "model=cnn6"]),
        ("dataset.path='a,b','c d'", ["dataset.path='a,b'", "dataset.path='c d'"]),
        ("training.epochs=3", ["training.epochs=3"]),
    ],
)  # fmt: skip
def test_an_override_becomes_one_for_each_value(text: str, values: list[str]) -> None:
    assert expand_override(text, GROUPS) == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("l2=range(5,5)", "no value to sweep over"),
        ("model=glob(rnn*)", "no value to sweep over"),
        ("l2=logspace(-6,-3,4)", "not as exponents"),
        ("l2=linspace(1,2)", r"write linspace\(FIRST,LAST,COUNT\)"),
        ("l2=linspace(1,2,1)", "a count of at least 2"),
        ("l2=linspace(1,inf,3)", r"write linspace\(FIRST,LAST,COUNT\)"),
        ("seed=range(0,1000000)", "more than 100,000 values"),
        ("seed=shuffle(range(1,1e12))", "more than 100,000 values"),
        ("seed=sort(range(1,1e12),reverse=true)", "more than 100,000 values"),
        ("seed=range(0,1e17)", "more than 100,000 values"),
        (f"seed=range(0,1{'0' * 400})", "more than 100,000 values"),
        ("l2=range(0,1,inf)", "with a STEP other than 0"),
        ("seed=range(0,inf)", "more than 100,000 values"),
        ("l2=range(1,5,0)", "with a STEP other than 0"),
        ("l2=range(0,1,0.0)", "with a STEP other than 0"),
        ("l2=range(nan,1)", "with a STEP other than 0"),
        ("l2=range(0,1,nan)", "with a STEP other than 0"),
        ("l2=1e-6,", "cannot be read"),
    ],
)
def test_what_gives_no_values_is_refused(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        expand_override(text, GROUPS)


@given(st.floats(1e-12, 1e3), st.floats(1.0001, 1e6), st.integers(2, 50))
def test_spaced_values_rise_from_end_to_end(low: float, ratio: float, count: int) -> None:
    for kind in ("linspace", "logspace"):
        texts = expand_override(f"l2={kind}({low},{low * ratio},{count})", {})
        values = [float(text.removeprefix("l2=")) for text in texts]
        assert len(values) == count
        assert values == sorted(values)
        assert values[0] == pytest.approx(low, rel=1e-11)
        assert values[-1] == pytest.approx(low * ratio, rel=1e-11)


def test_axes_multiply_and_the_first_varies_slowest() -> None:
    grid, first = read_grid(["model=mlp_64_64", "l2=1e-6,1e-3", "seed=1,2"], Composer())
    assert grid.common == ("model=mlp_64_64",)
    assert grid.axes == (Axis("l2", ("1e-06", "0.001")), Axis("seed", ("1", "2")))
    assert [tuple(point.values()) for point in grid.points()] == [
        ("1e-06", "1"),
        ("1e-06", "2"),
        ("0.001", "1"),
        ("0.001", "2"),
    ]
    assert first.config.l2 == 1e-6


def test_an_experiment_brings_its_grid_and_the_command_line_has_the_last_word() -> None:
    grid, _ = read_grid(["experiment=l2_weight_decay"], Composer())
    assert [(axis.key, len(axis.values)) for axis in grid.axes] == [("l2", 5)]
    grid, _ = read_grid(["experiment=l2_weight_decay", "l2=0.1,0.2"], Composer())
    assert grid.axes == (Axis("l2", ("0.1", "0.2")),)
    grid, first = read_grid(["experiment=l2_weight_decay", "l2=0.1"], Composer())
    assert grid.axes == ()
    assert first.config.l2 == 0.1


def test_a_list_of_a_yaml_file_is_an_axis(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\n# mine\ndefaults:\n  - override /model: mlp_64_64\nsweep: {grid: {seed: [3, 4]}}\n"
    )
    grid, _ = read_grid(["experiment=mine"], Composer(tmp_path))
    assert grid.axes == (Axis("seed", ("3", "4")),)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("l2=0.1,0.1", "l2=0.1 is in the sweep twice"),
        ("l2=0.1,0.2 l2=0.3,0.4", "l2 is given twice"),
        ("l2=0.1,0.2 l2=0.3", "l2 is given twice"),
        ("tags.x=1,2", "compares nothing"),
        ("tracking.plots=all,none", "compares nothing"),
        ("replicates=1,2", "compares nothing"),
    ],
)
def test_axes_that_compare_nothing_are_refused(override: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_grid(["model=mlp_64_64", *override.split()], Composer())
