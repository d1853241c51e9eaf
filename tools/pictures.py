"""Make cnnlab/js/pictures.json, the small pictures that travel inside an explorer: python -m tools.pictures"""

import base64
import json
from pathlib import Path

from cnnlab import data


def encoded(x):
    """(h, w) uint8 as what the explorers' JavaScript reads."""
    h, w = x.shape
    return {"height": h, "width": w, "bytes": base64.b64encode(x.numpy().tobytes()).decode()}


def main():
    digits = data.load("mnist", quiet=True)
    pictures = {
        "digit": encoded(digits.x_test[digits.y_test == 4][6, 0]),
        "photo": encoded(data.grey(data.photo("cat", size=96))[0]),
    }
    path = Path(__file__).parent.parent / "cnnlab" / "js" / "pictures.json"
    path.write_text(json.dumps(pictures, indent=1) + "\n")
    print(f"wrote {path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
