from deeplab.runs.compare import differences
from deeplab.tracking.params import flatten


def run(randomness: str, *kinds: str) -> dict[str, str]:
    values = {
        "model": {"layers": [{"type": kind} for kind in kinds]},
        "training": {"randomness": randomness, "epochs": 3},
    }
    return flatten(values)


def test_how_layers_draw_is_a_difference_only_among_networks_that_draw() -> None:
    dense, dropout = run("keras", "Dense"), run("splitmix", "Dropout")
    assert "training.randomness" not in differences([dense, dropout])
    assert differences([run("keras", "Dropout"), dropout]) == {"training.randomness": ["keras", "splitmix"]}
