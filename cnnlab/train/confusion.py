"""Which class is taken for which."""

import torch


def confusion_matrix(labels, predicted, classes):
    """Count how often each class was taken for each other.

    labels      (n,)                int64, the true classes
    predicted   (n,)                int64, what the model says
    classes     count
    returns     (classes, classes)  int64; row = true class, column = predicted class

    Raises ValueError for lists of different length and for classes that do not exist.
    Same numbers as sklearn.metrics.confusion_matrix.
    """
    for name, values in (("labels", labels), ("predicted", predicted)):
        if not isinstance(values, torch.Tensor) or values.ndim != 1 or values.is_floating_point():
            came = f"shape {tuple(values.shape)}, {values.dtype}" if isinstance(values, torch.Tensor) else type(values)
            raise ValueError(
                f"confusion_matrix: {name} is {came}. Whole numbers of shape (n,) are needed. "
                f"Take logits.argmax(1) for what the model says."
            )
        if len(values) and not 0 <= values.min() <= values.max() < classes:
            raise ValueError(
                f"confusion_matrix: {name} runs from {values.min()} to {values.max()} (classes={classes}). "
                f"0 to {classes - 1} is needed. Pass the number of classes of the data set."
            )
    if len(labels) != len(predicted):
        raise ValueError(
            f"confusion_matrix: {len(labels)} labels and {len(predicted)} predictions. One prediction per label is "
            f"needed. Go over the same images, in the same order."
        )
    matrix = torch.zeros(classes, classes, dtype=torch.int64)
    for label, guess in zip(labels.tolist(), predicted.tolist(), strict=True):
        matrix[label, guess] += 1
    return matrix
