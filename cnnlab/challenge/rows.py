"""What a row of the board says, and what is wrong with one that somebody else wrote."""

import json
from dataclasses import fields

from ..recipes import RECIPES, Recipe

FORMAT = 1  # a change that an older cnnlab would misread raises it
NUMBER = (int, float)
LARGEST = 1e15  # of any number: a larger one is no measurement, and too long for a float in the end
JUDGED = ("precision", "flips", "memory_format")  # what a row says of how it was judged
KINDS = {  # kind of row: what it must have
    "entry": {
        "id": str,
        "name": str,
        "accuracy": NUMBER,  # 0..1, of the pictures set aside
        "seconds": NUMBER,  # of training
        "budget": NUMBER,  # seconds that it had
        "epochs": NUMBER,  # that it did
        "parameters": int,
        "model": str,
        "recipe": str,
        "changes": dict,  # of the recipe
        "data": str,
        "images": int,  # that judged
        "pictures": str,  # which ones: a fingerprint of them
        "judged": dict,  # how: precision, flips, memory format
        "weights": str,  # sha256 of their file
        "when": str,  # ISO 8601, UTC
        "machine": dict,
    },
    "final": {"entry": str, "accuracy": NUMBER, "images": int, "when": str},
}
APART = {"name", "about", "data", "model", "model_options", "measured"}  # settings of a recipe that are no changes


def parse(line):
    """The row that these bytes say. Raises ValueError with what is wrong, to follow "is left out:"."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError(f"it is damaged, or half a row ({len(line)} bytes)") from None
    if not isinstance(row, dict) or not isinstance(row.get("format"), int):
        raise ValueError("it is no row of a board")
    if row["format"] > FORMAT:
        raise ValueError(f"it has format {row['format']}, and this cnnlab reads up to {FORMAT}; a newer one reads it")
    if row.get("kind") not in KINDS:
        raise ValueError(f"its kind is {row.get('kind')!r}")
    for name, kind in KINDS[row["kind"]].items():
        value = row.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ValueError(f"its {name} is {value!r}")
        if kind in (int, NUMBER) and not 0 <= value < LARGEST:
            raise ValueError(f"its {name} is {value!r:.40}")
    if row["kind"] == "entry" and not row["judged"].keys() >= set(JUDGED):
        raise ValueError(f"its judged lacks one of {', '.join(JUDGED)}")
    if row["accuracy"] > 1:
        raise ValueError(f"its accuracy is {row['accuracy']!r}")
    return row


def changes(recipe):
    """What a recipe sets otherwise than the one of its name in the table; all it sets, where there is none."""
    known = RECIPES.get(recipe.name)
    before = {f.name: f.default if known is None else getattr(known, f.name) for f in fields(Recipe)}
    return {
        name: getattr(recipe, name) for name in before if name not in APART and getattr(recipe, name) != before[name]
    }


def group(entry):
    """Entries that compare: judged on the same pictures, after the same seconds at most."""
    return entry["data"], entry["pictures"], entry["budget"]


def score(entry):
    """The lower, the better: accuracy, and among equals the seconds, then the parameters."""
    return -entry["accuracy"], entry["seconds"], entry["parameters"]
