"""How soon explorers answer: each beside ipywidgets.interact with matplotlib, on the same picture, in one run.

    python tools/bench_explorer.py                              all of them, some minutes
    python tools/bench_explorer.py --only kernel_explorer       one; may be given several times
    python tools/bench_explorer.py --json times.json            the numbers for another program, too

A real JupyterLab in headless Chromium, real keys and a real mouse. A move lasts from the key's own time stamp to the
task after the frame that shows the new picture; cpu is what the page's thread worked from one move to the next, idling
JupyterLab included. Explorers and ways take turns, so that a busy machine is busy for all of them. interact calls the
function with which the explorer draws its stand-in: the same panels.
"""

import argparse
import itertools
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
import browser  # noqa: E402

# explorer: (what it opens with, a slider that makes it work hard, that slider's range)
EXPLORERS = {
    "kernel_explorer": ({"image": "photo"}, "column", (0, 93)),
    "receptive_field_explorer": ({}, "size", (5, 64)),
    "channel_mixer": ({}, "row", (0, 63)),
    "pooling_explorer": ({"image": "photo"}, "kernel_size", (1, 7)),
    "activation_explorer": ({}, "weight", (0.0, 4.0, 0.1)),
    "shape_ladder": ({"model": "CifarNet"}, "size", (1, 64)),
    "descent_explorer": ({}, "steps", (0, 100)),
    "digit_pad": ({}, "part", (0, 100)),
    "depth_explorer": ({}, "depth", (1, 50)),
    "augmentation_explorer": ({}, "seed", (0, 99)),
    "feature_browser": ({}, "image", (0, 23)),
}
ASKS_PYTHON = {"feature_browser"}  # those of them that move only as widgets; kernel_explorer is measured both ways
COMPUTING = (20, 50, 30)  # goals of those that compute in the browser: p50 ms, p95 ms, pictures/s
ASKING = (120, float("inf"), 0)  # and of those that ask Python

PAGE = "explorer = widgets.{name}(**{settings})\nexplorer"
WIDGET = "widgets.{name}(live=True, **{settings})"
INTERACT = """
@interact({slider}={range})
def explore({slider}=widgets.{name}(live=False, **{settings}).state["{slider}"]):
    page = widgets.{name}(live=False, **{settings} | {{"{slider}": {slider}}})
    display(page._draw(page.state))
"""
FIRST = "from ipywidgets import interact\nfrom cnnlab import widgets\n%matplotlib inline"

# What changes with the picture, in the output of a cell.
SEEN = """(cell) => {
    const img = cell.querySelector(".widget-interact img");
    return img ? (img.complete ? img.src : undefined) : cell.querySelector(".cnnlab")?.dataset.sentence;
}"""
# Resolves with the milliseconds from the next key to the pixels; null if the picture does not change.
WAIT = f"""(cell) => {{
    const seen = {SEEN}, before = seen(cell);
    window.answer = new Promise((done) => {{
        let pressed = null;
        const press = (event) => {{ pressed ??= event.timeStamp; }};
        window.addEventListener("keydown", press, {{ capture: true, once: true }});
        setTimeout(() => done(null), 10000);
        const look = () => {{
            const now = seen(cell);
            if (pressed !== null && now !== undefined && now !== before) {{
                const painted = new MessageChannel();  // a task after this frame
                painted.port1.onmessage = () => done(performance.now() - pressed);
                painted.port2.postMessage(0);
            }} else requestAnimationFrame(look);
        }};
        requestAnimationFrame(look);
    }});
}}"""
# Counts the pictures that reach the screen until window.counting is false.
COUNT = f"""(cell) => {{
    const seen = {SEEN};
    window.counting = true;
    window.pictures = 0;
    let last = seen(cell);
    const look = () => {{
        const now = seen(cell);
        if (now !== undefined && now !== last) {{ window.pictures += 1; last = now; }}
        if (window.counting) requestAnimationFrame(look);
    }};
    requestAnimationFrame(look);
}}"""
# Where a slider stands: value, lowest, highest.
PLACE = """(slider) => (slider.type === "range" ? ["value", "min", "max"].map((name) => Number(slider[name]))
    : ["now", "min", "max"].map((name) => Number(slider.getAttribute(`aria-value${name}`))))"""


class Way:
    """One explorer in one host: the cell of the notebook, and the slider in it."""

    def __init__(self, page, number, explorer, host):
        self.page, self.explorer, self.host = page, explorer, host
        self.cell = page.locator(".jp-Notebook .jp-Cell").nth(number)
        inside = ".widget-interact [role=slider]" if host == "interact" else f"[data-name={EXPLORERS[explorer][1]}]"
        self.slider = self.cell.locator(inside)
        self.slider.wait_for()
        self.key, self.times, self.speeds, self.cpu = "ArrowRight", [], [], 0.0
        self._clock = page.context.new_cdp_session(page)
        self._clock.send("Performance.enable", {"timeDomain": "threadTicks"})

    def move(self, times):
        """Press arrow keys, to and fro between the slider's ends."""
        self.slider.focus()
        before = self._worked()
        for _ in range(times):
            value, low, high = self.slider.evaluate(PLACE)
            self.key = "ArrowRight" if value <= low else "ArrowLeft" if value >= high else self.key
            self.cell.evaluate(WAIT)
            self.page.keyboard.press(self.key)
            answer = self.page.evaluate("window.answer")
            if answer is None:
                raise RuntimeError(f"{self.explorer} as {self.host}: {self.key} at {value:g} changed nothing in 10 s")
            self.times.append(answer)
            self.page.wait_for_timeout(30)
        self.cpu += self._worked() - before

    def drag(self, seconds):
        """Pull the slider to and fro with the mouse, a step with each movement, and count pictures."""
        self.slider.scroll_into_view_if_needed()
        self.page.wait_for_timeout(200)
        box, (value, low, high) = self.slider.bounding_box(), self.slider.evaluate(PLACE)
        if self.host == "interact":  # the handle itself, on a track
            track = self.cell.locator(".noUi-base").bounding_box()
            left, right, x = track["x"], track["x"] + track["width"], box["x"] + box["width"] / 2
        else:
            left, right = box["x"] + 8, box["x"] + box["width"] - 8
            x = left + (right - left) * (value - low) / (high - low)
        y, step = box["y"] + box["height"] / 2, max(1.0, (right - left) * self._step() / (high - low))
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.cell.evaluate(COUNT)
        start = time.perf_counter()
        while time.perf_counter() - start < seconds:
            if not left <= x + step <= right:
                step = -step
            x = min(max(x + step, left), right)
            self.page.mouse.move(x, y)
        count = self.page.evaluate("(() => { window.counting = false; return window.pictures; })()")
        self.speeds.append(count / (time.perf_counter() - start))
        self.page.mouse.up()
        self.page.wait_for_timeout(1500 if self.host == "interact" else 200)  # what is still queued

    def _step(self):
        return (*EXPLORERS[self.explorer][2], 1)[2]

    def _worked(self):
        """Milliseconds of processor time of the page's thread so far."""
        metrics = self._clock.send("Performance.getMetrics")["metrics"]
        return 1000 * next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")

    def row(self):
        p50, p95 = statistics.median(self.times), statistics.quantiles(self.times, n=20)[-1]
        return {
            "explorer": self.explorer, "host": self.host, "moves": len(self.times), "p50_ms": p50, "p95_ms": p95,
            "cpu_ms": self.cpu / len(self.times), "pictures_per_second": statistics.mean(self.speeds),
        }  # fmt: skip


def missed(row):
    """Which goals a row does not reach; None for what has no goals."""
    if row["host"] == "interact":
        return None
    p50, p95, speed = ASKING if row["explorer"] in ASKS_PYTHON else COMPUTING
    reached = {
        "p50": row["p50_ms"] <= p50,
        "p95": row["p95_ms"] <= p95,
        "pictures/s": row["pictures_per_second"] >= speed,
    }
    return [goal for goal, is_reached in reached.items() if not is_reached]


def cells(names):
    """(explorer, host, code) of each cell."""
    for name in names:
        settings, slider, span = EXPLORERS[name]
        fill = {"name": name, "settings": settings, "slider": slider, "range": span}
        if name not in ASKS_PYTHON:
            yield name, "page", PAGE.format(**fill)
        if name in ASKS_PYTHON or name == "kernel_explorer":
            yield name, "widget", WIDGET.format(**fill)
        yield name, "interact", INTERACT.strip().format(**fill)


def measure(names, rounds, times, seconds):
    """A row of numbers for each explorer in each host."""
    with tempfile.TemporaryDirectory() as folder:
        book = list(cells(names))
        browser.write_notebook(Path(folder) / "bench.ipynb", [FIRST, *(code for *_, code in book)])
        with browser.lab(folder) as address, browser.browser() as chrome:
            page = chrome.new_page(viewport={"width": 1400, "height": 1200})
            browser.run_all(page, address, "bench.ipynb")
            ways = [Way(page, n, name, host) for n, (name, host, _) in enumerate(book, 1)]
            page.wait_for_timeout(2000)
            for way in ways:  # the first moves warm up
                way.move(3)
                way.times, way.cpu = [], 0.0
            for _, way in itertools.product(range(rounds), ways):
                way.move(times)
            for _, way in itertools.product(range(2), ways):
                way.drag(seconds)
            return [way.row() for way in ways]


def table(rows):
    yield f"{'explorer':26}{'host':10}{'p50 ms':>8}{'p95 ms':>8}{'cpu ms':>8}{'pictures/s':>12}   goal"
    for row in rows:
        found = missed(row)
        goal = "" if found is None else f"missed: {', '.join(found)}" if found else "met"
        numbers = (row["p50_ms"], row["p95_ms"], row["cpu_ms"])
        speed = row["pictures_per_second"]
        yield f"{row['explorer']:26}{row['host']:10}{''.join(f'{n:8.1f}' for n in numbers)}{speed:12.1f}   {goal}"
    for own, usual in itertools.pairwise(rows):
        if usual["host"] == "interact":
            times = usual["p50_ms"] / own["p50_ms"]
            yield f"{own['explorer']}: slider to pixels {times:.1f} times faster than interact with matplotlib"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", action="append", choices=EXPLORERS, metavar="NAME", help=", ".join(EXPLORERS))
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--moves", type=int, default=20, help="of each slider in a round")
    parser.add_argument("--seconds", type=float, default=3, help="of dragging, twice")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there, too")
    options = parser.parse_args()
    rows = measure(options.only or list(EXPLORERS), options.rounds, options.moves, options.seconds)
    print(*table(rows), sep="\n")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
