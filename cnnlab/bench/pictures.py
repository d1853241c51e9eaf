"""The part cifar10: accuracy on test pictures after equal seconds of training."""

from .. import recipes
from . import contestants, race
from .digits import table_of


def measure(budget, device, dataset, workers, say):
    """Both recipes by turns, once per seed.

    Ours has as many epochs as fit into the seconds, at most its own number. The usual one trains for those seconds, or
    for those that ours took if it was slower than foreseen; its learning rate stays what it is.
    """
    ours = recipes.pick() if device.type == "cuda" else recipes.suited(LAPTOP, device)
    sides = [
        contestants.Contestant("cifar10", "ours", ours),
        contestants.Contestant("cifar10", "usual", contestants.USUAL["cifar10"], workers),
    ]
    seconds, images = budget.seconds["cifar10"], len(dataset.x_train)
    runs = {"ours": [], "usual": []}
    options = {"judged": budget.judged["cifar10"], "every": None, "device": device}
    with race.runners(sides, **options) as running:
        whole = running["ours"].contestant
        fitting = running["ours"].contestant = sides[0] = fit(whole, running["ours"].step, seconds, images)
        for seed in range(budget.seeds["cifar10"]):
            say(f"cifar10: seed {seed}, {seconds:g} s of training each")
            for side, report in race.race(running, seed, seconds).items():
                runs[side].append(report | {"seed": seed})
        before = {side: runner.before for side, runner in running.items()}
    tables = {side.side: table_of(side, runs[side.side], before[side.side]) for side in sides}
    return {
        "contestants": tables,
        "points_more": 100 * (tables["ours"]["accuracy"]["median"] - tables["usual"]["accuracy"]["median"]),
        "cut_short": cut_short(whole, fitting, budget.judged["cifar10"], len(dataset.x_test)),
    }


LAPTOP = recipes.RECIPES["cifar10-laptop"]


def fit(contestant, step, seconds, images):
    """Our contestant with as many epochs as fit into the seconds, at most its own; less than one: fewer images.

    step     seconds of one step, measured
    images   in the training set
    """
    recipe = contestant.recipe
    epoch = step * -(-images // recipe.batch_size)
    if epoch <= seconds:
        return contestant._replace(recipe=recipe.but(epochs=min(recipe.epochs, int(seconds / epoch))))
    some = max(1, int(seconds / step)) * recipe.batch_size
    return contestant._replace(recipe=recipe.but(epochs=1), images=min(some, images - 1))


def cut_short(whole, fitting, judged, images):
    """Sentences on what had to be left out."""
    sentences = []
    if fitting.images is not None:
        sentences.append(f"cifar10: less than one epoch fits; ours saw {fitting.images} images once")
    elif fitting.recipe.epochs < whole.recipe.epochs:
        sentences.append(f"cifar10: ours had {fitting.recipe.epochs} of its {whole.recipe.epochs} epochs")
    if judged is not None and judged < images:
        sentences.append(f"cifar10: judged on {judged} of {images} test pictures")
    return sentences
