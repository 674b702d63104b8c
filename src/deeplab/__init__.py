"""Keras experiments from configuration: networks as plain YAML, every run in MLflow."""

import os
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deeplab.api.decision import Decision
    from deeplab.api.explanation import Explanation
    from deeplab.api.figure import Figure
    from deeplab.api.functions import load, runs, train, verify
    from deeplab.api.run import Run
    from deeplab.api.runs import Runs
    from deeplab.api.sweep import Sweep
    from deeplab.api.sweeps import decide, sweep, why
    from deeplab.api.verified import Verified
    from deeplab.errors import RunError, UserError

__version__ = "0.1.0"

__all__ = [
    "Decision",
    "Explanation",
    "Figure",
    "Run",
    "RunError",
    "Runs",
    "Sweep",
    "UserError",
    "Verified",
    "__version__",
    "decide",
    "load",
    "runs",
    "sweep",
    "train",
    "verify",
    "why",
]

# Read when the libraries are first imported, wherever that happens. What Keras' own file says of another backend
# does not hold here; TensorFlow's notes about missing CUDA drivers are answered by `deeplab doctor`.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # cards are counted as nvidia-smi counts them
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

# What a notebook uses, imported when it is asked for; `runs` and `sweep` are packages that can be called.
_FROM = {
    "Decision": "deeplab.api.decision",
    "Explanation": "deeplab.api.explanation",
    "Figure": "deeplab.api.figure",
    "Run": "deeplab.api.run",
    "RunError": "deeplab.errors",
    "Runs": "deeplab.api.runs",
    "Sweep": "deeplab.api.sweep",
    "UserError": "deeplab.errors",
    "Verified": "deeplab.api.verified",
    "decide": "deeplab.api.sweeps",
    "load": "deeplab.api.functions",
    "train": "deeplab.api.functions",
    "verify": "deeplab.api.functions",
    "why": "deeplab.api.sweeps",
}


def __getattr__(name: str) -> Any:
    if name in ("runs", "sweep"):
        return import_module(f"deeplab.{name}")
    if name not in _FROM:
        raise AttributeError(f"module 'deeplab' has no attribute '{name}'")
    return getattr(import_module(_FROM[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class CallablePackage(ModuleType):
    """A package that is also the function of its name: `deeplab.sweep(...)` where there is `deeplab.sweep.plan`."""

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Call that function."""
        return self._function(*args, **keywords)

    @property
    def _function(self) -> Any:
        name = self.__name__.rpartition(".")[2]
        return getattr(import_module("deeplab.api.sweeps" if name == "sweep" else "deeplab.api.functions"), name)

    @property
    def __signature__(self) -> Any:
        """That of the function, which notebooks show."""
        from inspect import signature

        return signature(self._function)
