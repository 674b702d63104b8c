"""What is installed works from anywhere: the wheel, the scripts, the tools that keep the code in order."""

import ast
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]


def run(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, cwd=cwd)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_every_configuration_file_and_template(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    expected = {f"deeplab/conf/{path.relative_to(ROOT / 'conf')}" for path in (ROOT / "conf").rglob("*.yaml")}
    assert expected <= names
    assert len(expected) > 40
    assert {f"deeplab/report/templates/{name}" for name in ("page.html", "page.css")} <= names
    assert not [name for name in names if "test" in name.split("/")[0]]


def test_the_wheel_in_a_fresh_environment_trains_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    """The environment sees the libraries of this one, but no deeplab except the wheel's."""
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False)
    packages = environment / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    (packages / "libraries.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    python = environment / "bin" / "python"
    # The environment of the tests may have no pip of its own; the Python that made it has.
    base = Path(sys.executable).resolve()
    installed = run(base, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel)
    assert installed.returncode == 0, installed.stderr
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    where = run(python, "-c", "import deeplab; print(deeplab.__file__)", cwd=elsewhere)
    assert str(packages) in where.stdout
    done = run(
        *(environment / "bin" / "deeplab", "train", "model=dense_relu"),
        *("dataset.image_size=8", "training.epochs=1", "tracking.plots=none"),
        cwd=elsewhere,
    )
    assert done.returncode == 0, done.stderr
    assert "epoch 1/1" in done.stdout
    assert (elsewhere / "mlflow.db").exists()


def test_every_dependency_is_pinned_without_an_address() -> None:
    lines = (ROOT / "scripts" / "constraints.txt").read_text().splitlines()
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines if not line.startswith("#")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    names = {"".join(c if c.isalnum() or c in "-_" else " " for c in item).split()[0].lower() for item in wanted}
    assert names - pinned == set()
    assert not [line for line in lines if "/" in line or "@" in line]


def test_the_distribution_has_a_name_of_its_own_and_the_version_of_the_code(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(metadata).decode().splitlines()
    version = re.search('^__version__ = "(.+)"$', (ROOT / "src" / "deeplab" / "__init__.py").read_text(), re.MULTILINE)
    assert version is not None
    assert "Name: deeplab-experiments" in lines
    assert f"Version: {version[1]}" in lines
    assert "License-Expression: MIT" in lines


def test_every_script_shows_help_or_says_what_it_is() -> None:
    scripts = [path for path in (ROOT / "scripts").iterdir() if path.is_file() and path.suffix in ("", ".py")]
    assert len(scripts) >= 3
    assert [path.name for path in scripts if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_no_file_is_longer_than_300_lines() -> None:
    assert [str(path) for path in (ROOT / "src").rglob("*.py") if len(path.read_text().splitlines()) > 300] == []


@pytest.mark.parametrize("command", [("ruff", "check"), ("ruff", "format", "--check"), ("mypy",)])
def test_the_code_is_in_order(command: tuple[str, ...]) -> None:
    done = run(sys.executable, "-m", *command)
    assert done.returncode == 0, done.stdout
