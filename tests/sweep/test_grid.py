from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from deeplab.config.compose import Composer
from deeplab.config.overrides import expand_override
from deeplab.errors import UserError
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
        ("l2=logspace(1e-320,1e300,5)", "too far apart"),
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


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("range(0.1,0.4,0.1)", ["0.1", "0.2", "0.3", "0.4"]),  # Hydra's own range leaves 0.4 in, by its rounding
        ("range(0.1,0.3,0.1)", ["0.1", "0.2"]),
        ("range(0,1,0.1)", ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9"]),
        ("range(1,0.1,-0.3)", ["1.0", "0.7", "0.4", "0.1"]),
        ("range(0,10,3.3)", ["0.0", "3.3", "6.6", "9.9"]),
        ("range(1e-6,4e-6,1e-6)", ["1e-06", "2e-06", "3e-06"]),
        ("range(1,7,2)", ["1", "3", "5"]),
    ],
)
def test_a_range_is_named_in_the_decimals_it_was_written_in(text: str, values: list[str]) -> None:
    assert expand_override(f"l2={text}", {}) == [f"l2={value}" for value in values]


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(-20, 20).filter(bool), st.sampled_from([0, 1, 2, 6]))
def test_a_range_is_that_of_hydra_up_to_its_rounding(start: int, stop: int, step: int, digits: int) -> None:
    numbers = [str(Decimal(number).scaleb(-digits)) for number in (start, stop, step)]
    text = f"range({','.join(numbers)})"
    parsed = OverridesParser.create().parse_override(f"l2={text}").value()
    expected = list(parsed.range())
    found = expand_override(f"l2={text}", {}) if expected else []
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        value = one.removeprefix("l2=")
        assert float(value) == pytest.approx(other, rel=1e-12, abs=1e-15)
        assert Decimal(value) % Decimal(1).scaleb(-digits) == 0  # no more digits than were written
    with pytest.raises(UserError) if not expected else nullcontext():
        expand_override(f"l2={text}", {})


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
    assert first.run.config.l2 == 1e-6


def test_an_experiment_brings_its_grid_and_the_command_line_has_the_last_word() -> None:
    grid, _ = read_grid(["experiment=l2_weight_decay"], Composer())
    assert [(axis.key, len(axis.values)) for axis in grid.axes] == [("l2", 5)]
    grid, _ = read_grid(["experiment=l2_weight_decay", "l2=0.1,0.2"], Composer())
    assert grid.axes == (Axis("l2", ("0.1", "0.2")),)
    grid, first = read_grid(["experiment=l2_weight_decay", "l2=0.1"], Composer())
    assert grid.axes == ()
    assert first.run.config.l2 == 0.1


def test_a_list_of_a_yaml_file_is_an_axis(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\n# mine\ndefaults:\n  - override /model: mlp_64_64\nsweep: {grid: {seed: [3, 4]}}\n"
    )
    grid, _ = read_grid(["experiment=mine"], Composer(tmp_path))
    assert grid.axes == (Axis("seed", ("3", "4")),)


@pytest.mark.parametrize("values", ["1,2", "0,1", "4294967294,4294967295"])
def test_values_that_differ_are_not_taken_for_one(values: str) -> None:
    grid, _ = read_grid(["model=mlp_64_64", f"seed={values}"], Composer())
    assert grid.axes == (Axis("seed", tuple(values.split(","))),)


def test_a_file_may_be_called_by_a_number(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    for name in ("123", "1e3", "true"):
        (tmp_path / "model" / f"{name}.yaml").write_text(
            "# Small\nname: small\nlayers: [{type: Flatten}, {type: Dense, units: num_classes, activation: softmax}]\n"
        )
    composer = Composer(tmp_path)
    for name in ("123", "1e3", "true", "'123'"):
        assert composer.compose([f"model={name}"]).config.model.name == "small"
    for name, told in (("124", "Did you mean '123'?"), ("0123", "Did you mean '123'?"), ("null", "Known: 123, ")):
        with pytest.raises(UserError, match=rf"^Unknown model '{name}'\. .*{told}"):
            composer.compose([f"model={name}"])
    grid, _ = read_grid(["model=123,cnn"], composer)
    assert grid.axes == (Axis("model", ("123", "cnn")),)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("l2=0.1,0.1", "l2=0.1 is in the sweep twice"),
        ("l2=1,1.0", "l2=1.0 is in the sweep twice, as 1 and 1.0. To train a point several times: replicates=3."),
        ("l2=choice(0.001,1e-3)", "l2=0.001 is in the sweep twice"),
        ("l2=100,1e2", r"l2=100.0 is in the sweep twice, as 100 and 100\.0"),
        ("dataset=xor,'xor'", "dataset='xor' is in the sweep twice, as xor and 'xor'"),
        ("training.monitor=loss,'loss'", "training.monitor='loss' is in the sweep twice, as loss and 'loss'"),
        ("model.units=[1,2],[1,2.0]", r"model.units=\[1,2.0\] is in the sweep twice, as \[1,2\] and"),
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


def test_a_grid_of_billions_of_which_no_point_is_sound_ends_at_once() -> None:
    with pytest.raises(UserError, match=r"100 of 10,?000,?000,?000 points cannot be trained; nothing was started"):
        read_grid(["l2=range(-100000,0)", "seed=range(0,100000)", "model=mlp_64_64"], Composer())
