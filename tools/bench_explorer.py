"""How soon a slider answers: the kernel explorer beside ipywidgets.interact with matplotlib, on the same picture.

    python tools/bench_explorer.py [--rounds 5] [--moves 20]

A real JupyterLab in headless Chromium, real keys and a real mouse. From the key's own time stamp to the task after the
frame that shows the new picture; the ways take turns, so that a busy machine is busy for all of them.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
import browser  # noqa: E402

INTERACT = """
import matplotlib.pyplot as plt
import torch.nn.functional as F
from ipywidgets import interact
from matplotlib.patches import Rectangle
from cnnlab.widgets import kernel_state
%matplotlib inline

state = kernel_state.complete(image="photo")
x, weight = kernel_state.picture(state), kernel_state.weights(state)

@interact(column=(0, 93))
def explore(column=10):
    y = F.conv2d(x[None, None], weight[None, None])[0, 0]
    fig, (left, middle, right) = plt.subplots(1, 3, figsize=(9, 3))
    left.imshow(x, cmap="gray")
    left.add_patch(Rectangle((column - 0.5, 46.5), 3, 3, fill=False, edgecolor="orange"))
    middle.imshow(weight, cmap="RdBu_r")
    right.imshow(y, cmap="RdBu_r", vmin=-y.abs().max(), vmax=y.abs().max())
    right.add_patch(Rectangle((column - 0.5, 46.5), 1, 1, fill=False, edgecolor="orange"))
    right.set_title(f"{y[47, column]:.2f}")
    plt.show()
"""
CELLS = [
    "from cnnlab import widgets\nwidgets.kernel_explorer(image='photo', column=10)",
    "widgets.kernel_explorer(live=True, image='photo', column=10)",
    INTERACT.strip(),
]
# name: (the slider, an expression that changes with the picture)
WAYS = {
    "explorer, in the page": (
        "[data-name=column] >> nth=0",
        "document.querySelectorAll('.cnnlab')[0]?.dataset.sentence",
    ),
    "explorer, as a widget": (
        "[data-name=column] >> nth=1",
        "document.querySelectorAll('.cnnlab')[1]?.dataset.sentence",
    ),
    "interact + matplotlib": (
        ".widget-interact [role=slider]",
        "((img) => (img?.complete ? img.src : undefined))(document.querySelector('.widget-interact img'))",
    ),
}
# Resolves with [milliseconds from the key to the pixels] once the picture has changed.
WAIT = """(seen) => {
    window.answer = new Promise((done) => {
        let pressed = null;
        const before = seen();
        window.addEventListener("keydown", (event) => { pressed ??= event.timeStamp; }, { capture: true, once: true });
        const look = () => {
            const now = seen();
            if (pressed !== null && now !== undefined && now !== before) {
                const painted = new MessageChannel();  // a task after this frame
                painted.port1.onmessage = () => done(performance.now() - pressed);
                painted.port2.postMessage(0);
            } else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    });
}"""
# Counts the pictures that reach the screen until window.counting is false.
COUNT = """(seen) => {
    window.counting = true;
    window.pictures = 0;
    let last = seen();
    const look = () => {
        const now = seen();
        if (now !== undefined && now !== last) { window.pictures += 1; last = now; }
        if (window.counting) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


def moves(page, slider, seen, times, key):
    """Milliseconds of each of `times` presses of a key."""
    page.locator(slider).focus()
    found = []
    for _ in range(times):
        page.evaluate(f"({WAIT})(() => {seen})")
        page.keyboard.press(key)
        found.append(page.evaluate("window.answer"))
        page.wait_for_timeout(30)
    return found


def drag(page, slider, seen, seconds):
    """Pictures per second while the mouse drags the slider to and fro."""
    thumb = page.locator(slider)
    thumb.scroll_into_view_if_needed()
    page.wait_for_timeout(200)
    box = thumb.bounding_box()
    if box["width"] < 40:  # ipywidgets: the handle itself
        x, width = box["x"] + box["width"] / 2, 100
    else:
        low, high, now = (
            float(thumb.get_attribute("min")),
            float(thumb.get_attribute("max")),
            float(thumb.input_value()),
        )
        x, width = box["x"] + 8 + (box["width"] - 16) * (now - low) / (high - low), 100
    y = box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(f"({COUNT})(() => {seen})")
    start, step = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        step += 1
        page.mouse.move(x + abs((step % (2 * width)) - width), y)
    count = page.evaluate("(() => { window.counting = false; return window.pictures; })()")
    passed = time.perf_counter() - start
    page.mouse.up()
    page.wait_for_timeout(1500)  # what is still queued
    return count / passed


def measure(rounds, times, seconds):
    """{way: (milliseconds, pictures per second)}"""
    with tempfile.TemporaryDirectory() as folder:
        browser.write_notebook(Path(folder) / "bench.ipynb", CELLS)
        with browser.lab(folder) as address, browser.browser() as chrome:
            page = chrome.new_page(viewport={"width": 1400, "height": 2400})
            browser.run_all(page, address, "bench.ipynb")
            for slider, _ in WAYS.values():
                page.locator(slider).wait_for()
            page.wait_for_timeout(2000)
            result = {way: ([], []) for way in WAYS}
            for turn in range(rounds + 1):
                for way, (slider, seen) in WAYS.items():
                    found = moves(page, slider, seen, times, "ArrowLeft" if turn % 2 else "ArrowRight")
                    if turn:  # the first round warms up
                        result[way][0].extend(found)
            for _ in range(2):
                for way, (slider, seen) in WAYS.items():
                    result[way][1].append(drag(page, slider, seen, seconds))
            return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--moves", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    result = measure(options.rounds, options.moves, options.seconds)
    print(f"{'':24}{'p50 ms':>8}{'p95 ms':>8}{'pictures/s':>12}")
    for way, (times, speeds) in result.items():
        p95 = statistics.quantiles(times, n=20)[-1]
        print(f"{way:24}{statistics.median(times):8.1f}{p95:8.1f}{statistics.mean(speeds):12.1f}")
    page, _, usual = result.values()
    print(
        f"slider to pixels: {statistics.median(usual[0]) / statistics.median(page[0]):.1f} times sooner than interact"
    )


if __name__ == "__main__":
    main()
