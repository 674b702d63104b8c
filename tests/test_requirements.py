"""What a person is told to install is what the project asks for, and nobody else's package."""

import re
import shlex
import tomllib

from tests.conftest import ROOT

from deeplab.sweep.launch.choose import LAUNCHERS
from deeplab.tracking.provenance import DISTRIBUTION
from deeplab.workflows.doctor import CUDA
from deeplab.workflows.export.formats import FORMATS

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_nobody_is_sent_to_the_package_of_another_project() -> None:
    """On the public index `deeplab` is somebody else's; a bare name or an extra of it would install that."""
    kept = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "conf").rglob("*.yaml")]
    kept += [path for folder in ("src", "scripts") for path in (ROOT / folder).rglob("*.py")]
    told = re.compile(r"pip install[^\n]*?[ '\"]deeplab\b(?!-)")
    assert len(kept) > 300
    assert [str(path) for path in kept if told.search(path.read_text()) or "deeplab[" in path.read_text()] == []


def test_what_messages_say_to_install_is_what_the_project_asks_for() -> None:
    assert PROJECT["name"] == DISTRIBUTION
    extras = PROJECT["optional-dependencies"]
    assert {kind: [package] for kind, (_, package) in LAUNCHERS.items()} == {k: extras[k] for k in ("ray", "slurm")}
    assert list(FORMATS["onnx"].packages) == extras["onnx"]
    assert extras["gpu"] == [CUDA]
    for kind, (_, package) in LAUNCHERS.items():
        assert f"pip install '{package}'" in (ROOT / "conf" / "launcher" / f"{kind}.yaml").read_text()
    assert shlex.join(("pip", "install", *extras["onnx"])) in (ROOT / "docs" / "use.md").read_text()
