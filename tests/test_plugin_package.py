"""The package of docs/plugins.md, installed as anybody's would be, adds what the page says."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import ROOT, Outcome

pytestmark = pytest.mark.slow

PACKAGE = Path(__file__).parent / "plugin_package"
PAGE = (ROOT / "docs" / "plugins.md").read_text().partition("\n## A package\n")[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the package and nothing else."""
    wheels, target = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)]
    done = subprocess.run(build, capture_output=True, text=True, check=False, cwd=PACKAGE)
    assert done.returncode == 0, done.stderr
    (wheel,) = wheels.glob("*.whl")
    # The environment of the tests may have no pip of its own; the Python that made it has.
    pip = [str(Path(sys.executable).resolve()), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    done = subprocess.run([*pip, "--target", str(target), str(wheel)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def deeplab(line: str, cwd: Path, *paths: Path) -> Outcome:
    """Carry out a command line with these folders among those that Python looks into."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "src", *paths)))}
    program = [sys.executable, "-c", "from deeplab.cli.main import main; main()", *shlex.split(line)[1:]]
    done = subprocess.run(program, capture_output=True, text=True, check=False, cwd=cwd, env=environment)
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "conf").symlink_to(PACKAGE / "conf")
    return tmp_path


def test_what_the_page_says_works_where_the_package_is_installed(installed: Path, here: Path) -> None:
    dry, trained = re.findall(r"^deeplab train .*$", PAGE, re.MULTILINE)
    shown = deeplab(dry, here, installed)
    assert (shown.status, shown.err) == (0, "")
    assert "stripes: 160 rows to train, 40 to validate, 100 to test; 12x12x1, 2 classes" in shown.out
    assert re.search(r"scale\w*_1 +ChannelScale +10x10x4 +4\b", shown.out), shown.out
    assert not (here / "mlflow.db").exists()
    result = deeplab(trained, here, installed)
    assert (result.status, result.err) == (0, "")
    assert (here / "mlflow.db").exists()
    wrong = deeplab(f"{dry} dataset.options.train=0", here, installed)
    why = "deeplab: dataset.options: train and test are numbers of images, 2 or more.\n"
    assert (wrong.status, wrong.err) == (2, why)


def test_without_the_package_the_name_is_unknown(here: Path) -> None:
    dry = next(iter(re.findall(r"^deeplab train .*$", PAGE, re.MULTILINE)))
    refused = deeplab(dry, here)
    assert refused.status == 2
    assert refused.err.startswith("deeplab: Unknown layer 'ChannelScale' in model.layers[1]")


def test_the_files_that_the_page_names_and_shows_are_those_of_the_package() -> None:
    named = re.findall(r"`tests/plugin_package/([\w./]+)`", PAGE)
    assert len(named) >= 5
    assert [path for path in named if not (PACKAGE / path).exists()] == []
    shown = re.findall(r"```(?:toml|yaml)\n(.*?)```", PAGE, re.DOTALL)
    everything = "\n".join(path.read_text() for path in PACKAGE.rglob("*") if path.suffix in (".toml", ".yaml"))
    assert len(shown) >= 2
    assert [block for block in shown if block not in everything] == []
