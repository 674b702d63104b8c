"""A file of --code: what it declares, and one line with file and line for whatever is wrong with it."""

from pathlib import Path

import pytest

from deeplab.code.file import blaming, check_consent, current, declared, in_force, run_file
from deeplab.config.compose import compose, compose_sweep
from deeplab.errors import RunError, UserError
from deeplab.imports import load_keras
from deeplab.metrics import METRICS
from deeplab.workflows.own_code import own_code

HEAD = "import keras\nfrom deeplab.code import dataset, layer, loss, metric, schedule\n"
LOSS = "@loss\ndef mine(y_true, y_pred):\n    return y_true\n"


def written(folder: Path, text: str | bytes, name: str = "mine.py") -> str:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("x = 1\nif x\n", 2, "SyntaxError: expected ':'"),
        ("x = 1\n\n1 / 0\n", 3, "ZeroDivisionError: division by zero"),
        ("import no_such_package\n", 1, "ModuleNotFoundError: No module named 'no_such_package'"),
        ("raise SystemExit('bye')\n", 1, "SystemExit: bye"),
        (f"{HEAD}@layer\ndef f(x): return x\n", 3, "@layer stands before a class of Keras layers, and f is none"),
        (f"{HEAD}@layer\nclass A: pass\n", 3, "@layer stands before a class of Keras layers, and A is none"),
        (f"{HEAD}@layer\nclass A(keras.layers.Layer): pass\n", 3, "layer A must define compute_output_shape"),
        (f"{HEAD}@layer\nclass Dense(keras.layers.Dense): pass\n", 3, "keras.layers has a Dense already"),
        (f"{HEAD}@loss\nclass A: pass\n", 3, "@loss stands before a function, and A is none"),
        (f"{HEAD}@loss\ndef f(y): return y\n", 3, "loss f must take (y_true, y_pred)"),
        (f"{HEAD}loss(lambda a, b: a)\n", 3, "@loss names by letters, digits and _"),
        (f"{HEAD}@loss\ndef f(a, b):\n    yield a\n", 3, "@loss stands before a function that returns its value"),
        (f"{HEAD}{LOSS}{LOSS}", 6, "two of the kind @loss are called mine"),
        (f"{HEAD}@metric\ndef f(a, b): return 1\n", 3, "TypeError: metric() takes 0 positional arguments"),
        (f"{HEAD}@metric(direction='up')\ndef f(a, b): return 1\n", 3, "direction of a metric must be 'max' or 'min'"),
        (f"{HEAD}@dataset(task='x')\ndef f(): return 1\n", 3, "task of a data set must be 'classification' or"),
        (f"{HEAD}@dataset\ndef f(*x): return 1\n", 3, "dataset f must name its arguments, without * and /"),
        (f"{HEAD}@schedule\ndef f(epoch): return 1\n", 3, "schedule f must take (epoch, learning_rate)"),
        (b"# \xff\n", 1, "is no UTF-8; save it as UTF-8"),
    ],
)
def test_what_a_file_does_wrong_is_one_line_with_its_place(
    text: str | bytes, line: int, why: str, tmp_path: Path
) -> None:
    given = written(tmp_path, text)
    with pytest.raises(UserError) as error:
        run_file(given, load_keras)
    assert str(error.value).startswith(f"{given}:{line}: {why}")
    assert current() is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("gone.py", "there is no such file"),
        ("folder.py", "this is no file"),
        ("mine.txt", "must be a Python file"),
        ("a b.py", "must be a Python file"),
    ],
)
def test_a_file_that_is_none_is_refused(name: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "folder.py").mkdir()
    written(tmp_path, "", "mine.txt")
    with pytest.raises(UserError, match=rf"^--code {tmp_path}/{name}: {why}"):
        run_file(str(tmp_path / name), load_keras)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("loss", "@loss\ndef huber(y_true, y_pred): return y_true\n"),
        ("metric", "@metric(direction='max')\ndef accuracy(y_true, y_pred): return 1\n"),
        ("dataset", "@dataset\ndef digits(): return 1\n"),
        ("schedule", "@schedule\ndef cosine(epoch, learning_rate): return 1\n"),
    ],
)
def test_a_name_of_deeplabs_own_is_refused(kind: str, text: str, tmp_path: Path) -> None:
    given = written(tmp_path, HEAD + text)
    with pytest.raises(UserError, match=rf"mine.py: the {kind} \w+ is there already"), own_code(given):
        pass
    assert current() is None


def test_names_are_known_for_as_long_as_the_file_is_in_force(tmp_path: Path) -> None:
    text = f"{HEAD}{LOSS}@metric(direction='min', label='mine too')\ndef odd(a, b): return 1\n"
    words = ["training.loss=mine", "training.metrics=[odd]"]
    plain = compose([])
    with own_code(written(tmp_path, text)):
        composed = compose(words)
        assert composed.config.training.loss == "mine"
        assert (METRICS["odd"].label, METRICS["odd"].higher_is_better) == ("mine too", False)
        assert compose([]).hash != plain.hash
    assert compose([]).hash == plain.hash
    assert "odd" not in METRICS
    assert declared("loss") == {}
    with pytest.raises(
        UserError, match=r"training\.loss: must be .* got \"mine\"\. One of your own needs --code FILE\.$"
    ):
        compose(words)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["training.loss=Mine"], r"Did you mean 'mine'\? .*/mine\.py declares mine\.$"),
        (["training.metrics=[od]"], r"Did you mean 'odd'\? .*/mine\.py declares odd\.$"),
        (["training.metrics=[val/odd]"], r"got \"val/odd\"\. Did you mean 'odd'\?"),
        (["training.monitor=val/odd"], r"got \"val/odd\"\. Did you mean 'odd'\?"),
        (["sweep.metric=odd"], r"got \"odd\"\. Did you mean 'val/odd'\?"),
        (["sweep.metric=train/odd"], r"^sweep\.metric: must be"),
        (["dataset=gone"], r"mine\.py declares made\.$"),
        (
            ["dataset=made", "dataset.rows=3"],
            r"^Unknown key 'dataset\.rows'\. Did you mean 'dataset\.options\.rows'\?$",
        ),
        (["schedule=gone"], r"mine\.py declares no schedule\.$"),
        (["code=mine.py"], r"^Override 'code=mine\.py': 'code' is no key: .* --code FILE\.$"),
    ],
)
def test_what_a_configuration_names_and_the_file_has_not_is_told_with_what_it_has(
    words: list[str], why: str, tmp_path: Path
) -> None:
    text = f"{HEAD}{LOSS}@metric(direction='min')\ndef odd(a, b): return 1\n@dataset\ndef made(rows=2): return 1\n"
    with own_code(written(tmp_path, text)):
        assert compose_sweep(["sweep.metric=test/odd"]).comparison.metric == "test/odd"
        with pytest.raises(UserError, match=why):
            compose_sweep(words)


@pytest.mark.parametrize("where", ["config.yaml", "experiment/mine.yaml"])
def test_no_configuration_file_can_name_code(where: str, tmp_path: Path) -> None:
    path = tmp_path / where
    path.parent.mkdir(exist_ok=True)
    first = "defaults: [/dataset: digits]\n" if where == "config.yaml" else "# @package _global_\n"
    path.write_text(f"{first}code: mine.py\n")
    words = [] if where == "config.yaml" else ["experiment=mine"]
    with pytest.raises(
        UserError, match="'code' is no key: code of one's own is named on the command line, --code FILE"
    ):
        compose(words, tmp_path)


def test_blame_goes_to_the_line_of_the_file_and_to_nothing_else(tmp_path: Path) -> None:
    given = written(tmp_path, f"{HEAD}@metric(direction='max')\ndef odd(a, b):\n    return {{}}[a]\n")
    with in_force(run_file(given, load_keras)):
        with pytest.raises(RunError, match=rf"^{given}:5: KeyError: 3\.$"), blaming(RunError):
            METRICS["odd"].value_of_all(3, 4)
        with pytest.raises(KeyError), blaming(RunError):
            {}[1]
    text = f"{HEAD}@metric(direction='max')\ndef odd(a, b):\n    return 'no'\n"
    given = written(tmp_path, text)
    with (
        in_force(run_file(given, load_keras)),
        pytest.raises(RunError, match=rf"^{given}:3: metric odd must return a number, got 'no'\.$"),
        blaming(RunError),
    ):
        METRICS["odd"].value_of_all(3, 4)


def test_consent_is_for_one_content(tmp_path: Path) -> None:
    code = run_file(written(tmp_path, f"{HEAD}{LOSS}"), load_keras)
    other = run_file(written(tmp_path, f"{HEAD}{LOSS}\n", "other.py"), load_keras)
    check_consent(None, "", "Run a", "")
    with pytest.raises(
        UserError, match=r"^Run a was trained with code of its own, mine\.py .*--code FILE gives consent"
    ):
        check_consent(code.sha256, "mine.py", "Run a", "there")
    with in_force(code):
        check_consent(code.sha256, "mine.py", "Run a", "there")
    with in_force(other), pytest.raises(UserError, match=r"--code .*other\.py is another file .*: there$"):
        check_consent(code.sha256, "mine.py", "Run a", "there")


def test_a_process_refuses_a_file_that_has_changed(tmp_path: Path) -> None:
    given = written(tmp_path, f"{HEAD}{LOSS}")
    with pytest.raises(UserError, match="has changed since the command began"), own_code(given, "0" * 64):
        pass
