from pathlib import Path

import optuna


def study_in(folder: Path) -> list[optuna.trial.FrozenTrial]:
    """The trials of the only study there is."""
    (path,) = (folder / ".deeplab" / "searches").glob("*.db")
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    (name,) = optuna.get_all_study_names(storage)
    trials = optuna.load_study(study_name=name, storage=storage).trials
    storage.remove_session()
    storage.engine.dispose()
    return trials
