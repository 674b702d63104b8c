"""The launcher that a configuration asks for."""

from importlib import import_module
from pathlib import Path
from typing import Any, cast

from deeplab.config.schema import LocalLauncherConfig
from deeplab.errors import UserError
from deeplab.sweep.launch.launcher import Launcher
from deeplab.sweep.plan import Plan, workers_of

LAUNCHERS = {"ray": "deeplab.sweep.launch.ray:RayLauncher", "slurm": "deeplab.sweep.launch.slurm:SlurmLauncher"}


def choose_launcher(plan: Plan, folder: Path) -> Launcher:
    """Make ready what trains the trials.

    Args:
        plan: its configuration says where.
        folder: of the sweep, for logs.

    Raises:
        UserError: a package is missing, or a cluster cannot be reached.
    """
    config = plan.config.launcher
    if isinstance(config, LocalLauncherConfig):
        from deeplab.sweep.launch.local import LocalLauncher

        device = str(plan.trials[0].values["training"]["device"])
        return LocalLauncher(workers_of(plan.config, device, len(plan.trials)), folder)
    module, _, name = LAUNCHERS[config.kind].partition(":")
    try:
        launcher: Any = getattr(import_module(module), name)
    except ImportError as error:
        raise UserError(f"launcher={config.kind} needs a package: pip install 'deeplab[{config.kind}]'.") from error
    return cast(Launcher, launcher(config, folder))
