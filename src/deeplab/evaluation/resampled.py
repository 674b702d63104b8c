"""How far a mean over folds can be trusted, whose trainings share most of their examples."""

import math


def nadeau_bengio(deviation: float, count: int, test_to_train: float, confidence: float = 0.95) -> float:
    """Half the width of the corrected resampled t-interval of a mean: t(n - 1) * s * sqrt(1 / n + n_test / n_train).

    Scores of trainings that share examples are not independent, and s / sqrt(n) says too little of how far their mean
    lies from that of other data (Nadeau and Bengio, 2003).

    Args:
        deviation: standard deviation of the scores (n - 1), or of differences in pairs.
        count: how many there are, at least 2.
        test_to_train: examples that a training is scored on, to those that it learns from: 1 / (k - 1) with k folds.
        confidence: of the interval.
    """
    from scipy.stats import t

    return float(t.ppf((1 + confidence) / 2, count - 1)) * deviation * math.sqrt(1 / count + test_to_train)
