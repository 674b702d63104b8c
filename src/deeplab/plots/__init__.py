"""The figures: one per file, each `draw(...) -> matplotlib.figure.Figure` from plain values; `film` draws several."""
