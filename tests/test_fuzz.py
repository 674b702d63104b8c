"""Random input of every kind is prepared or refused in one line; scripts/fuzz.py feeds much more of it."""

import importlib
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from deeplab.cli.terminal import dry_run

pytestmark = pytest.mark.slow

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"


@pytest.fixture(scope="module")
def fuzz() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPTS))
        module = importlib.import_module("fuzz")
        with module.isolated():
            module.import_libraries()
            yield module


@pytest.mark.parametrize("kind", ["overrides", "files", "hostile", "archives"])
def test_any_input_is_prepared_or_refused_in_one_line(fuzz: ModuleType, kind: str) -> None:
    seen = set()

    @settings(
        max_examples=60,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],  # to find the smallest input takes minutes; the script does it
        suppress_health_check=list(HealthCheck),
    )
    @given(fuzz.KINDS[kind]())
    def feed(case: Any) -> None:
        outcome = fuzz.feed(case)
        assert outcome.status != "failed", f"{case.commands()}\n{outcome.what}"
        seen.add(outcome.status)

    feed()
    assert {"valid", "refused"} <= seen


def crash(*_: Any) -> None:
    raise KeyError("lost")


def warn(*_: Any) -> None:
    warnings.warn("careful", stacklevel=1)


def print_to_stderr(*_: Any) -> None:
    print("careful", file=sys.stderr)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (crash, "KeyError: 'lost'"),
        (warn, "printed: UserWarning: careful"),
        (print_to_stderr, "printed: careful"),
    ],
)
def test_what_is_neither_is_a_failure(
    fuzz: ModuleType, broken: Any, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = fuzz.Case(("dataset.image_size=8", "dataset.limit=50", "model=dense_linear"))
    assert fuzz.feed(case).status == "valid"
    show = dry_run.show_dry_run
    monkeypatch.setattr(dry_run, "show_dry_run", lambda composed: (show(composed), broken()))
    outcome = fuzz.feed(case)
    assert outcome.status == "failed"
    assert told in outcome.what


def test_an_input_is_told_as_commands(fuzz: ModuleType) -> None:
    case = fuzz.Case(("model=mine", "name=a\nb"), (("conf/model/mine.yaml", b"name: x\n"),))
    assert case.commands().splitlines() == [
        'cd "$(mktemp -d)"',
        "mkdir -p conf/model",
        "echo bmFtZTogeAo= | base64 -d > conf/model/mine.yaml",
        "#   name: x",
        "deeplab train --dry-run --config-dir conf -- model=mine $'name=a\\x0ab'",
    ]
