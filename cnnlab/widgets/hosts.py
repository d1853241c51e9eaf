"""Two hosts for one explorer: a page that needs neither kernel nor network, and a widget that Python hears.

An explorer is a JavaScript module in cnnlab/js with `export default { render({ model, el }) }`, and in Python three
functions: settle(state, changed) -> a complete legal state or ValueError, describe(state) -> one sentence with its
numbers, and draw(state) -> Figure. The sentence is text/plain, alt text and what a test compares.
"""

import base64
import functools
import hashlib
import html
import io
import json
import re
from importlib.resources import files


@functools.cache
def source(module):
    """The JavaScript of an explorer as one module: what all explorers share, then its own."""
    kit, own = ((files("cnnlab") / "js" / f"{name}.js").read_text(encoding="utf-8") for name in ("kit", module))
    own = re.sub(r'^import \{[^}]*\} from "\./kit\.js";\n', "", own, flags=re.M)
    lines = (line.strip() for line in (kit + own).splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")) + "\n"


class Page:
    """An explorer that lives in the page: moves without a kernel, also in an exported file.

    Where scripts may not run, it is a picture and a sentence.
    """

    def __init__(self, module, state, extra, describe, draw):
        self.state = state
        self._module, self._extra, self._describe, self._draw = module, extra, describe, draw

    def __repr__(self):
        return self._describe(self.state)

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(self), "text/html": self.html()}

    def html(self):
        """The same bytes for the same state; two copies on one page do not disturb each other."""
        values = json.dumps({**self.state, **self._extra}, separators=(",", ":")).replace("<", "\\u003c")
        script = source(self._module)
        key = hashlib.sha256((script + values).encode()).hexdigest()[:12]
        return (
            f'<div data-cnnlab="{key}">\n{still(self._draw(self.state), repr(self))}\n</div>\n'
            f'<script type="module">\n{script}mount("{key}", render, {values});\n</script>'
        )


def still(figure, sentence):
    """A picture and its sentence: what stands where no script may run."""
    from PIL import Image

    drawn, png = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=72)
    # 128 colors are a third of the bytes and look the same; a fresh file also carries no version of matplotlib.
    Image.open(drawn).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(png, format="png", optimize=True)
    data, text = base64.b64encode(png.getvalue()).decode(), html.escape(sentence)
    return f'<img alt="{text}" src="data:image/png;base64,{data}">\n<p>{text}</p>'


@functools.cache
def live(name, module, traits, settle, describe, page):
    """A widget class whose traits are the state.

    name       of the class
    module     JavaScript module in cnnlab/js
    traits     pairs (name, a function that makes the traitlet)
    settle     (state, changed) -> legal state; `changed` names the value that was just set
    describe   state -> sentence
    page       state -> Page, for notebooks that are opened and not run
    """
    import anywidget
    import traitlets

    names = tuple(n for n, _ in traits)

    class StateError(traitlets.TraitError, ValueError):
        """A value that the explorer cannot take; a TraitError, so that traitlets puts the old values back."""

    class Live(anywidget.AnyWidget):
        _esm = source(module)
        extra = traitlets.Dict().tag(sync=True)  # what does not change: pictures, presets
        error = traitlets.Unicode().tag(sync=True)  # shown in the explorer

        @property
        def state(self):
            return {n: getattr(self, n) for n in names}

        @traitlets.validate(*names)
        def _legal(self, proposal):
            name = proposal.trait.name
            try:
                return settle({**self.state, name: proposal.value}, name)[name]
            except (TypeError, ValueError) as error:
                raise StateError(str(error)) from None

        @traitlets.observe(*names)
        def _follow(self, change):
            """What a new value brings along: a smaller output moves the pixel that was picked."""
            for n, value in settle(self.state, change.name).items():
                if value != getattr(self, n):
                    setattr(self, n, value)

        def set_state(self, sync_data):
            """The browser set a value. What an observer raises is shown in the explorer, not only in the log."""
            try:
                super().set_state(sync_data)
            except Exception as error:
                self.error = f"{type(error).__name__}: {error}"
                raise
            self.error = ""

        def __repr__(self):
            return describe(self.state)

        def _repr_mimebundle_(self, **kwargs):
            bundle = super()._repr_mimebundle_(**kwargs)
            data = bundle[0] if isinstance(bundle, tuple) else bundle
            if data is not None:
                data["text/plain"] = repr(self)
                data["text/html"] = page(self.state).html()
            return bundle

    body = {n: make().tag(sync=True) for n, make in traits}
    return type(name, (Live,), body)
