"""What the tests of each explorer share: its two hosts say the same, refuse the same, and Node runs its JavaScript."""

import json
import shutil
import subprocess

import pytest

from cnnlab.widgets import hosts

NODE = shutil.which("node")


def says(explorer, settings, sentence):
    """Both hosts say the sentence, as their repr and as text/plain."""
    for live in (False, True):
        shown = explorer(live=live, **settings)
        assert repr(shown) == sentence
        bundle = shown._repr_mimebundle_()
        assert (bundle[0] if live else bundle)["text/plain"] == sentence


def refuses(explorer, settings, words):
    """Neither host is made, and the words say why."""
    for live in (False, True):
        with pytest.raises(ValueError, match=f"^{explorer.__name__}: {words}"):
            explorer(live=live, **settings)


def asker(tmp_path_factory, module, script):
    """ask(**question): what the script prints as JSON, beside the question in ask.json and the module that ships."""
    if NODE is None:
        pytest.skip("no node on this machine; the browser test covers less")
    folder = tmp_path_factory.mktemp("node")
    (folder / "explorer.mjs").write_text(hosts.source(module), encoding="utf-8")
    (folder / "run.mjs").write_text(script, encoding="utf-8")

    def ask(**question):
        (folder / "ask.json").write_text(json.dumps(question), encoding="utf-8")
        done = subprocess.run([NODE, "run.mjs"], cwd=folder, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    ask.folder = folder  # where the script may leave more than JSON
    return ask
