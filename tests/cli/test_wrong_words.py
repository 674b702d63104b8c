"""What a student types by mistake: one line that says what to type instead, status 2, and nothing is left."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import Outcome

CODE = "from deeplab.code import loss, metric, schedule\n\n@loss\ndef focal(y_true, y_pred):\n    return y_true\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("train", "--epochs", "3"),
            r"No such option: --epochs\. .* has no dashes: training\.epochs=3\. See .* train --help\.$",
        ),
        (("train", "-m", "cnn"), r"No such option: -m\. What differs from the defaults has no dashes"),
        (("status", "--epochs", "3"), r"No such option: --epochs\. See .* status --help\.$"),
        (("train", "epochs=3"), r"Unknown key 'epochs'\. Did you mean 'training\.epochs'\?$"),
        (("train", "mdel=cnn"), r"Unknown key 'mdel'\. Did you mean 'model'\?"),
        (("train", "model", "=", "cnn"), r"Override 'model' cannot be read; write key=value"),
        (("train", "cnn"), r"Override 'cnn' cannot be read; write key=value"),
        (("train", "model=cnn,cnn_dropout"), r"Override .* has several values; .* For all of them: deeplab sweep\.$"),
        (("train", "optimizer.learning_rate=0,1"), r"Override .* has several values; one run takes one"),
        (("train", "training.epochs=three"), r"training\.epochs: must be an integer, got \"three\"\.$"),
        (("train", "training.epochs=0"), r"training\.epochs: must be greater than 0, got 0\.$"),
        (("train", "dataset=minst"), r"Unknown dataset 'minst'\. Did you mean 'mnist'\?"),
        (("train", "dataset=csv"), r"dataset\.path must be given: dataset\.path=\.\.\.$"),
        (
            ("train", "training.metrics=f1_macro"),
            r"training\.metrics: must be a list, .* A list has brackets: \[f1_macro\]$",
        ),
        (("train", "model.layers=[Dense]"), r"model\.layers\[0\]: must be a mapping, got \"Dense\"\.$"),
        (("train", "model.layers=[{type: Dense}]"), r"model\.layers\[0\] \(Dense\) needs units\.$"),
        (("train", "code=mine.py"), r"Override 'code=mine\.py': 'code' is no key: .* --code FILE\.$"),
        (("train", "--code"), r"Option '--code' requires an argument\.$"),
        (("train", "--code", "mine"), r"--code mine: must be a Python file"),
        (
            ("train", "--code", "mine.py", "training.loss=focl"),
            r"training\.loss: .* 'focal'\? mine\.py declares focal\.$",
        ),
        (("sweep", "model=cnn"), r"There is nothing to compare: give a key several values"),
        (("sweep", "--search", "bayes", "--trials", "3", "l2=0.1,1"), r"Unknown search 'bayes'\. Known: asha"),
        (("decide", "model=cnn,mlp"), r"Without a margin equal points are trained for ever\. Give --margin"),
        (("why", "model=cnn", "model=cnn"), r"A and B are the same configuration: there is nothing to explain\.$"),
        (("show", "latest"), r"There is no store"),
        (("study", "."), r"study\.yaml: No such file or directory\. Give a folder with a study\.yaml"),
        (("trian",), r"No such command 'trian'\. Did you mean 'train'\?"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_a_slip_is_one_line(
    words: tuple[str, ...], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Callable[..., Outcome]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(CODE)
    done = cli(*words)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert re.search(rf"^deeplab: {line}", done.err.rstrip("\n")), done.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]
