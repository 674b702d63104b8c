"""Check every point of a plan in a process of its own, so that the sweep itself never holds TensorFlow."""

import json
import multiprocessing
import traceback
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from deeplab.child_process import end_with_parent, starting_a_child
from deeplab.code.file import CodeReference, reference
from deeplab.config.schema import ExperimentConfig
from deeplab.config.validate import validate
from deeplab.data.splits import Splits
from deeplab.errors import RunError, UserError
from deeplab.sweep.plan import Plan, apply_checks
from deeplab.tracking.location import locate_store
from deeplab.tracking.store import load_mlflow, open_to_read
from deeplab.workflows.check import PointCheck, check
from deeplab.workflows.own_code import own_code_of


def checked_plan(plan: Plan) -> Plan:
    """Give every trial its identity, or raise UserErrors: each point's network is built on shapes alone."""
    return apply_checks(plan, check_points([trial.values for trial in plan.trials if trial.replicate == 0]))


def check_points(points: Sequence[dict[str, Any]]) -> list[PointCheck | str]:
    """What each of some composed configurations would be, built on shapes alone, or what is wrong with it."""
    work_folder = locate_store(points[0]["tracking"]["uri"]).work_folder
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_check_and_tell, args=(theirs, points, work_folder, reference()), daemon=True)
    with starting_a_child():
        process.start()
    theirs.close()
    # That process takes seconds, in which this one can import what it needs next.
    load_mlflow()

    try:
        checks: list[PointCheck | str] | Exception = ours.recv()
    except EOFError as error:
        raise RunError(
            "The process that checks the points was ended; perhaps memory ran out. Nothing has begun: the same again."
        ) from error
    finally:
        process.kill()  # it is done, or nobody waits for it any more
        process.join()
    if isinstance(checks, Exception):
        raise checks
    return checks


def _check_and_tell(
    connection: Connection, points: Sequence[dict[str, Any]], work_folder: Path, code: CodeReference | None
) -> None:
    end_with_parent()
    try:
        with own_code_of(code):
            checks = _check_all(points, work_folder)
        connection.send(checks)
    except Exception as error:
        error.add_note(traceback.format_exc())
        connection.send(error)


def _check_all(points: Sequence[dict[str, Any]], work_folder: Path) -> list[PointCheck | str]:
    # Here, because `runs.check` is what imports TensorFlow, and says much about it.
    from deeplab.data.load import load
    from deeplab.imports import load_keras
    from deeplab.workflows.initial_weights import check_weights

    load_keras()
    checks: list[PointCheck | str] = []
    held: dict[str, tuple[Splits, dict[str, int]]] = {}
    weights: dict[str, tuple[str, int]] = {}
    for values in points:
        try:
            config = validate(ExperimentConfig, values)
            dataset = json.dumps(values["dataset"], sort_keys=True)
            if dataset not in held:
                held = {dataset: (load(config.dataset, work_folder), {})}
            checked = check(config, *held[dataset])
            source = config.training.initial_weights
            if source is not None:
                if source not in weights:
                    weights[source] = check_weights(open_to_read(config.tracking), source)
                run_id, parameters = weights[source]
                if parameters != checked.parameters:
                    raise UserError(
                        f"training.initial_weights={source}: that network has {parameters:,} weights, "
                        f"this one would have {checked.parameters:,}."
                    )
                checked = replace(checked, initial_weights=run_id)
            checks.append(checked)
        except UserError as error:
            checks.append(str(error))
    return checks
