"""Models that mean harm to who imports them: one line, no code that is theirs, and no memory before it is counted."""

import base64
import json
import marshal
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

Cli = Callable[..., Any]
HARM = compile("open('RAN', 'w').close()", "harm", "exec")
CODE = base64.b64encode(marshal.dumps(HARM)).decode()
LAMBDA = {"class_name": "__lambda__", "config": {"code": CODE, "defaults": None, "closure": None}}
THEIRS = {"module": "harm", "class_name": "Harm", "config": {}, "registered_name": "harm>Harm"}  # of harm.py
MOST = "the model has more than the 500 layers that a network has at most."


def layer(kind: str, name: str = "a", takes: tuple[str, ...] = (), module: str = "keras.layers", **more: Any) -> Any:
    tensors = [{"class_name": "__keras_tensor__", "config": {"keras_history": [each, 0, 0]}} for each in takes]
    calls = [{"args": [tensors] if len(tensors) > 1 else tensors, "kwargs": {}}] if takes else []
    config = {"name": name, **more}
    return {"module": module, "class_name": kind, "name": name, "config": config, "inbound_nodes": calls}


def model(*layers: Any, shape: tuple[int, ...] = (4,), kind: str = "Sequential") -> Any:
    first = layer("InputLayer", "i", batch_shape=[None, *shape])
    ends = {"input_layers": ["i", 0, 0], "output_layers": [layers[-1]["name"], 0, 0]} if layers else {}
    return {"module": "keras", "class_name": kind, "name": "m", "config": {"layers": [first, *layers], **ends}}


def branching(*layers: Any) -> Any:
    return model(*layers, kind="Functional")


END = layer("Dense", "end", units=3, activation="softmax")
FLAT = layer("Flatten")
# Networks in networks, as text: what writes JSON ends before.
DEEP = '{"module": "keras", "class_name": "Sequential", "config": {"layers": [' * 400 + "]}}" * 400
HOSTILE: dict[str, tuple[Any, str]] = {
    "lambda": (model(layer("Lambda", function=LAMBDA), END), "holds code of its own, which a network in YAML never"),
    "inside": (
        model(layer("TimeDistributed", layer=layer("Lambda", function=LAMBDA)), END),
        "Unknown layer 'TimeDistr",
    ),
    "module": (model(layer("Harm", module="harm"), END), "(Harm) of harm is no layer of Keras; its code is not run."),
    "regulariser": (model(layer("Dense", units=3, kernel_regularizer=THEIRS)), "kernel_regularizer=Harm has no word"),
    "activation": (model(layer("Dense", units=3, activation=THEIRS)), ".activation must be a finite number, a string"),
    "backbone": (model(layer("Backbone", weights="/etc/passwd"), END), "Unknown layer 'Backbone'"),
    "circle": (branching(layer("Add", "b", ("i", "a")), layer("Dense", "a", ("b",))), "does not lead from its input"),
    "itself": (branching(layer("Dense", "a", ("a",))), "does not lead from its input to its output."),
    "nowhere": (branching(layer("Dense", "b", ("i",)), layer("Dense", "a", ("i",))), "'b' (Dense) leads nowhere"),
    "absent": (branching(layer("Dense", "a", ("z",))), "takes what 'z' gives, which is not there."),
    "twins": (branching(layer("Dense", "a", ("i",)), layer("Dense", "a", ("i",))), "has two layers of one name."),
    "many": (model(*[FLAT] * 20_000), MOST),
    "many more": (model(*[model(*[FLAT] * 300)] * 10), MOST),
    "networks": (model(*[model()] * 5_000, END), MOST),
    "deep": (DEEP, "its configuration is nested too deeply."),
    "wide": (model(layer("GlobalAveragePooling2D"), END, shape=(30_000, 30_000, 2)), "numbers for each row."),
    "wider": (model(FLAT, END, shape=(10**12, 10**12)), "numbers for each row."),
    "grown": (model(layer("UpSampling2D", size=[9**9, 9**9]), shape=(8, 8, 1)), "numbers for each row."),
    "heavy": (model(layer("Dense", units=10**8), END), "the network has more than 250,000,000 weights."),
    "old": ({"class_name": "Sequential", "config": {"layers": []}}, "was written by a Keras before 3; load it there"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_model_that_means_harm_is_refused_in_one_line(
    name: str, folder: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, line = HOSTILE[name]
    Path("harm.py").write_text("open('RAN', 'w').close()\n")
    monkeypatch.syspath_prepend(str(folder))
    with zipfile.ZipFile("theirs.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", config if isinstance(config, str) else json.dumps(config))
        archive.writestr("model.weights.h5", b"\0" * 1_000_000)
    status, out, err = cli("import", "theirs.keras", "--out", "mine.yaml", "--weights")
    assert (status, out, err.count("\n")) == (2, "", 1), err
    assert line in err
    assert not Path("RAN").exists()
    assert not Path("mine.yaml").exists()


def test_of_many_lines_the_first_are_told(folder: Path, cli: Cli) -> None:
    layers = [layer("Lambda", f"{number}\x1b[2J{'x' * 5_000}") for number in range(100)]
    Path("theirs.json").write_text(json.dumps(model(*layers)))
    lines = cli("import", "theirs.json", "--out", "mine.yaml").err.splitlines()
    assert len(lines) == 21
    assert lines[-1] == "deeplab: theirs.json: and 80 lines more like these."
    assert max(map(len, lines)) < 1_100
