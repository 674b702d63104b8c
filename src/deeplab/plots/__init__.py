"""The figures: one per file, each `draw(...) -> matplotlib.figure.Figure` from plain values; `film` draws several."""

# Resolved when used: a list of the figures must cost no import of matplotlib.
PLOTS = {
    "curves": "deeplab.plots.run.curves:draw",
    "confusion": "deeplab.plots.run.confusion:draw",
    "mistakes": "deeplab.plots.run.mistakes:draw",
    "filters": "deeplab.plots.run.filters:draw",
    "denoised": "deeplab.plots.run.gallery:draw",
    "diagram": "deeplab.plots.run.diagram:draw",
    "feature_maps": "deeplab.plots.explain.feature_maps:draw",
    "strongest": "deeplab.plots.explain.strongest:draw",
    "probabilities": "deeplab.plots.explain.probabilities:draw",
    "saliency": "deeplab.plots.explain.saliency:draw",
    "reconstruction": "deeplab.plots.explain.reconstruction:draw",
    "boundary": "deeplab.plots.plane.boundary:draw",
    "film": "deeplab.plots.plane.film:draw",
    "units": "deeplab.plots.plane.units:draw",
    "sweep_factor": "deeplab.plots.sweep.factor:draw",
    "sweep_categories": "deeplab.plots.sweep.categories:draw",
    "sweep_heat_map": "deeplab.plots.sweep.heat_map:draw",
    "sweep_parallel": "deeplab.plots.sweep.parallel:draw",
    "sweep_curves": "deeplab.plots.sweep.curves:draw",
    "compared_curves": "deeplab.plots.run.compared_curves:draw",
    "predictions": "deeplab.plots.run.predictions:draw",
    "search": "deeplab.plots.sweep.search:draw",
}
