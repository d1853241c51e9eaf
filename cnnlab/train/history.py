"""What training has been like: one row of numbers per epoch."""

COLUMNS = {
    "epoch": "{:5d}".format,
    "loss": "{:10.4f}".format,
    "accuracy": "{:10.2%}".format,
    "val_loss": "{:10.4f}".format,
    "val_accuracy": "{:14.2%}".format,
    "seconds": "{:9.1f}".format,
}


class History:
    """Rows of epoch, loss, accuracy, val_loss, val_accuracy and seconds; the val_ ones only where validated.

    history["loss"] is one number per epoch; history.best is the row of the best epoch; print(history) is a table.
    history.startup has the seconds before the first epoch, where something had to be compiled.
    """

    startup = 0.0

    def __init__(self, rows=()):
        self.rows = list(rows)

    def __len__(self):
        return len(self.rows)

    def __iter__(self):
        return iter(self.rows)

    def __getitem__(self, column):
        if self.rows and column in self.rows[0]:
            return [row[column] for row in self.rows]
        known = ", ".join(self.rows[0]) if self.rows else "none before the first epoch"
        cure = "Pass validation to fit." if str(column).startswith("val_") else "Ask for one of them."
        raise KeyError(f"History: column {column!r} is not there. There are: {known}. {cure}")

    @property
    def best(self):
        """The row with the highest accuracy, then the lowest loss: of validation if there is one."""
        if not self.rows:
            raise ValueError("History: there is no epoch yet. At least one is needed. Train first.")
        return max(self.rows, key=_score)

    def __repr__(self):
        return f"History(epochs={len(self)})"  # no measured number: a stored notebook compares it

    def __str__(self):
        names = [name for name in COLUMNS if self.rows and name in self.rows[0]]
        widths = [len(COLUMNS[name](0)) for name in names]
        head = " ".join(name.rjust(width) for name, width in zip(names, widths, strict=True))
        lines = [" ".join(COLUMNS[name](row[name]) for name in names) for row in self.rows]
        return "\n".join([head, *lines]) if lines else repr(self)


def _score(row):
    side = "val_" if "val_loss" in row else ""
    accuracy, loss = row[side + "accuracy"], row[side + "loss"]
    return (0 if accuracy != accuracy else accuracy, -loss)  # the accuracy of pictures is nan: judge by loss
