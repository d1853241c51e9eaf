"""What a widget leaves in a notebook that is opened again without its kernel."""

import html
from functools import partial

import nbformat
import pytest
import store

from cnnlab import widgets
from cnnlab.widgets import hosts


def test_a_misspelt_setting_is_refused():
    explorer = widgets.pooling_explorer(live=True)
    with pytest.raises(
        ValueError, match="^pooling_explorer: kernelsize is no setting. There are image, mode, kernel_size"
    ):
        explorer.kernelsize = 3
    explorer.kernel_size = 3
    assert explorer.state["kernel_size"] == 3 and not hasattr(explorer, "kernelsize")


@pytest.mark.parametrize("name", ["kernel_explorer", "feature_browser", "training_monitor"])
def test_a_widget_leaves_a_picture_for_when_its_kernel_is_gone(monkeypatch, name):
    """An output of its own before the widget's: JupyterLab shows "model not found" for what was one."""
    made = widgets.training_monitor if name == "training_monitor" else partial(getattr(widgets, name), live=True)
    shown, explorer = [], made()
    monkeypatch.setattr("IPython.display.display", lambda data, **options: shown.append((data, options["raw"])))
    explorer._ipython_display_()
    (picture, _), (widget, _) = shown
    assert all(raw for _, raw in shown) and widget == explorer._repr_mimebundle_()[0]
    assert picture.keys() == {"text/html"} and explorer.stands_in == explorer.model_id
    stands = picture["text/html"]
    assert stands.startswith(store.STANDS_IN + f'"{explorer.model_id}">\n<') and "<script" not in stands
    assert f"<p>{html.escape(repr(explorer))}</p>" in stands and hosts.ASLEEP in stands
    outputs = [nbformat.v4.new_output("display_data", data) for data, _ in shown]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("0", outputs=outputs)])
    store.normalise(book)  # of what the course stores, the page stays
    (kept,) = book.cells[0].outputs
    assert kept.data.keys() == {"text/plain", "text/html"} and kept.data["text/plain"] == repr(explorer)
