"""Notebook 12: a hook that keeps what a layer answers, occlusion, and Grad-CAM."""

import torch
from torch import nn

from cnnlab import inside
from cnnlab.checks.engine import Case, FunctionExercise, JudgedExercise, Prediction, Wrong


class _Net(nn.Sequential):
    """A network with a name that fits into the line of a verdict."""

    def __init__(self, name, *layers):
        super().__init__(*layers)
        self._said = name
        self.eval()

    def __repr__(self):
        return self._said


def _weighted(layer, weight, bias=0.0, scale=1.0):
    with torch.no_grad():
        layer.weight.copy_(scale * torch.tensor(weight).view(layer.weight.shape))
        layer.bias.copy_(torch.tensor(bias))
    return layer


def _averaging(scale=1.0):
    """Two maps, x and 3 - x, ReLU, the mean of each map, three classes."""
    filters = _weighted(nn.Conv2d(1, 2, 1), [1.0, -1], [0.0, 3])
    classes = _weighted(nn.Linear(2, 3), [[8.0, -4], [-4, 12], [6, 2]], scale=scale)
    return _Net("averaging_net", filters, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), classes)


def _placing(scale=1.0):
    """The same maps, and classes that ask where: the gradient differs from pixel to pixel."""
    filters = _weighted(nn.Conv2d(1, 2, 1), [1.0, -1], [0.0, 3])
    classes = _weighted(nn.Linear(8, 2), [[8.0, 0, 0, 4, -4, 0, 0, 0], [0, -4, 0, 0, 0, 8, 4, 0]], scale=scale)
    return _Net("placing_net", filters, nn.ReLU(), nn.Flatten(), classes)


X = torch.tensor([[[[1.0, -2], [3, 4]]]])
TWO = torch.tensor([[[[1.0, -2], [3, 4]]], [[[-5.0, 1], [2, -1]]]])
LABELS = torch.tensor([0, 1])


def _shrinking():
    """Maps of half the picture's size."""
    return _Net("shrinking_net", nn.MaxPool2d(2), *_averaging())


# ---- activations


def _recipe_of(layer):
    """What the layer of _averaging() gives for X, computed without a hook."""
    with torch.no_grad():
        y = X
        for module in list(_averaging())[: int(layer) + 1]:
            y = module(y)
    return y


def _asks(activations, layer, model=None):
    return activations(_averaging() if model is None else model, X, layer)


def _gives_a_tensor(activations):
    if not callable(activations):
        return f"a {type(activations).__name__}; the function itself, without brackets"
    got = _asks(activations, "1")
    if got is None or got is ...:
        return "nothing yet; end it with `return ...`, and let the hook keep its output in a list that is made outside"
    if isinstance(got, list):
        return "a list; what the hook has kept is its first entry"
    return True if isinstance(got, torch.Tensor) else f"a {type(got).__name__}"


def _gives_the_output(activations):
    for layer in ("1", "0", "2"):
        got, right = _asks(activations, layer), _recipe_of(layer)
        if got.shape == right.shape and torch.equal(got, right):
            continue
        known = {
            "the input of the layer; its output is asked for": X if layer == "0" else _recipe_of(str(int(layer) - 1)),
            "the logits; what the hook has kept is asked for": _averaging()(X),
        }
        for says, wrong in known.items():
            if got.shape == wrong.shape and torch.equal(got, wrong):
                return says
        return f'{tuple(got.shape)} other values for layer "{layer}"'
    return True


def _finds_a_layer_inside_a_layer(activations):
    model = nn.Sequential(_averaging(), nn.Identity()).eval()
    with torch.no_grad():
        right = model[0][1](model[0][0](X))
    got = activations(model, X, "0.1")
    return True if got.shape == right.shape and torch.equal(got, right) else f"{tuple(got.shape)} other values"


def _leaves_the_answer(activations):
    model, said = _averaging(), []
    model.register_forward_hook(lambda module, inputs, y: said.append(y.detach()))
    _asks(activations, "1", model)
    same = bool(said) and torch.equal(said[0], _averaging()(X))
    return True if same else "other logits while the hook is there; let it return nothing"


def _leaves_no_hook(activations):
    model = _averaging()
    _asks(activations, "1", model)
    left = sum(len(module._forward_hooks) for module in model.modules())
    return True if not left else f"{left} left; handle.remove() takes it away"


def _hooked(keep=lambda inputs, y: y, remove=True, take=lambda kept, logits: kept[0]):
    """The function with one thing wrong at a time."""

    def activations(model, x, layer):
        kept = []
        hook = lambda module, inputs, y: kept.append(keep(inputs, y))  # noqa: E731
        handle = model.get_submodule(layer).register_forward_hook(hook)
        logits = model(x)
        if remove:
            handle.remove()
        return take(kept, logits)

    return activations


def _by_children(model, x, layer):
    """No hook: walks through the parts, which works for a plain Sequential only."""
    for name, part in model.named_children():
        x = part(x)
        if name == layer:
            return x


def _spoils(model, x, layer):
    kept = []

    def hook(module, inputs, y):
        kept.append(y)
        return 0 * y

    handle = model.get_submodule(layer).register_forward_hook(hook)
    model(x)
    handle.remove()
    return kept[0]


# ---- occlusion and Grad-CAM, as the library has them, with one thing wrong at a time


def _occlude(model, x, labels, size=8, stride=2, *, of=None, by_label=True, pile=False, swap=False, shift=True, sign=1):
    of = of or (lambda logits: logits.softmax(1))
    picked = labels if by_label else torch.zeros_like(labels)
    score = lambda x: of(model(x)).gather(1, picked[:, None])[:, 0]  # noqa: E731
    falls = torch.zeros(len(x), x.shape[2] // stride, x.shape[3] // stride)
    with torch.no_grad():
        whole = score(x)
        for i in range(falls.shape[1]):
            for j in range(falls.shape[2]):
                top, left = (k * stride - ((size - stride) // 2 if shift else 0) for k in (i, j))
                covered = inside.cover(x, top, left, size)
                x = covered if pile else x
                at = (j, i) if swap else (i, j)
                falls[:, at[0], at[1]] = sign * (whole - score(covered))
    return falls


def _covered_probability(model, x, labels, size=8, stride=2):
    whole = model(x).softmax(1).gather(1, labels[:, None])[:, 0].detach()
    return whole[:, None, None] - _occlude(model, x, labels, size, stride)


def _cam(model, x, layer, labels, *, score=None, weigh=None, add=None, bend=torch.relu):
    kept = []
    handle = model.get_submodule(layer).register_forward_hook(lambda module, inputs, y: kept.append(y))
    logits = model(x)
    handle.remove()
    score = score or (lambda logits: logits.gather(1, labels[:, None]))
    (slopes,) = torch.autograd.grad(score(logits).sum(), kept[0])
    weights = (weigh or (lambda slopes: slopes.mean((2, 3), keepdim=True)))(slopes)
    return bend((add or (lambda weighted: weighted.sum(1)))(weights * kept[0])).detach()


def _scaled(cam):
    return cam / cam.amax((1, 2), keepdim=True).clamp_min(1e-9)


def _wrong_cam(says, **options):
    return Wrong(lambda model, x, layer, labels: _cam(model, x, layer, labels, **options), says)


def _wrong_cover(says, **options):
    return Wrong(lambda m, x, labels, size=8, stride=2: _occlude(m, x, labels, size, stride, **options), says)


EXERCISES = [
    JudgedExercise(
        "activations",
        minutes=8,
        level="medium",
        rules=(
            ("a function of model, x, layer that returns a tensor", _gives_a_tensor),
            ("the output of the layer", _gives_the_output),
            ("the output of a layer inside a layer, \"0.1\"", _finds_a_layer_inside_a_layer),
            ("a model that answers as it does without the hook", _leaves_the_answer),
            ("no hook left behind", _leaves_no_hook),
        ),
        solution="from cnnlab.inside import activations",
        hints=(
            "A hook is a function of (module, inputs, output). Let it append output to a list.",
            "handle = model.get_submodule(layer).register_forward_hook(hook), then model(x), then handle.remove().",
            "kept = [] before all that; the hook is lambda module, inputs, output: kept.append(output).",
        ),
        wrong=(
            Wrong(lambda: _hooked(keep=lambda inputs, y: inputs[0]), "the input of the layer"),
            Wrong(lambda: _hooked(take=lambda kept, logits: logits), "the logits; what the hook has kept"),
            Wrong(lambda: _hooked(remove=False), "1 left; handle.remove() takes it away"),
            Wrong(lambda: _hooked(take=lambda kept, logits: kept), "a list; what the hook has kept"),
            Wrong(lambda: _hooked(take=lambda kept, logits: None), "nothing yet"),
            Wrong(lambda: _hooked(keep=lambda inputs, y: y.relu()), "other values for layer"),
            Wrong(lambda: _by_children, "could not be tried"),
            Wrong(lambda: _spoils, "other logits while the hook is there"),
        ),
    ),
    FunctionExercise(
        "occlusion",
        minutes=10,
        level="medium",
        answer=inside.occlusion,
        cases=(
            Case("four squares side by side", (_averaging(1 / 8), TWO[:1].repeat(1, 1, 2, 2), LABELS[:1], 2, 2)),
            Case("another class", (_averaging(1 / 8), TWO[:1].repeat(1, 1, 2, 2), LABELS[1:], 2, 2)),
            Case("places that differ", (_placing(1 / 16), X, LABELS[:1], 1, 1)),
            Case("two pictures, two classes", (_placing(1 / 16), TWO, LABELS, 1, 1)),
            Case("squares that overlap", (_averaging(1 / 8), TWO.repeat(1, 1, 2, 3), LABELS, 4, 2)),
        ),
        hints=(
            "Two loops, over i and j. In each: cover, ask the model, softmax, take the probability of the label.",
            "logits.softmax(1).gather(1, labels[:, None])[:, 0] has one probability per picture, its label's.",
            "falls[:, i, j] = whole - probability of the covered pictures. Cover x anew each time.",
        ),
        wrong=(
            Wrong(_covered_probability, "the probability that is left; how far it falls is asked for"),
            _wrong_cover("the sign is turned: a fall is above 0, whole minus covered", sign=-1),
            _wrong_cover("logits are compared; softmax turns them into probabilities", of=lambda logits: logits),
            Wrong(lambda m, x, labels, size=8, stride=2: inside.occlusion(m, x, labels, size, stride).relu(),
                  "falls below 0 are cut off; a cover can help, too"),
            _wrong_cover("log-probabilities are compared; softmax alone is asked for", of=lambda z: z.log_softmax(1)),
            _wrong_cover("softmax runs over the pictures; the classes are axis 1", of=lambda logits: logits.softmax(0)),
            _wrong_cover("covers pile up: x itself was replaced by the covered picture", pile=True),
            _wrong_cover("rows and columns have changed places", swap=True),
            _wrong_cover("class 0 is asked for in every picture; each has its own label", by_label=False),
            _wrong_cover("the square begins at i * stride; move it back by (size - stride) // 2", shift=False),
        ),
    ),
    FunctionExercise(
        "grad_cam",
        minutes=12,
        level="hard",
        answer=inside.grad_cam,
        cases=(
            Case("one picture, class 0", (_averaging(), X, "1", LABELS[:1])),
            Case("class 1", (_averaging(), X, "1", LABELS[1:])),
            Case("a gradient that differs from pixel to pixel", (_placing(), X, "1", LABELS[:1])),
            Case("two pictures, two classes", (_placing(), TWO, "1", LABELS)),
            Case("the maps before the ReLU", (_placing(), TWO, "0", LABELS)),
            Case("maps smaller than the picture", (_shrinking(), TWO.repeat(1, 1, 2, 2), "1", LABELS)),
        ),
        hints=(
            "Keep the maps with a hook. Then score = logits.gather(1, labels[:, None]).sum().",
            "(slopes,) = torch.autograd.grad(score, maps), of the shape of maps. Its mean over rows and columns, "
            "slopes.mean((2, 3), keepdim=True), is one weight per map.",
            "(weights * maps).sum(1) adds the maps up; .relu() cuts off what speaks against the class.",
        ),
        wrong=(
            _wrong_cam("the ReLU at the end is missing", bend=lambda cam: cam),
            _wrong_cam("the sign is lost: abs in place of ReLU", bend=torch.abs),
            _wrong_cam("the gradient is added up over the map; its mean is the weight",
                       weigh=lambda slopes: slopes.sum((2, 3), keepdim=True)),
            _wrong_cam("each pixel has a weight of its own; take the mean of the gradient over each map",
                       weigh=lambda slopes: slopes),
            _wrong_cam("the weights are left out: the maps are just added up", weigh=torch.ones_like),
            _wrong_cam("the maps are averaged in place of added up", add=lambda weighted: weighted.mean(1)),
            _wrong_cam("ReLU comes before the sum over maps, so nothing speaks against the class",
                       add=lambda weighted: weighted.relu().sum(1)),
            _wrong_cam("the gradient is that of the probability; take the logit, before softmax",
                       score=lambda logits: logits.softmax(1).gather(1, LABELS[: len(logits), None])),
            Wrong(lambda m, x, layer, labels: nn.functional.interpolate(
                inside.grad_cam(m, x, layer, labels)[:, None], size=x.shape[-2:])[:, 0],
                "the map is stretched over the picture; leave it as the layer has it"),
            _wrong_cam("the gradient is that of the loss, which falls where the logit grows; take the logit",
                       score=lambda logits: nn.functional.cross_entropy(logits, LABELS[: len(logits)])),
            _wrong_cam("the largest logit was taken; the label's is asked for", score=lambda logits: logits.amax(1)),
            _wrong_cam("the mean has lost its axes, and a weight meets a row of pixels: keepdim=True keeps them",
                       weigh=lambda slopes: slopes.mean((2, 3))),
            _wrong_cam("all maps have one weight; each has its own", weigh=torch.mean),
            _wrong_cam("the map is divided by its largest value; leave it", bend=lambda cam: _scaled(cam.relu())),
            _wrong_cam("only the first picture is asked for its label", score=lambda logits: logits[:1, LABELS[0]]),
            _wrong_cam("all logits were added up; only the label's counts", score=lambda logits: logits),
            Wrong(lambda m, x, layer, labels: inside.grad_cam(m, x, layer, labels).sum(0, keepdim=True)
                  if len(x) > 1 else inside.grad_cam(m, x, layer, labels)[0],
                  "pictures are mixed, or their axis is lost: (n, oh, ow) is needed"),
        ),
    ),
]  # fmt: skip


PREDICTIONS = {
    "kernels of a filter in the last convolution": Prediction(
        lambda: 64, "One kernel per map that it reads, and the layer before gives 64."
    ),
    "shape of layer3's maps": Prediction(lambda: (64, 8, 8), "64 maps, and two strides of 2 take 32 pixels to 8."),
    "side of the field that layer3 sees, in pixels": Prediction(
        lambda: 25,
        "3, 5, 7 at a jump of 1; 9, 13 after the first stride of 2 (jump 2); 17, 25 after the second (jump 4).",
    ),
    "share of the field that holds 90 percent": Prediction(
        lambda: "about half",
        "Pixels in the middle reach the output on many paths through the layers, those at the edge on few.",
        choices=("nearly all", "about half", "about a tenth"),
    ),
    "where a gray square does harm": Prediction(
        lambda: "elsewhere, too",
        "The square is a shape with edges of its own, and shapes are what this net has learned to see.",
        choices=("on the shape only", "elsewhere, too"),
    ),
    "Grad-CAM of a net with random weights": Prediction(
        lambda: "a different map",
        "Its weights and its maps are the net's; a net that knows nothing has no reason to look there.",
        choices=("the same map", "a different map"),
    ),
}
