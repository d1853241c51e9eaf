"""Recipes: whole ways to train, with all their numbers and what they were measured to reach, as data.

    from cnnlab import data, recipes

    print(recipes.RECIPES["cifar10-laptop"])                 every setting, and what was measured
    recipe = recipes.pick()                                  the CIFAR-10 preset for this machine
    dataset = data.load(recipe.data)                         cifar10, or doodles where it is not there
    model, history = recipes.run(recipe, dataset, seed=0)
    recipes.test(recipe, model, dataset)                     Result(loss, accuracy, images) on the test images

    recipes.run(recipe, dataset, validation=5000)            5,000 training images set aside and judged every epoch
    recipes.run(recipe, dataset, model=models.SmallVGG())    the same training of another network
    recipes.run(recipe.but(epochs=2, crop=0), dataset)       the same recipe but for what is named
    recipes.run(recipe, dataset, folder="runs/a", resume=True)

The table
    mnist-laptop      one epoch of a small net with batch norm
    mnist-99.4        the same net for longer, digits moved by up to 2 pixels
    mnist-usual       what many first tutorials do: two convolutions, Adam at one rate
    cifar10-laptop    minutes on one CPU core
    cifar10-colab     a wider net for the GPU that Colab lends (16-bit floats)
    cifar10-big       for a GPU such as an H200 (bfloat16)
    classic           ResNet-18, SGD 0.1 with momentum, divided by 10 at half and three quarters of 180 epochs
    one-cycle         the same network, its rate up and down once in 30 epochs
    lenet, lenet-8000 LeNet on all of MNIST, and on the 8,000 training digits that are bundled

recipe.py   Recipe, Measured
table.py    RECIPES
asked.py    a recipe by its name, a data set, a model by its name and options, or why not
rungs.py    RUNGS: cifar10-laptop without each of its tricks
precision.py   suited: 16 bits where the device calculates with them
running.py  run, test, and the parts they are made of: build, batches_of, optimizer_of, scheduler_of, loss_of
"""

from .precision import suited
from .recipe import Measured, Recipe
from .rungs import RUNGS, Rung
from .running import batches_of, build, loss_of, optimizer_of, pick, run, scheduler_of, test
from .table import RECIPES

__all__ = [
    "RECIPES",
    "RUNGS",
    "Measured",
    "Recipe",
    "Rung",
    "batches_of",
    "build",
    "loss_of",
    "optimizer_of",
    "pick",
    "run",
    "scheduler_of",
    "suited",
    "test",
]
