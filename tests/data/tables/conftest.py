"""A table of penguins, drawn: numbers, categories, booleans, dates, missing values, groups."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deeplab.config.compose import compose
from deeplab.config.schema import ExperimentConfig
from deeplab.data.load import load
from deeplab.data.splits import Splits

Load = Callable[..., Splits]


def penguins(count: int = 300, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "mass": draw.normal(4200, 800, count).round(),
            "island": draw.choice(["Dream", "Biscoe", "Torgersen"], count),
            "tagged": draw.choice([True, False], count),
            "year": draw.integers(2007, 2010, count),
            "nest": draw.integers(0, 60, count),
            "species": draw.choice(["Gentoo", "Adelie", "Chinstrap"], count, p=[0.5, 0.3, 0.2]),
        }
    )
    frame["seen"] = (pd.Timestamp("2024-01-01") + pd.to_timedelta(draw.integers(0, 90, count), "D")).strftime(
        "%Y-%m-%d"
    )
    return frame


def with_gaps(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.copy()
    frame.loc[::7, "mass"] = np.nan
    frame.loc[3::11, "island"] = None
    return frame


def configured(path: Path, *overrides: str, target: str = "species") -> ExperimentConfig:
    return compose(["dataset=csv", f"dataset.path={path}", f"dataset.target={target}", *overrides]).config


@pytest.fixture
def load_frame(tmp_path: Path) -> Load:
    """Write a frame as CSV and load it."""

    def write_and_load(frame: pd.DataFrame, *overrides: str, target: str = "species", test: Any = None) -> Splits:
        frame.to_csv(tmp_path / "t.csv", index=False)
        more: Sequence[str] = ()
        if test is not None:
            test.to_csv(tmp_path / "test.csv", index=False)
            more = (f"dataset.test_path={tmp_path / 'test.csv'}",)
        return load(configured(tmp_path / "t.csv", *overrides, *more, target=target).dataset, tmp_path)

    return write_and_load
