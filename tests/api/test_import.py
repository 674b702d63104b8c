"""`import deeplab` costs nothing, and has what a notebook needs when it is asked for."""

import inspect
import json
import os
import subprocess
import sys

import pytest
from tests.conftest import ROOT

import deeplab
import deeplab.runs.query
import deeplab.sweep.plan


def modules_of(code: str) -> set[str]:
    """The packages beyond Python's own that a piece of code has imported in a process of its own."""
    report = f"{code}\nimport json, sys\nprint(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    # Without the packages that are installed, and so without their hooks.
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-S", "-c", report], capture_output=True, text=True, check=True, env=env)
    return set(json.loads(done.stdout)) - sys.stdlib_module_names - {"__main__", "__mp_main__"}


def test_the_import_loads_deeplab_and_nothing_else() -> None:
    assert modules_of("import deeplab, sys\nassert not sys.modules.keys() & {'inspect', 'asyncio'}") == {"deeplab"}


def test_errors_are_had_without_anything_heavy() -> None:
    assert modules_of("import deeplab\nassert issubclass(deeplab.UserError, Exception)") == {"deeplab"}


@pytest.mark.parametrize("name", deeplab.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(deeplab, name) is not None
    assert name in dir(deeplab)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'deeplab' has no attribute 'trian'"):
        deeplab.trian  # noqa: B018


def test_a_package_that_is_a_function_stays_a_package() -> None:
    assert deeplab.sweep.plan.plan_sweep is deeplab.sweep.plan.__dict__["plan_sweep"]
    assert callable(deeplab.sweep)
    assert callable(deeplab.runs)


@pytest.mark.parametrize(
    ("function", "keyword"),
    [(deeplab.train, "epochs"), (deeplab.sweep, "replicates"), (deeplab.runs, "limit"), (deeplab.load, "store")],
)
def test_the_signature_shows_the_keywords(function: object, keyword: str) -> None:
    assert keyword in inspect.signature(function).parameters  # type: ignore[arg-type]
