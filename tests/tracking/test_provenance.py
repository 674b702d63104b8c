"""What was installed when a run began is kept, and read under the names that the project has used."""

from importlib.metadata import Distribution, PathDistribution, distributions
from pathlib import Path

import pytest

from deeplab.config.compose import compose
from deeplab.config.schema import TrackingConfig
from deeplab.report.provenance import provenance
from deeplab.study.matching import result_of
from deeplab.study.results import ResultKey
from deeplab.tracking import provenance as installed
from deeplab.tracking.find import run_by_id
from deeplab.tracking.read import read_packages
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import open_store


def distribution(folder: Path, name: str, version: str) -> Distribution:
    info = folder / f"{name}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    return PathDistribution(info)


def test_packages_are_written_under_the_names_that_pip_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = [distribution(tmp_path, name, "0.1.0") for name in ("zipp", "deeplab-experiments", "Keras")]
    monkeypatch.setattr(installed, "distributions", lambda: here)
    assert installed.installed_packages() == "deeplab-experiments==0.1.0\nKeras==0.1.0\nzipp==0.1.0\n"


def test_packages_are_those_that_the_standard_library_reads() -> None:
    read = {package.metadata["Name"]: package.version for package in distributions() if package.metadata["Name"]}
    assert dict(line.split("==", 1) for line in installed.installed_packages().splitlines()) == read


def test_a_package_without_metadata_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.dist-info").mkdir()
    monkeypatch.setattr(installed, "distributions", lambda: [PathDistribution(tmp_path / "broken.dist-info")])
    assert installed.installed_packages() == ""


@pytest.mark.parametrize("name", ["deeplab", "deeplab-experiments"])
def test_a_run_is_read_with_the_name_of_yesterday_and_of_today(name: str, folder: Path) -> None:
    values = compose(["model=cnn"]).values
    store = open_store(TrackingConfig(None, "deeplab", "all", "all"))
    with RunLog.begin(store, "one", values, {"deeplab.kind": "train"}, None) as log:
        log.log_text("packages.txt", f"absl-py==2.0\n{name}==0.1.0\nkeras==3.15.1\nnumpy==2.4.0\n")
        log.end("FINISHED")
    run = run_by_id(store, log.run_id)
    expected = {"absl-py": "2.0", "deeplab": "0.1.0", "keras": "3.15.1", "numpy": "2.4.0"}
    assert list(read_packages(store, run).items()) == list(expected.items())
    assert result_of(store, run, ResultKey("one", "", 1, "0" * 16)).versions == "deeplab-0.1.0 keras-3.15.1 numpy-2.4.0"
    told = str(provenance(store, run, [run]))
    assert "deeplab 0.1.0, keras 3.15.1, numpy 2.4.0" in told
    assert "deeplab-experiments==0.1.0" in told  # never a line for pip that names somebody else's package
    assert "deeplab==0.1.0" not in told
