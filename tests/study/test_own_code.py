"""A study whose entries take names from code of one's own."""

from pathlib import Path

import pytest

from deeplab.errors import UserError
from deeplab.report.page import CodeBlock
from deeplab.study.config import read_study
from deeplab.study.page import study_report
from deeplab.workflows.own_code import own_code

STUDY = """
title: Own
about: a data set of one's own
replicates: 2
entries:
  own:
    run: [dataset=made, model=mlp]
    figures:
      - {metric: test/accuracy, reported: 0.5, tolerance: 0.1, source: x}
"""


def test_the_page_names_the_file_in_every_command_and_is_not_written_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("study.yaml").write_text(STUDY)
    Path("mine.py").write_text("from deeplab.code import dataset\n\n@dataset\ndef made(rows=2): return 1\n")
    with own_code("mine.py"):
        page = study_report(read_study(Path()), [], Path())
    parts = [part for section in page.sections for part in section.parts]
    assert [part.text for part in parts if isinstance(part, CodeBlock)] == [
        "deeplab train --code mine.py dataset=made model=mlp",
        "deeplab study . --code mine.py",
    ]
    with pytest.raises(UserError, match=r"^Entry 'own': Unknown dataset 'made'\..* needs --code FILE\.$"):
        study_report(read_study(Path()), [], Path())
