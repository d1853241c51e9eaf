"""A real JupyterLab in a real Chromium, for tests and for the benchmark."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
QUIET = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
QUIET += "--disable-component-update --disable-sync"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def chromium():
    """Path of a Chromium, or None. CNNLAB_CHROMIUM names another than the first on the PATH."""
    return os.environ.get("CNNLAB_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.contextmanager
def browser():
    """A headless Chromium of the system; playwright's own download is not needed."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium(), args=QUIET.split())
        try:
            yield chrome
        finally:
            chrome.close()


@contextlib.contextmanager
def lab(folder):
    """A JupyterLab that serves `folder` and keeps its settings there; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = Path(folder) / ".jupyter"
    environment = os.environ | {
        "CNNLAB_OFFLINE": "1",
        "IPYTHONDIR": str(home),
        "JUPYTER_CONFIG_DIR": str(home),
        "JUPYTER_DATA_DIR": str(home),
        "JUPYTER_RUNTIME_DIR": str(home),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}"]
    command += [f"--ServerApp.root_dir={folder}", "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True"]
    address = f"http://127.0.0.1:{port}"
    no_news = home / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    no_news.parent.mkdir(parents=True, exist_ok=True)
    no_news.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    with (home / "log.txt").open("w+") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
        try:
            for _ in range(300):
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"{address}/api", timeout=5).close()
                    break
                if server.poll() is not None:
                    break
                time.sleep(0.2)
            else:
                server.kill()
            if server.poll() is not None:
                log.seek(0)
                raise RuntimeError(f"JupyterLab did not start:\n{log.read()}")
            yield address
        finally:
            server.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(15)
            server.kill()
            server.wait()


def write_notebook(path, cells, shown=()):
    """A notebook of code cells; `shown` are the results that it stores, {kind: data} for each of the first cells."""
    import nbformat

    v4 = nbformat.v4
    book = v4.new_notebook(cells=[v4.new_code_cell(text) for text in cells])
    for n, (cell, data) in enumerate(zip(book.cells, shown, strict=False), 1):
        cell.execution_count = n
        cell.outputs = [v4.new_output("execute_result", data, execution_count=n)]
    book.metadata.kernelspec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(book, path)


def open_notebook(page, address, name):
    """Open a notebook and wait until Lab and its kernel are there."""
    page.goto(f"{address}/lab/workspaces/{Path(name).stem}/tree/{name}", timeout=120_000)  # with no tabs of others
    page.wait_for_function("window.jupyterapp !== undefined", timeout=120_000)
    page.evaluate("async () => { await window.jupyterapp.restored; }")
    page.wait_for_function(
        """(name) => {
            const panel = window.jupyterapp.shell.currentWidget;
            return panel?.context?.path === name && panel.context.isReady
                && panel.sessionContext?.session?.kernel?.status === "idle";
        }""",
        arg=name,
        timeout=120_000,
    )


def run_all(page, address, name):
    """Open a notebook, run all cells and wait until the kernel is idle."""
    open_notebook(page, address, name)
    run_cells(page)


def run_cells(page, first=None):
    """Run all cells of the open notebook, or the first ones, and wait until the kernel is idle."""
    page.evaluate(
        """async (first) => {
            const { commands, shell } = window.jupyterapp, book = shell.currentWidget.content;
            if (first === null) return void await commands.execute("notebook:run-all-cells");
            book.activeCellIndex = 0;
            book.extendContiguousSelectionTo(first - 1);
            await commands.execute("notebook:run-cell");
        }""",
        first,
    )
    page.wait_for_function(
        """() => {
            const panel = window.jupyterapp.shell.currentWidget;
            const ran = (cell) => cell.model.type !== "code" || cell.model.executionCount > 0;
            return panel.content.widgets.every(ran) && panel.sessionContext.session.kernel.status === "idle";
        }""",
        timeout=120_000,
    )


def kernel_says(page, code):
    """What an expression is in the notebook's kernel, through its repr."""
    return page.evaluate(
        """async (code) => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            const future = kernel.requestExecute({ code: "0", user_expressions: { x: code }, silent: true,
                store_history: false, allow_stdin: false, stop_on_error: false });
            const reply = await future.done;
            const x = reply.content.user_expressions.x;
            return x.status === "ok" ? x.data["text/plain"] : `${x.ename}: ${x.evalue}`;
        }""",
        code,
    )


def new_page(chrome, **options):
    """A page that is patient with a busy machine; `errors` fills with what goes wrong on its console."""
    page = chrome.new_page(**{"viewport": {"width": 1400, "height": 900}} | options)
    page.set_default_timeout(120_000)
    page.errors = console_errors(page)
    return page


def console_errors(page):
    """A list that fills with what goes wrong on the page."""
    errors = []
    page.on("pageerror", lambda error: errors.append(error.stack or str(error)))
    page.on("console", lambda m: errors.append(f"{m.text} {json.dumps(m.location)}") if m.type == "error" else None)
    return errors
