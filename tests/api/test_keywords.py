import re
from pathlib import Path
from typing import Any

import pytest

import deeplab
from deeplab.api.keywords import override, overrides_of, store_uri
from deeplab.config.overrides import parse_override


@pytest.mark.parametrize(
    ("function", "keywords", "message"),
    [
        (deeplab.train, {"epoch": 3}, r"Unknown keyword 'epoch' in deeplab.train. Did you mean 'epochs'\? Known: "),
        (deeplab.sweep, {"replicate": 3}, r"Unknown keyword 'replicate' in deeplab.sweep. Did you mean 'replicates'\?"),
        (deeplab.train, {"model": "cnn"}, "Everything else is an override, as in 'model=cnn'."),
        (deeplab.runs, {"were": "x"}, r"Did you mean 'where'\?"),
        (deeplab.train, {"epochs": "many"}, r"^epochs: must be a whole number, as in 5, got 'many'\.$"),
        (deeplab.train, {"epochs": 0}, "^training.epochs: must be greater than 0"),
        (deeplab.train, {"name": 3}, r"^name: must be text, got 3\.$"),
        (deeplab.train, {"store": 3}, r"^store: must be a path, got 3\.$"),
        (deeplab.train, {"code": 3}, r"^code: must be a path, got 3\.$"),
        (deeplab.load, {"run": 3}, r"^run: must be text, got 3\.$"),
        (deeplab.runs, {"where": 3}, r"^where: must be text, got 3\.$"),
        (deeplab.runs, {"limit": -1}, r"^limit must be at least 1, got -1\.$"),
        (deeplab.verify, {"what": 3}, r"^what: must be a file of 'deeplab pack', or a run or its name, got 3\.$"),
        (deeplab.verify, {"what": "a.zip", "seed": "x"}, r"^seed: must be a whole number, as in 5, got 'x'\.$"),
        (deeplab.train, {"resume": "latest", "data": ()}, "leave data=... out"),
        (deeplab.sweep, {"trials": 3}, "There is nothing to compare: give a key several values"),
    ],
)
def test_what_is_wrong_is_one_line(
    function: Any, keywords: dict[str, object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(deeplab.UserError, match=message) as raised:
        function(**keywords)
    assert "\n" not in str(raised.value)
    # A notebook shows the cell and the door, not what is behind it.
    assert len(raised.traceback) <= 3


def test_a_value_that_is_given_twice_is_refused() -> None:
    message = "'training.epochs=2' and the keyword for training.epochs say the same thing: give one of them."
    with pytest.raises(deeplab.UserError, match=re.escape(message)):
        deeplab.train("training.epochs=2", epochs=3)


def test_an_override_is_text() -> None:
    with pytest.raises(deeplab.UserError, match="An override is text"):
        deeplab.train({"model": "cnn"})  # type: ignore[arg-type]


def test_keywords_are_overrides_as_they_would_be_typed() -> None:
    given = {"epochs": 3, "seed": 7, "name": None, "store": "runs.db", "quiet": True}
    assert overrides_of(("model=cnn",), given) == [
        "model=cnn",
        "training.epochs=3",
        "seed=7",
        "tracking.uri=sqlite:///runs.db",
    ]
    assert store_uri("http://127.0.0.1:5000") == "http://127.0.0.1:5000"


@pytest.mark.parametrize(
    "value", ["plain", "a, b", "it's", "a\\b", "a\\'b", "ends in \\", "[1,2]", "x=y", "sqlite:///a b.db", "ü"]
)
def test_a_value_is_quoted_so_that_it_is_read_as_it_was(value: str) -> None:
    assert parse_override(override("name", value)).value == value
