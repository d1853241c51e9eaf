"""The board as a table: who stands where, as text and as HTML."""

import html
import unicodedata

from . import file, rows

LONGEST = 200  # characters of a cell that are looked at
JOINER = "\u200d"  # holds together the emoji of a family
HEADS = {  # column: to which side its cells lean, characters at most in text
    "rank": (">", 4),
    "name": ("<", 24),
    "accuracy": (">", 9),
    "test": (">", 9),
    "seconds": (">", 7),
    "epochs": (">", 6),
    "parameters": (">", 11),
    "model": ("<", 16),
    "recipe": ("<", 44),
    "machine": ("<", 48),
    "when (UTC)": ("<", 16),
}


def leaderboard(board=None):
    """The Leaderboard in the file: print it, or let the notebook show it.

    board     as in enter
    """
    path = file.place("leaderboard", board)
    return Leaderboard(path, *file.read(path))


def entries_of(found):
    """The rows of entries, each with its rank among those that compare and its accuracy on the test pictures, if any.

    Best first; a row that stands there twice counts once.
    """
    finals = {row["entry"]: row["accuracy"] for row in reversed(found) if row["kind"] == "final"}  # the first counts
    entries = {row["id"]: row for row in found if row["kind"] == "entry"}
    ordered = sorted(entries.values(), key=lambda row: (rows.group(row), rows.score(row), row["when"]))
    scores = [(rows.group(row), rows.score(row)) for row in ordered]
    groups = [group for group, _ in scores]
    return [
        row | {"rank": scores.index(own) - groups.index(own[0]) + 1, "test": finals.get(row["id"])}
        for row, own in zip(ordered, scores, strict=True)
    ]


class Leaderboard:
    """The entries, best first, with one table for each data set and number of seconds.

    rows      the same as dicts
    notes     sentences about lines of the file that could not be read

    Ties: fewer seconds, then fewer parameters. Seconds of two machines do not compare: machine and threads are named.
    """

    def __init__(self, path, found, notes):
        self.path, self.notes, self.rows = path, notes, entries_of(found)

    def __len__(self):
        return len(self.rows)

    def __repr__(self):
        return f"Leaderboard({str(self.path)!r})"  # no measured number: a stored notebook compares it

    def __str__(self):
        parts = ["\n".join([title, *_text(cells)]) for title, cells in self._tables()]
        return "\n\n".join(parts + ["\n".join(self.notes)] * bool(self.notes))

    def _repr_html_(self):
        parts = [_html(title, cells) for title, cells in self._tables()]
        return "".join([*parts, *(f"<p>{html.escape(plain(note))}</p>" for note in self.notes)])

    def _tables(self):
        """(title, [{column: text}]) of each group; one without entries says how to make one."""
        groups = {}
        for row in self.rows:
            groups.setdefault(rows.group(row), []).append(row)
        for group in groups.values():
            first = group[0]
            title = f"{plain(first['data'])}: {first['images']:,} pictures set aside, {first['budget']:g} s of training"
            cells = [_cells(row) for row in group]
            empty = [column for column in cells[0] if not any(line[column] for line in cells)]
            if len({line["machine"] for line in cells}) == 1:  # one machine: named once
                title, empty = f"{title}; {cells[0]['machine']}", [*empty, "machine"]
            yield title, [{column: text for column, text in line.items() if column not in empty} for line in cells]
        if not groups:
            yield f"No entry yet on {self.path}. Make one with challenge.enter('your name').", []


def _cells(row):
    changed = ", ".join(f"{name}={value}" for name, value in row["changes"].items())
    made = row["machine"]
    device = made.get("cpu") if made.get("device") == "cpu" else made.get("device")
    threads = made.get("threads")
    return {
        "rank": str(row["rank"]),
        "name": plain(row["name"]),
        "accuracy": f"{100 * row['accuracy']:.2f} %",
        "test": "" if row["test"] is None else f"{100 * row['test']:.2f} %",
        "seconds": f"{row['seconds']:.1f}",
        "epochs": f"{row['epochs']:.1f}",
        "parameters": f"{row['parameters']:,}",
        "model": plain(row["model"]),
        "recipe": plain(row["recipe"] + (f": {changed}" if changed else "")),
        "machine": plain(f"{threads} {'thread' if threads == 1 else 'threads'}, {device}"),
        "when (UTC)": plain(row["when"].replace("T", " "))[:16],
    }


def plain(text):
    """The text on one line, without what would break or turn it: line ends, controls, changes of direction."""
    kept = "".join(c if c.isprintable() or c == JOINER else " " for c in text[:LONGEST])
    return " ".join(kept.split()) or "?"


def _text(cells):
    """Lines of text, with columns as wide as they need."""
    if not cells:
        return
    columns = {name: HEADS[name] for name in cells[0]}
    table = [{name: name for name in columns}, *cells]
    table = [{name: _clip(line[name], columns[name][1]) for name in columns} for line in table]
    widths = {name: max(_width(line[name]) for line in table) for name in columns}
    for line in table:
        padded = []
        for name, (side, _) in columns.items():
            room = " " * (widths[name] - _width(line[name]))
            padded.append(room + line[name] if side == ">" else line[name] + room)
        yield "  ".join(padded).rstrip()


def _clip(text, most):
    if _width(text) <= most:
        return text
    while _width(text) > most - 1:
        text = text[:-1]
    return f"{text}…"


def _width(text):
    """Places that the text takes in a terminal: an emoji or a Chinese character two, an accent none."""
    narrow = sum(not unicodedata.combining(c) and c != JOINER for c in text)
    return narrow + sum(unicodedata.east_asian_width(c) in "WF" for c in text)


def _html(title, cells):
    if not cells:
        return f"<p>{html.escape(title)}</p>"
    styles = {name: "text-align:right" if side == ">" else "text-align:left" for name, (side, _) in HEADS.items()}
    styles["when (UTC)"] += ";white-space:nowrap"
    head = "".join(f'<th scope="col" style="{styles[name]}">{name}</th>' for name in cells[0])
    body = "".join(
        "<tr>"
        + "".join(f'<td style="{styles[name]}">{html.escape(text)}</td>' for name, text in line.items())
        + "</tr>"
        for line in cells
    )
    caption = f'<caption style="text-align:left">{html.escape(title)}</caption>'
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
