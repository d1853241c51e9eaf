"""Drawings made into pictures like those of MNIST."""

import pytest
import torch

from cnnlab import data


def test_mnist_digits_are_left_as_they_are():
    digits = data.load("mnist", quiet=True).x_test[:200]
    for digit in digits:
        assert torch.equal(data.as_digit(digit[0] / 255), digit[None])


@pytest.mark.parametrize(
    ("drawing", "ink"),
    [
        (torch.ones(1, 1), (20, 20)),  # one pixel fills the box
        (torch.ones(40, 10), (20, 5)),  # larger than the picture
        (torch.ones(3, 12), (5, 20)),  # wider than high
        (torch.ones(1, 500), (1, 20)),  # a hair keeps one row
        (torch.eye(400)[:, 100:], (20, 20)),  # ink away from the corner
    ],
)
def test_longest_side_is_20_pixels(drawing, ink):
    x = data.as_digit(drawing)
    assert x.shape == (1, 1, 28, 28)
    assert x.dtype == torch.uint8
    rows, columns = x[0, 0].any(1), x[0, 0].any(0)
    assert (rows.sum(), columns.sum()) == ink


def test_place_on_the_paper_does_not_matter():
    paper = torch.zeros(60, 80)
    paper[5:25, 7:19] = torch.rand(20, 12, generator=torch.Generator().manual_seed(0))
    assert torch.equal(data.as_digit(paper), data.as_digit(paper.roll((30, 50), (0, 1))))


def test_center_of_mass_is_in_the_middle():
    drawing = torch.zeros(20, 20)
    drawing[:, :4] = 1
    drawing[16:] = 1  # an L: most of its ink is low and left
    x = data.as_digit(drawing)[0, 0].double()
    places = torch.arange(28)
    for ink in (x.sum(1), x.sum(0)):
        assert abs((ink * places).sum() / ink.sum() - 14) <= 0.5


@pytest.mark.parametrize(
    ("drawing", "error", "words"),
    [
        ([[0, 1]], TypeError, r"drawing is a list. A tensor \(h, w\) is needed"),
        (torch.ones(1, 28, 28), ValueError, r"drawing is \(1, 28, 28\). \(h, w\) is needed"),
        (torch.full((2, 2), 255), ValueError, "drawing goes from 255 to 255. 0 to 1 is needed. Divide bytes by 255"),
        (torch.tensor([[float("nan"), 1]]), ValueError, "0 to 1 is needed"),
        (torch.zeros(5, 5), ValueError, r"drawing \(5, 5\) holds no ink"),
        (torch.zeros(0, 5), ValueError, r"drawing \(0, 5\) holds no ink"),
    ],
)
def test_what_is_no_drawing(drawing, error, words):
    with pytest.raises(error, match=words):
        data.as_digit(drawing)
