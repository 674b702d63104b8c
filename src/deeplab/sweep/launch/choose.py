"""The launcher that a configuration asks for."""

from importlib import import_module
from pathlib import Path
from typing import Any, cast

from deeplab.config.schema import LocalLauncherConfig
from deeplab.errors import UserError
from deeplab.sweep.launch.launcher import Launcher
from deeplab.sweep.source import AnyPlan
from deeplab.sweep.workers import cards_of, workers_of

# Where each launcher is, and what it needs that deeplab does not bring along.
LAUNCHERS = {
    "ray": ("deeplab.sweep.launch.ray:RayLauncher", "ray>=2.60"),
    "slurm": ("deeplab.sweep.launch.slurm:SlurmLauncher", "submitit>=1.5.4"),
}


def choose_launcher(plan: AnyPlan, folder: Path) -> Launcher:
    """Make what trains the trials, with logs in the folder; a UserError where the cluster is missing."""
    config = plan.sweep.launcher
    if isinstance(config, LocalLauncherConfig):
        from deeplab.sweep.launch.local import LocalLauncher

        device = plan.sweep.run.config.training.device
        return LocalLauncher(workers_of(config, device, plan.count), folder, cards_of(config, device))
    return cast(Launcher, import_launcher(config.kind)(config, folder))


def import_launcher(kind: str) -> Any:
    """Import what starts jobs of a cluster, or nothing for this machine; a UserError where its package is missing."""
    if kind not in LAUNCHERS:
        return None
    target, package = LAUNCHERS[kind]
    module, _, name = target.partition(":")
    try:
        return getattr(import_module(module), name)
    except ImportError as error:
        raise UserError(f"launcher={kind} needs a package: pip install '{package}'") from error
