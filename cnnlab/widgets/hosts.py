"""Two hosts for one explorer: a page that needs neither kernel nor network, and a widget that Python hears.

An explorer is a JavaScript module in cnnlab/js with `export default { render({ model, el }) }`, and in Python
settle(state, changed) -> a whole legal state or ValueError, describe(state) -> a sentence with its numbers, and
draw(state) -> Figure. The sentence is text/plain and alt text, and what the tests of a notebook compare.
"""

import base64
import functools
import hashlib
import html
import io
import json
import re
from importlib.resources import files

from cnnlab.widgets import values

ASLEEP = "This explorer asks Python: run its cell in JupyterLab, and it moves."

# A widget that is opened again without its kernel is a line, "model not found", in JupyterLab, which looks no further
# in the same output. So a picture stands in an output of its own before it: hidden where the widget is there, and
# hiding that line, which has no element in it, where it is not.
_STANDS_IN = """<style>
.jp-OutputArea-child:has([data-stands-in]):has(+ .jp-OutputArea-child .cnnlab) { display: none; }
.jp-OutputArea-child:has([data-stands-in]) + .jp-OutputArea-child .jupyter-widgets:not(:has(*)) { display: none; }
</style>"""

_IMPORT = re.compile(r'^import \{[^}]*\}\s*from "\./(\w+)\.js";\n', re.M)


@functools.cache
def source(module):
    """The JavaScript of an explorer as one module, what it imports first."""
    done = {}

    def add(name):
        if name not in done:
            done[name] = ""
            text = (files("cnnlab") / "js" / f"{name}.js").read_text(encoding="utf-8")
            needed = [add(other) for other in _IMPORT.findall(text)]
            done[name] = "".join(needed) + _IMPORT.sub("", text)
            return done[name]
        return ""

    lines = (line.strip() for line in add(module).splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")) + "\n"


class Page:
    """An explorer that lives in the page: it moves without a kernel, also in an exported file.

    Where no script may run, it is a picture and a sentence. Subclasses name their module, and whether its arithmetic is
    Python's: then the page keeps the picture, and says what is missing.
    """

    module = None
    asks_python = False

    def __init__(self, state, fixed, describe, draw):
        self.state = state
        self._fixed, self._describe, self._draw = fixed, describe, draw

    def __repr__(self):
        return self._describe(self.state)

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(self), "text/html": self.html()}

    @functools.cached_property
    def still(self):
        """Its picture and its sentence."""
        return still(self._draw(self.state), repr(self))

    def html(self):
        """The same bytes for the same state; two copies on one page do not disturb each other."""
        if self.asks_python:
            return asleep(self.still)
        state = json.dumps({**self.state, "fixed": self._fixed}, separators=(",", ":")).replace("<", "\\u003c")
        script = source(self.module)
        key = hashlib.sha256((script + state).encode()).hexdigest()[:12]
        return (
            f'<div data-cnnlab="{key}">\n{self.still}\n</div>\n'
            f'<script type="module">\n{script}mount("{key}", render, {state});\n</script>'
        )


def asleep(stands):
    """What stands in the page for an explorer that only moves while Python hears it."""
    return f'<div data-cnnlab="">\n{stands}\n<p><em>{ASLEEP}</em></p>\n</div>'


def still(figure, sentence):
    """A picture and its sentence: what stands where no script may run."""
    from PIL import Image

    drawn, png = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=72)
    # 64 colors are a third of the bytes and look the same; a fresh file carries no version of matplotlib either.
    picture = Image.open(drawn).convert("RGB").quantize(64, kmeans=1, dither=Image.Dither.NONE)
    picture.save(png, format="png", optimize=True)
    data, text = base64.b64encode(png.getvalue()).decode(), html.escape(sentence)
    return f'<img alt="{text}" src="data:image/png;base64,{data}">\n<p>{text}</p>'


def pair(module, room, draw, **tells):
    """The function that opens an explorer in one of its two hosts: opens(live, **given).

    module   its JavaScript
    room     where its state is settled: DEFAULTS, complete(**given), settle(state, changed), describe(state), fixed()
    draw     state -> Figure
    tells    name=function of the state: what both hosts tell beside it
    """

    class Told:
        """What the page and the widget tell alike, from the state that each of them has."""

    for name, tell in tells.items():
        setattr(Told, name, property(lambda self, tell=tell: tell(self.state), doc=tell.__doc__))

    class Standing(Told, Page):
        def __init__(self, state):
            super().__init__(state, room.fixed(), room.describe, draw)

    Standing.module = module

    @functools.cache
    def widget():  # made on first use: ipywidgets takes a while to import
        class Moving(Told, live(Standing, tuple(room.DEFAULTS), room.settle)):
            def __setattr__(self, name, value):
                """A misspelt setting must not pass as one that does nothing."""
                if not name.startswith("_") and not hasattr(type(self), name):
                    values.known(room.WHO, room.DEFAULTS, {name: value})
                super().__setattr__(name, value)

        return Moving

    def opens(live, **given):
        state = room.complete(**given)
        return widget()(fixed=room.fixed(), **state) if live else Standing(state)

    return opens


def live(page, names, settle):
    """The base of a widget whose traits are the state.

    page     state -> Page: the explorer's other host, for a notebook that is opened and not run
    names    of the traits; they take what settle takes, unless the subclass declares them
    settle   (state, changed) -> whole legal state; `changed` names the value that was just set
    """
    import anywidget
    import traitlets

    class StateError(traitlets.TraitError, ValueError):
        """A value that the explorer cannot take; a TraitError, so that traitlets puts the old values back."""

    State = type("State", (traitlets.HasTraits,), {name: traitlets.Any().tag(sync=True) for name in names})

    class Live(anywidget.AnyWidget, State):
        _esm = source(page.module)
        fixed = traitlets.Dict().tag(sync=True)  # what does not change: pictures, presets
        error = traitlets.Unicode().tag(sync=True)  # shown in the explorer
        stands_in = traitlets.Unicode().tag(sync=True)  # the mark of the picture that the living explorer hides

        @property
        def state(self):
            return {name: getattr(self, name) for name in names}

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
            with self.hold_trait_notifications():  # all at once: half of them need not be legal
                for name, value in settle(self.state, change.name).items():
                    if value != getattr(self, name):
                        setattr(self, name, value)

        def set_state(self, sync_data):
            """The browser set a value. What an observer raises is shown in the explorer, not only in a log."""
            try:
                super().set_state(sync_data)
            except Exception as error:
                self.error = f"{type(error).__name__}: {error}"
                raise
            self.error = ""

        def __repr__(self):
            return repr(page(self.state))

        _page = None

        def _other_host(self):
            """The page as the widget is set now, drawn once for one state."""
            if self._page is None or self._page.state != self.state:
                self._page = page(self.state)
            return self._page

        def _repr_mimebundle_(self, **kwargs):
            bundle = super()._repr_mimebundle_(**kwargs)  # (data, metadata)
            if bundle:
                bundle[0].update(self._other_host()._repr_mimebundle_())
            return bundle

        def _ipython_display_(self):
            """What stands there once the kernel is gone, and the widget."""
            from IPython.display import display

            data, metadata = self._repr_mimebundle_()
            self.stands_in = self.model_id
            picture = asleep(self._other_host().still).replace(">", f' data-stands-in="{self.model_id}">', 1)
            display({"text/html": f"{picture}\n{_STANDS_IN}"}, raw=True)
            display(data, metadata=metadata, raw=True)

    return Live
