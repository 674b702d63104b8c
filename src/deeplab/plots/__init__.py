"""The figures: one per file, each `draw(...) -> matplotlib.figure.Figure` from plain values; `film` draws several."""

# Resolved when used: a list of the figures must cost no import of matplotlib.
PLOTS = {
    "curves": "deeplab.plots.curves:draw",
    "confusion": "deeplab.plots.confusion:draw",
    "mistakes": "deeplab.plots.mistakes:draw",
    "filters": "deeplab.plots.filters:draw",
    "denoised": "deeplab.plots.gallery:draw",
    "diagram": "deeplab.plots.diagram:draw",
    "feature_maps": "deeplab.plots.feature_maps:draw",
    "strongest": "deeplab.plots.strongest:draw",
    "probabilities": "deeplab.plots.probabilities:draw",
    "saliency": "deeplab.plots.saliency:draw",
    "reconstruction": "deeplab.plots.reconstruction:draw",
    "boundary": "deeplab.plots.boundary:draw",
    "film": "deeplab.plots.film:draw",
    "units": "deeplab.plots.units:draw",
    "sweep_factor": "deeplab.plots.sweep_factor:draw",
    "sweep_categories": "deeplab.plots.sweep_categories:draw",
    "sweep_heat_map": "deeplab.plots.sweep_heat_map:draw",
    "sweep_parallel": "deeplab.plots.sweep_parallel:draw",
    "sweep_curves": "deeplab.plots.sweep_curves:draw",
    "compared_curves": "deeplab.plots.compared_curves:draw",
    "predictions": "deeplab.plots.predictions:draw",
    "search": "deeplab.plots.search:draw",
}
