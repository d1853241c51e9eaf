"""Make the pictures that travel inside explorers, cnnlab/js/{pictures,colors,small}.json: python -m tools.pictures"""

import base64
import json
from pathlib import Path

from cnnlab import data


def encoded(x):
    """(h, w) or (c, h, w) uint8 as what the explorers' JavaScript reads."""
    h, w = x.shape[-2:]
    return {"height": h, "width": w, "bytes": base64.b64encode(x.numpy().tobytes()).decode()}


def main():
    digits = data.load("mnist", quiet=True)
    pictures = {
        "digit": encoded(digits.x_test[digits.y_test == 4][6, 0]),
        "photo": encoded(data.grey(data.photo("cat", size=96))[0]),
    }
    colors = {name: encoded(data.photo(name, size=64)) for name in ("coffee", "cat")}
    small = {name: encoded(data.photo(name, size=32)) for name in ("cat", "coffee")}
    small["arrow"] = encoded(data.doodles(60, seed=0)[0][40])
    for name, content in (("pictures", pictures), ("colors", colors), ("small", small)):
        path = Path(__file__).parent.parent / "cnnlab" / "js" / f"{name}.json"
        path.write_text(json.dumps(content, indent=1) + "\n")
        print(f"wrote {path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
