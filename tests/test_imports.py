"""What imports what: down only, and nothing heavy before it is needed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from deeplab.config.schema import TrackingConfig
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import open_store

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("tensorflow", "keras", "mlflow", "matplotlib", "sklearn", "pandas", "optuna")


def imported(code: str) -> list[str]:
    """The heavy packages that a piece of code imports in a process of its own."""
    report = f"{code}\nimport json, sys\nprint('\\n' + json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout.splitlines()[-1]))


def command(arguments: list[str]) -> str:
    """Code that carries out a command line which ends well or is refused."""
    return (
        f"import sys\nsys.argv = ['deeplab', *{arguments!r}]\nfrom deeplab.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code in (0, 2), end.code\n"
    )


def test_imports_go_down_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(no_cache=True) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["train", "--help"],
        ["list"],
        ["list", "models"],
        ["train", "model=cnn_dropuot"],
        ["train", "training.epochs=0"],
        ["train", "l2=-1"],
        ["train", "experiment=l2_weight_decay"],
        ["sweep", "--help"],
        ["sweep", "model=mlp_64_64"],
        ["sweep", "model=mlp_64_64", "l2=1e-3,-1"],
        ["status", "--help"],
        ["explain", "--help"],
        ["explain", "latest", "1", "seed=2"],
        ["sweep", "--search", "bayes", "--trials", "3", "l2=interval(1,2)"],
        ["sweep", "--search", "tpe", "--trials", "3", "validation=none", "l2=interval(1,2)"],
        ["ui", "tracking.uri=nothing"],
        ["runs", "--help"],
        ["runs", "--where", "model"],
        ["runs", "conv"],
        ["runs", "tracking.uri=nothing"],
        ["show"],
        ["show", "latest", "tracking.uri=sqlite:///gone/mlflow.db"],
        ["compare", "latest", "--out", "x.pdf"],
        ["predict", "latest", "nothing.png"],
        ["export", "latest", "--to", "onx"],
        ["export", "latest", "--to", "python", "--out", "x.txt"],
        ["import", "nothing.keras", "--out", "mine.yaml"],
        ["reproduce", "latest", "seed=1"],
        ["evaluate", "--help"],
        ["report", "--help"],
        ["report", "latest", "--format", "pdf"],
    ],
)
def test_help_lists_and_configuration_errors_import_nothing_heavy(arguments: list[str]) -> None:
    assert imported(command(arguments)) == []


@pytest.mark.parametrize("arguments", [["runs"], ["show", "latest"], ["curves", "latest"], ["status"]])
def test_runs_are_looked_at_without_mlflow(folder: Path, arguments: list[str]) -> None:
    store = open_store(TrackingConfig(None, "deeplab", "all", "all"))
    tags = {"deeplab.kind": "train", "deeplab.parameters": "7"}
    with RunLog.begin(store, "a", {"model": {"name": "cnn"}, "training": {"epochs": 2}}, tags, None) as log:
        log.metrics(1, {"train/loss": 0.5, "val/loss": 0.6})
        log.end("FINISHED")
    assert imported(command(arguments)) == []


def test_the_check_can_fail() -> None:
    assert imported("import matplotlib") == ["matplotlib"]


def test_keras_is_loaded_without_what_it_can_do_without() -> None:
    loading = "from deeplab.imports import load_keras\nload_keras()"
    assert not {"sklearn", "matplotlib"} & set(imported(loading))
    assert {"sklearn", "matplotlib"} < set(imported(f"{loading}\nimport matplotlib\nimport sklearn"))


def test_a_download_that_fails_says_so_and_nothing_else(tmp_path: Path) -> None:
    fetching = (
        "from pathlib import Path\nfrom deeplab.data.download import fetch_file\n"
        "try:\n    fetch_file('http://127.0.0.1:9/x.npz', Path('.'), None)\nexcept OSError:\n    print('none')\n"
    )
    done = subprocess.run([sys.executable, "-c", fetching], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert (done.stdout.splitlines()[-1], done.stderr) == ("none", "")


def test_digits_are_read_without_scikit_learn() -> None:
    reading = (
        "from pathlib import Path\nfrom deeplab.config.compose import compose\nfrom deeplab.data.load import load\n"
        "assert len(load(compose(['dataset=digits']).config.dataset, Path('.')).train) == 1438"
    )
    assert imported(reading) == []


def test_garbage_is_looked_for_after_an_import_as_before_and_not_among_what_it_brought() -> None:
    code = (
        "import gc, sys\nfrom deeplab.imports import load\nsearched = []\n"
        "gc.callbacks.append(lambda phase, facts: searched.append(facts))\n"
        "load('json.tool', 'unittest.mock')\n"
        "assert {'json.tool', 'unittest.mock'} < set(sys.modules) and gc.isenabled() and not searched\n"
        "frozen = gc.get_freeze_count()\nkept = [[] for _ in range(100)]\nload('json.tool')\n"
        "assert 0 < gc.get_freeze_count() <= frozen\ngc.disable()\nload('unittest.case', 'wave')\n"
        "assert not gc.isenabled()"
    )
    assert imported(code) == []


def test_an_unknown_layer_is_found_before_tensorflow_is_imported(tmp_path: Path) -> None:
    code = (
        "from deeplab.config.compose import compose\nfrom deeplab.errors import UserError\n"
        "from pathlib import Path\nfrom deeplab.workflows.prepare import prepare\n"
        "config = compose(['model.layers.0.type=Conv2d']).config\n"
        "try:\n    prepare(config, Path('.'))\nexcept UserError as error:\n    assert 'Conv2D' in str(error)\n"
        "else:\n    raise AssertionError\n"
    )
    assert imported(code) == []
