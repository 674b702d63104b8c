"""Classes or numbers: what a table's target is, told without being told."""

import os
from pathlib import Path
from typing import Any

import pytest

from deeplab.errors import UserError
from deeplab.tables import target_task
from deeplab.tables import task as module

TEXT = {"separator": "auto", "decimal": ".", "encoding": "utf-8"}


def csv(path: Path, values: list[Any]) -> dict[str, Any]:
    path.write_text("\n".join(["x,y", *(f"0,{value}" for value in values)]) + "\n")
    return {"kind": "csv", "path": str(path), "target": "y", **TEXT}


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["b", "a", "b"], "classification"),
        (["true", "false"], "classification"),
        ([0, 1, 2, 1, 0, 2], "classification"),
        (["1.0", "2.0", "", "1.0", "2.0"], "classification"),
        (list(range(20)) * 2, "classification"),
        (list(range(21)) * 2, "regression"),
        ([1, 2, 3], "regression"),
        ([0.5, 1.5, 0.5, 1.5], "regression"),
    ],
)
def test_texts_booleans_and_few_whole_numbers_are_classes(tmp_path: Path, values: list[Any], task: str) -> None:
    assert target_task(csv(tmp_path / "t.csv", values)) == task


def test_several_targets_are_numbers_and_built_in_tables_are_known() -> None:
    assert target_task({"kind": "csv", "target": ["a", "b"]}) == "regression"
    tasks = {kind: target_task({"kind": kind}) for kind in ("iris", "wine", "breast_cancer", "diabetes")}
    assert [kind for kind, task in tasks.items() if task == "regression"] == ["diabetes"]


def test_a_file_is_read_again_once_it_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    dataset = csv(path, ["a", "b"])
    read: list[str] = []
    there = module.read_table
    monkeypatch.setattr(
        module, "read_table", lambda path, *rest, **more: read.append(path) or there(path, *rest, **more)
    )
    assert [target_task(dataset) for _ in range(3)] == ["classification"] * 3
    os.utime(path, ns=(1, 1))
    csv(path, [0.5, 1.5])
    assert target_task({**dataset, "target": ["y"]}) == "regression"
    assert len(read) == 2


def test_what_is_wrong_is_told_here_or_by_the_schema(tmp_path: Path) -> None:
    dataset = csv(tmp_path / "t.csv", ["a", "b"])
    with pytest.raises(UserError, match="Unknown column 'z' in dataset.path=.*Known: x, y"):
        target_task({**dataset, "target": "z"})
    with pytest.raises(UserError, match="there is no such file"):
        target_task({**dataset, "path": "nothing.csv"})
    for lacking in ({"kind": "csv"}, {**dataset, "target": 3}, {**dataset, "encoding": None}):
        assert target_task(lacking) == "classification"
