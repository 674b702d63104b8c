"""A page of all figures of a folder of studies."""

from collections.abc import Callable
from pathlib import Path

from tests.conftest import Outcome
from tests.study.rows import rows_of

from deeplab.study.config import read_study
from deeplab.study.results import Results

STUDY = """
title: {name} networks
about: a
replicates: 3
entries:
  net:
    run: [seed={seed}]
    figures:
      - {{metric: test/accuracy, reported: 0.9, tolerance: 0.1, source: "A, test", explained: "It was dark"}}
      - {{metric: test/accuracy, minus: test/loss, at_least: 0, source: B}}
"""


def test_a_folder_of_studies_has_a_page_of_all_figures(folder: Path, cli: Callable[..., Outcome]) -> None:
    for seed, (name, values) in enumerate({"large": [0.5, 0.51, 0.52], "small": [0.9, 0.91, 0.92]}.items()):
        (folder / "all" / name).mkdir(parents=True)
        (folder / "all" / name / "study.yaml").write_text(STUDY.format(name=name, seed=seed))
        for row in rows_of(read_study(folder / "all" / name), "net", values):
            Results(folder / "all" / name).add(row)
    outcome = cli("study", "all", "--report")
    assert (outcome.status, outcome.err) == (4, "")
    assert outcome.out.endswith(
        "report all/README.md\n1 of 4 figures differ or fall short, 1 for a cause that is known; "
        "2 of 4 figures are not measured\n"
    )
    page = (folder / "all" / "README.md").read_text()
    assert "| figures reproduced | 1 of 2 |\n| figures that differ | 1 |" in page
    assert (
        "| net | test/accuracy | 0.9 ± 0.1 | A, test | 0.5100 ± 0.0100 | 0.4852 to 0.5348 | 3 | differs (1) |" in page
    )
    assert "\n(1) It was dark.\n" in page
    assert "| small networks | 1 | 0 | 0 | 1 | `small/README.md` |" in page
    assert (folder / "all" / "figures" / "all_figures.png").stat().st_size > 1000
    for name in ("large", "small"):
        assert (folder / "all" / name / "README.md").is_file()
    wrong = cli("study", "all", "--only", "net")
    assert (wrong.status, wrong.err) == (
        2, "deeplab: --only names entries of one study; all has 2. Give the folder of one.\n"
    )  # fmt: skip
    assert "study.yaml: No such file or directory." in cli("study", "nowhere").err
