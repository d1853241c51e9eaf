"""Recipes calculate with 16 bits where that is fast, and with 32 elsewhere."""

import pytest
import torch

from cnnlab import recipes
from cnnlab.recipes import precision

RECIPE = recipes.RECIPES["cifar10-laptop"]

# device, what the recipe asks for, capability of the GPU or whether the CPU has bfloat16, what it gets
PLACES = [
    ("cpu", "bfloat16", True, "bfloat16"),
    ("cpu", "bfloat16", False, None),
    ("cpu", "float16", True, None),  # no CPU of today is fast with it
    ("cpu", None, True, None),
    ("cuda", "bfloat16", (9, 0), "bfloat16"),
    ("cuda", "bfloat16", (7, 5), "float16"),  # a T4
    ("cuda", "float16", (9, 0), "float16"),
    ("cuda", None, (9, 0), None),
    ("mps", "bfloat16", None, None),
]


@pytest.mark.parametrize(("device", "asked", "has", "got"), PLACES)
def test_sixteen_bits_where_they_are_fast(monkeypatch, device, asked, has, got):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device=None: has)
    monkeypatch.setattr(precision, "cpu_has_bfloat16", lambda: has)
    recipe = RECIPE.but(precision=asked)
    assert recipes.suited(recipe, torch.device(device)) == recipe.but(precision=got)


@pytest.mark.parametrize("machine", ["x86_64", "AMD64", "arm64"])
@pytest.mark.parametrize("has", [True, False])
def test_what_a_processor_has_is_asked_of_pytorch(monkeypatch, machine, has):
    monkeypatch.setattr(precision.platform, "machine", lambda: machine)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: has, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False, raising=False)
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: has, raising=False)
    assert asked_anew() is has


@pytest.mark.parametrize(("flags", "has"), [("fpu avx2", False), ("avx2 avx512_bf16", True), ("amx_bf16", True)])
def test_an_older_pytorch_does_not_know_and_the_system_is_asked(monkeypatch, flags, has):
    monkeypatch.setattr(precision.platform, "machine", lambda: "x86_64")
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported", raising=False)
    monkeypatch.setattr(precision.Path, "read_text", lambda path: f"flags : {flags}\n")
    assert asked_anew() is has


def asked_anew():
    precision.cpu_has_bfloat16.cache_clear()
    try:
        return precision.cpu_has_bfloat16()
    finally:
        precision.cpu_has_bfloat16.cache_clear()
