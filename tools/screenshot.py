"""Take docs/course.png anew: notebook 01 in JupyterLab, where its explorer stands. Needs Chromium.

python tools/screenshot.py
"""

import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import browser  # noqa: E402

NOTEBOOK = "01_convolution_by_hand.ipynb"
WINDOW = {"width": 1240, "height": 860}


def main():
    target = ROOT / "docs" / "course.png"
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, browser.lab(folder) as address, browser.browser() as chrome:
        shutil.copy(ROOT / "notebooks" / NOTEBOOK, folder)
        page = chrome.new_page(viewport=WINDOW)
        browser.run_all(page, address, NOTEBOOK)
        page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
        for _ in range(2):  # cells above that are drawn only now push it away once
            page.locator("[data-cnnlab]").first.evaluate("box => box.scrollIntoView({ block: 'center' })")
            page.wait_for_timeout(1500)
        page.screenshot(path=target)
    print(f"docs/{target.name}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
