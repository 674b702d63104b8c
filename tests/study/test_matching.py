"""Which run is the one that a configuration asks for."""

from typing import Any

from deeplab.config.compose import compose
from deeplab.study.matching import runs_with_configuration
from deeplab.tracking.params import flatten
from deeplab.tracking.run import Run


def run_of(values: dict[str, Any]) -> Run:
    return Run("a" * 32, "mine", "FINISHED", 0, 1, "", {}, {}, flatten(values), {"deeplab.kind": "train"})


def test_a_run_in_stages_or_with_more_layers_is_another_one() -> None:
    values = compose(["training.epochs=3"]).values
    assert runs_with_configuration([run_of(values)], values)
    staged = compose(["training.epochs=3", "training.stages=[{epochs: 3, unfreeze: all}]"]).values
    assert runs_with_configuration([run_of(staged)], staged)
    longer = {**values, "model": {**values["model"], "layers": [*values["model"]["layers"], {"type": "Activation"}]}}
    for other in (staged, longer):
        assert runs_with_configuration([run_of(other)], values) == []
        assert runs_with_configuration([run_of(values)], other) == []
