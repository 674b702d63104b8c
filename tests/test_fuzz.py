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


@pytest.mark.parametrize("kind", ["overrides", "files", "hostile", "groups", "archives"])
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


DEAR = {  # what would take hours or all memory if it were written out before it is counted
    "circle": (
        "circle",
        (["b1", "b2", "b0"], "{repeat: 3, layers: [@]}"),
        "the block 'b0' uses itself (b0 -> b1 -> b2",
    ),
    "itself": ("circle", (["b0"], "{residual: {layers: [@]}}"), "the block 'b0' uses itself (b0 -> b0)"),
    "repeats": ("repeats", (["1000000000"] * 9, "{block: b}"), "Unknown block 'b'"),
    "endless": ("repeats", (["1000000000"] * 9, "{type: Dropout, rate: 0.5}"), "stands for more than 500 layers"),
    "deep": ("deep", ("{repeat: 1, layers: [", "]}", 20_000, True), "is larger than 128 KiB"),
    "groups": ("deep", ("{residual: {layers: [", "]}}", 21, False), "nested more than 30 deep"),
    "doubling": ("doubling", (19, 4, "{repeat: 3, layers: [@]}"), "nested more than 20 deep"),
    "tripling": ("doubling", (12, 3, "@"), "stands for more than 500 layers"),
    "growing": ("repeats", (["160"], "{type: UpSampling2D, size: 2}"), "more than 2147483647 numbers"),
    "shrinking": ("long", ("{type: Conv2D, filters: 1, kernel_size: 3}", 490, "{block: x}"), "Unknown block 'x'"),
    "sizes": ("repeats", (["490"], "{type: Conv2D, filters: 1, kernel_size: 3}"), "no image size up to "),
}


@pytest.mark.parametrize("name", DEAR)
def test_a_network_that_means_harm_is_refused_within_seconds(fuzz: ModuleType, name: str) -> None:
    from fuzzing import groups

    make, arguments, line = DEAR[name]
    outcome = fuzz.feed(groups.case_of(getattr(groups, make)(*arguments)))
    assert outcome.status == "refused", outcome.what
    assert line in outcome.what


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
