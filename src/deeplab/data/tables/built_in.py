"""scikit-learn's small tables, built in, no download: iris, wine, breast_cancer and diabetes."""

from pathlib import Path

from deeplab.config.schema import BuiltInTableConfig, CsvConfig
from deeplab.data.splits import Splits
from deeplab.data.tables.load import Part, make_splits

SPLIT_SEED = 1936  # the year of Fisher's paper on the irises
TEST_FRACTION = 0.2
# What the target is, which scikit-learn has no name for.
TARGETS = {"iris": "species", "wine": "cultivar", "breast_cancer": "diagnosis", "diabetes": "progression"}


def load(config: BuiltInTableConfig, cache_dir: Path) -> Splits:  # noqa: ARG001  (every source is called alike)
    """The table as float32 [n, features]; the split is always the same."""
    import pandas as pd
    from sklearn import datasets  # takes 1.7 s

    options = {"scaled": False} if config.kind == "diabetes" else {}
    source = getattr(datasets, f"load_{config.kind}")(**options)
    target = TARGETS[config.kind]
    frame = pd.DataFrame(source.data, columns=list(source.feature_names))
    frame[target] = source.target if config.kind == "diabetes" else source.target_names[source.target]
    plan = CsvConfig(
        kind="csv",
        path=config.kind,
        target=target,
        features=None,
        drop=(),
        categories=(),
        dates=(),
        date_format=None,
        separator="auto",
        decimal=".",
        encoding="utf-8",
        missing="refuse",
        task="regression" if config.kind == "diabetes" else "classification",
        test_path=None,
        test_fraction=TEST_FRACTION,
        split_seed=SPLIT_SEED,
        group=None,
        time=None,
        limit=config.limit,
        stratify=config.stratify,
        standardize=config.standardize,
    )
    return make_splits(config.kind, Part(frame, f"dataset={config.kind}"), None, plan)
