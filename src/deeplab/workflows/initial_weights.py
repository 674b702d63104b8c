"""Start from the weights of a run that was trained before."""

from typing import TYPE_CHECKING

from deeplab.errors import UserError
from deeplab.tracking.artifacts import load_network
from deeplab.tracking.find import BEST, find_run
from deeplab.tracking.store import Store

if TYPE_CHECKING:
    import keras


def load_initial_weights(network: "keras.Model", store: Store, wanted: str) -> str:
    """Give a network the weights of a trained one.

    Args:
        network: built; its weights are replaced.
        store: where the run is.
        wanted: the run, as `find_run` understands it.

    Returns:
        The id of the run.

    Raises:
        UserError: there is no such run, it has no model, or its weights have other shapes.
    """
    run = find_run(store, wanted)
    weights = load_network(store, run).get_weights()
    ours, theirs = [w.shape for w in network.get_weights()], [w.shape for w in weights]
    if ours != theirs:
        different = next((f"{b}, here {a}" for a, b in zip(ours, theirs, strict=False) if a != b), None)
        reason = different or f"{len(theirs)} weight arrays, here {len(ours)}"
        raise UserError(f"training.initial_weights: the network of run {run.label} is another one ({reason}).")
    network.set_weights(weights)
    return str(run.id)


def check_weights(store: Store, wanted: str) -> tuple[str, int]:
    """The run that every trial of a sweep is to begin with the weights of, which must be one run for all of them.

    Args:
        store: where the run is.
        wanted: the run by its id, the beginning of it, or its name.

    Returns:
        The id of the run, and the number of weights of its network, trainable or not.

    Raises:
        UserError: there is no such run, it has no model, or `wanted` may mean another one as the sweep goes on.
    """
    run = find_run(store, wanted)
    run_id = str(run.id)
    if wanted == "latest" or wanted.startswith(BEST):
        raise UserError(
            f"training.initial_weights={wanted} may be another run at each trial of a sweep. Now it is "
            f"{run.name}: training.initial_weights={run_id[:8]}"
        )
    return run_id, int(load_network(store, run).count_params())
