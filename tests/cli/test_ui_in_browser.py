"""The MLflow UI in a real browser, over a sweep that was really trained."""

import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import DEEPLAB, PATIENCE, free_port, is_listened_on, wait_until

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((path for name in BROWSERS if (path := shutil.which(name))), None)
SWEEP = ("model=dense_relu", "dataset.image_size=8", "dataset.limit=60", "training.epochs=2", "replicates=2")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason=f"there is no browser here, none of {', '.join(BROWSERS)}"),
]


@pytest.fixture
def address(folder: Path) -> Iterator[str]:
    """Of a server over a store with a sweep of two trainings."""
    subprocess.run([DEEPLAB, "sweep", *SWEEP], cwd=folder, check=True, capture_output=True)
    port = free_port()
    log = (folder / "ui.log").open("wb")
    server = subprocess.Popen([DEEPLAB, "ui", "--port", str(port)], cwd=folder, stdout=log, stderr=log)
    try:
        wait_until(lambda: is_listened_on(port))
        yield f"http://127.0.0.1:{port}/#/experiments"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=PATIENCE)
        log.close()


def test_a_person_sees_a_sweep_its_trials_a_chart_and_a_figure(address: str, runs: Callable[[], list[Any]]) -> None:
    from playwright.sync_api import expect, sync_playwright

    found = runs()
    trial = next(run for run in found if run.data.tags["deeplab.kind"] == "trial")
    experiment = trial.info.experiment_id
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(1000 * PATIENCE)
        expect.set_options(timeout=1000 * PATIENCE)
        page.goto(f"{address}/{experiment}/runs")
        expect(page.get_by_text("dense_relu replicates").first).to_be_visible()
        # The trials lie below their sweep, and are not seen before it is opened.
        assert page.get_by_text("dense_relu replicates #1").count() == 0
        page.locator(".ag-row").filter(has_text="dense_relu replicates").first.get_by_role("button").first.click()
        expect(page.get_by_text("dense_relu replicates #1").first).to_be_visible()
        expect(page.get_by_text("dense_relu replicates #2").first).to_be_visible()
        page.goto(f"{address}/{experiment}/runs/{trial.info.run_id}/model-metrics")
        expect(page.locator(".js-plotly-plot").first).to_be_visible()
        page.goto(f"{address}/{experiment}/runs/{trial.info.run_id}/artifacts/plots/curves.png")
        picture = page.locator("img[src^='blob:'], img[src*='curves.png']").first
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.naturalWidth") >= 900
        browser.close()
