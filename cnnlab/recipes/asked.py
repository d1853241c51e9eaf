"""What is asked for: a recipe by its name, a data set, a model by its name and options; or a sentence why not."""

import inspect

from .. import data, models
from .recipe import Recipe
from .table import RECIPES


def known(function, recipe):
    """The Recipe, or that of this name in RECIPES."""
    if isinstance(recipe, Recipe):
        return recipe
    if not isinstance(recipe, str) or recipe not in RECIPES:
        raise ValueError(
            f"{function}: recipe={recipe!r:.80} is unknown. A Recipe or one of {', '.join(RECIPES)} is needed. "
            f"Pass one of them."
        )
    return RECIPES[recipe]


def check_dataset(function, dataset):
    """Refuse what is no Dataset."""
    if not isinstance(dataset, data.Dataset):
        raise TypeError(
            f"{function}: dataset={dataset!r:.80}. What data.load returns is needed. Pass data.load('cifar10')."
        )


def maker(recipe):
    """What builds the recipe's model, once it is sure that the recipe's options are those it takes."""
    makers = {name: _options(getattr(models, name)) for name in models.__all__}
    options = makers.get(recipe.model)
    if options is None:
        names = ", ".join(name for name, takes in makers.items() if takes is not None)
        raise ValueError(f"Recipe: model={recipe.model!r} is unknown. One of {names} is needed. Choose one of them.")
    strange = [name for name in recipe.model_options if name not in options]
    lacking = [name for name, must in options.items() if must and name not in recipe.model_options]
    if strange or lacking:
        came = f"Recipe: model_options={recipe.model_options!r:.80} for {recipe.model}"
        takes = f"It takes {', '.join(options) or 'none'}"
        do = f"Leave out {strange[0]}" if strange else f"Add {lacking[0]}"
        raise ValueError(f"{came}. {takes}. {do}.")
    return getattr(models, recipe.model)


def _options(make):
    """{option beside classes and pictures: whether it must be given} of what builds a network; None if it does not."""
    takes = inspect.signature(make).parameters if callable(make) else {}
    if not takes.keys() >= {"classes", "in_channels"}:
        return None
    return {
        name: given.default is given.empty
        for name, given in takes.items()
        if name not in ("classes", "in_channels", "size")
    }
