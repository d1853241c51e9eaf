"""The sick trainings of notebook 15: each shows its own sign, and none that would name another."""

import pytest
import torch
import torch.nn.functional as F

from cnnlab import checks, train
from cnnlab.checks import patients


@pytest.fixture(scope="module", params=range(1, 9), ids=lambda n: patients.CASES[n - 1])
def examined(request):
    """The defect of a patient, and what is seen after a pass."""
    p = checks.patient(request.param)
    before = {name: value.clone() for name, value in p.model.state_dict().items()}
    losses = p.train()
    x, labels = next(iter(p.batches))
    x_val, _ = next(iter(p.validation))
    logits = p.model(x)
    weights = [w for w in p.model.parameters() if w.requires_grad]
    own = torch.stack([g.norm() for g in torch.autograd.grad(F.cross_entropy(logits, labels), weights)]).norm()
    kept = torch.stack([w.grad.norm() for w in weights]).norm()
    after = p.model.state_dict()
    share = max(float((after[name] - before[name]).norm() / before[name].norm()) for name in before)
    seen = {
        "losses": losses, "logits": logits.detach(), "training": train.evaluate(p.model, p.batches).accuracy,
        "moved": len(train.moved(before, after)), "of": len(before), "share": share, "own": float(own),
        "kept": float(kept), "spreads": float(x_val.std() / x.std()),
    }  # fmt: skip
    return patients.CASES[request.param - 1], seen


SIGNS = {
    "rate too high": lambda s: max(s["losses"]) > 1.2 * s["losses"][0] and s["kept"] < 5 and s["share"] > 0.5,
    "rate too low": lambda s: s["share"] < 1e-3,
    "frozen layers": lambda s: 1 < s["moved"] < s["of"],
    "dead ReLUs": lambda s: (s["logits"] == s["logits"][0]).all().item(),
    "softmax before the loss": lambda s: torch.allclose(s["logits"].sum(1), torch.ones(len(s["logits"]))),
    "shuffled labels": lambda s: (
        s["training"] < 0.2 and s["share"] > 1e-2 and s["logits"].std(0).max() > 1e-4 and max(s["losses"]) < 2.6
    ),
    "zero_grad forgotten": lambda s: s["kept"] > 5,
    "two normalizations": lambda s: not 0.5 < s["spreads"] < 2,
}


def test_shows_its_own_sign_alone(examined):
    defect, seen = examined
    assert [name for name, sign in SIGNS.items() if sign(seen)] == [defect], seen


def test_signs_and_patients_cover_all_defects():
    assert set(SIGNS) == set(checks.DEFECTS) == set(patients.CASES)


def test_the_same_number_is_the_same_patient():
    a, b = checks.patient(4), checks.patient(4)
    assert torch.equal(a.batches.y, b.batches.y)
    assert all(torch.equal(v, b.model.state_dict()[k]) for k, v in a.model.state_dict().items())
    assert repr(a) == "Patient()"  # the defect stays unsaid


@pytest.mark.parametrize("number", [0, 9, 1.0, True, "1"])
def test_refuses_other_numbers(number):
    with pytest.raises(ValueError, match="A whole number from 1 to 8 is needed"):
        checks.patient(number)
