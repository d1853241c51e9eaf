"""The training monitor in a real JupyterLab: it follows a running cell, and its button ends it."""

import ast
import time

import browser
import pytest

CELLS = [
    """import time
import torch
from torch import nn
from cnnlab import train, widgets

class Slow:
    def __len__(self):
        return 20
    def __iter__(self):
        generator = torch.Generator().manual_seed(0)
        for _ in range(20):
            time.sleep(0.02)
            labels = torch.randint(2, (8,), generator=generator)
            yield torch.randn(8, 4, generator=generator) + labels[:, None], labels

torch.manual_seed(0)
net = nn.Linear(4, 2)
sgd = torch.optim.SGD(net.parameters(), 0.1)
monitor = widgets.training_monitor()""",
    "history = train.fit(net, Slow(), Slow(), epochs=500, optimizer=sgd, progress=monitor)",
    "after = len(history)  # queued while training ran",
]


@pytest.fixture(scope="module")
def page(chrome, lab):
    browser.write_notebook(lab.folder / "monitor.ipynb", CELLS)
    page = browser.new_page(chrome)
    browser.open_notebook(page, lab.address, "monitor.ipynb")
    yield page
    page.close()


@pytest.fixture(params=["perCommTarget", "disabled"])
def notebook(request, page):
    """A notebook that trains for minutes, running; what controls say goes beside the cell, or waits behind it.

    The parameter is what JupyterLab's setting commsOverSubshells hands on to kernels.
    """
    page.evaluate("(how) => { window.jupyterapp.serviceManager.kernels.commsOverSubshells = how; }", request.param)
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    yield page
    assert page.errors == []


def test_it_follows_training_and_its_button_ends_it(notebook):
    root = notebook.locator(".cnnlab")
    rows = root.locator("tbody tr")
    rows.nth(1).wait_for()
    button = root.get_by_role("button", name="Stop training")
    assert "Training. Epoch" in root.locator(".said").inner_text() and button.is_enabled()
    notebook.wait_for_function(
        "document.querySelector('.cnnlab .head p').textContent.includes('% of 20 batches: loss ')"
    )
    pressed = time.perf_counter()
    button.press("Enter")
    root.get_by_text("Stopped; everything so far is kept.").wait_for()
    seconds = time.perf_counter() - pressed
    assert seconds < 5, "the button did not reach the kernel before an epoch had gone by"
    until_idle = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"
    notebook.wait_for_function(until_idle)
    length, after, *same = ast.literal_eval(
        browser.kernel_says(
            notebook,
            "(len(history), after, monitor.rows == history.rows, monitor.stop, monitor.running, repr(monitor))",
        )
    )
    assert 2 <= length == after < 500 and same[:3] == [True, True, False]
    assert root.get_attribute("data-sentence") == same[3] and f"epoch {length} of 500, stopped: loss" in same[3]
    assert rows.count() == length and button.is_hidden()
    print(f"{seconds:.2f} s from the button to the end")
