"""The numbers of README.md and docs/numbers.md are those of the recipes and of the stored benchmark."""

import dataclasses

import measure_rungs
import pytest
import results

from cnnlab import data, recipes


def test_the_numbers_that_are_told_are_todays():
    assert results.main(["--check"]) == 0, "run make links"


@pytest.fixture
def numbers(tmp_path, monkeypatch):
    copy = tmp_path / "numbers.md"
    copy.write_text(results.NUMBERS.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(results, "NUMBERS", copy)
    return copy


def test_a_recipe_that_is_measured_anew_changes_the_page(numbers, monkeypatch, capsys):
    again = recipes.Measured(0.8123, 0.0045, seeds=7, seconds=99.6, machine="a machine", data="cifar10")
    monkeypatch.setitem(recipes.RECIPES, "classic", recipes.RECIPES["classic"].but(measured=again))
    assert results.main(["--check"]) == 1
    assert "numbers.md: the table of recipes is out of date, run make links" in capsys.readouterr().out
    results.main([])
    assert results.main(["--check"]) == 0
    (row,) = [line for line in numbers.read_text(encoding="utf-8").splitlines() if line.startswith("| `classic`")]
    assert row.endswith("| 81.23 ± 0.45 % (7 seeds) | 100 s |")


def test_the_highlights_follow_a_recipe(monkeypatch, capsys):
    again = recipes.Measured(0.9123, 0.0045, seeds=7, seconds=99.6, machine="a machine", data="mnist")
    monkeypatch.setitem(recipes.RECIPES, "mnist-99.4", recipes.RECIPES["mnist-99.4"].but(measured=again))
    assert results.main(["--check"]) == 1
    assert "README.md: the table of highlights is out of date" in capsys.readouterr().out


def test_what_is_not_measured_says_so():
    unknown = [recipe.name for recipe in recipes.RECIPES.values() if recipe.measured is None]
    rows = [line for line in results.of_recipes().splitlines() if "not yet measured" in line]
    assert [row.split("`")[1] for row in rows] == unknown


def test_points_of_a_rung_are_against_every_trick(monkeypatch):
    def measured(accuracy):
        return recipes.Measured(accuracy, 0.001, seeds=2, seconds=60, machine="a machine", data="cifar10")

    rungs = [
        recipes.Rung("every trick", "", {}, measured=measured(0.84)),
        recipes.Rung("crop", "none", {"crop": 0}, measured=measured(0.825)),
        recipes.Rung("flip", "never", {"flip": None}),
    ]
    monkeypatch.setattr(recipes, "RUNGS", rungs)
    cells = [[cell.strip() for cell in line.split("|")] for line in results.of_rungs().splitlines()[2:]]
    assert [row[4] for row in cells] == ["", "+1.5", ""]


def test_every_rung_takes_its_trick_away():
    """A setting that the recipe has already would take nothing away."""
    assert not recipes.RUNGS[0].without and not recipes.RUNGS[0].trained_first
    recipe = measure_rungs.RECIPE.but()
    for rung in recipes.RUNGS[1:]:
        assert rung.trained_first or recipe.but(**rung.without) != recipe


def test_one_round_of_rungs(capsys):
    x, y = data.doodles(64, seed=3)
    dataset = dataclasses.replace(data.load("doodles", quiet=True), x_train=x, y_train=y)
    base = measure_rungs.RECIPE.but(epochs=1, batch_size=16, model_options={"widths": (4, 6, 8)})
    found = measure_rungs.one_round(recipes.RUNGS, base, dataset, (x, y), seed=0)
    assert len(found) == len(recipes.RUNGS) == capsys.readouterr().out.count("seed 0, ")
    assert all(0 <= accuracy <= 1 and seconds > 0 for accuracy, seconds in found)
    names = [rung.without for rung in recipes.RUNGS]
    assert found[names.index({"test_flips": False})][1] == found[0][1]  # one training, judged twice
