"""One Chromium, one JupyterLab and one notebook with every explorer, for all browser tests of a worker."""

import os
from types import SimpleNamespace

import browser
import gallery
import pytest


@pytest.fixture(scope="session")
def chrome():
    """A headless Chromium. Where there is none the tests that ask for it are skipped, but not on CI."""
    if browser.chromium() is None and os.environ.get("CNNLAB_CI") != "1":
        pytest.skip("no Chromium on this machine: install one, or name it in CNNLAB_CHROMIUM")
    with browser.browser() as chrome:
        yield chrome


@pytest.fixture(scope="session")
def lab(chrome, tmp_path_factory):
    """A JupyterLab: its address, and the folder that it serves."""
    folder = tmp_path_factory.mktemp("lab")
    with browser.lab(folder) as address:
        yield SimpleNamespace(address=address, folder=folder)


@pytest.fixture(scope="session")
def opened(chrome, lab):
    """The page of the notebook with every explorer, run; `errors` is what went wrong on its console."""
    browser.write_notebook(lab.folder / gallery.NOTEBOOK, ["from cnnlab import widgets", *gallery.CELLS.values()])
    page = browser.new_page(chrome)
    browser.run_all(page, lab.address, gallery.NOTEBOOK)
    gallery.all_are_there(page)
    yield page
    page.close()


@pytest.fixture
def notebook(opened):
    """That page. No test leaves an error on the console, nor one of Python's in a sound explorer."""
    yield opened
    found, opened.errors[:] = list(opened.errors), []
    assert not found
    assert gallery.alarmed(opened) <= {cell for cell in gallery.CELLS if cell[1] == "broken"}
