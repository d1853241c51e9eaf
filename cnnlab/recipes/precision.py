"""Numbers of 16 bits pay only where there is arithmetic for them."""

import functools
import platform
from pathlib import Path

import torch


def suited(recipe, device):
    """The recipe with a precision that is fast on this device.

    recipe    a Recipe
    device    a torch.device, or its name
    returns   the recipe itself, or the same with another precision

    GPUs before Ampere, such as Colab's T4, get float16 in place of bfloat16. A CPU without instructions for bfloat16,
    as in many laptops, gets float32: it would convert back and forth and take several times as long.
    """
    precision = _fast(recipe.precision, torch.device(device))
    return recipe if precision == recipe.precision else recipe.but(precision=precision)


def _fast(precision, device):
    if precision is None:
        return None
    if device.type == "cuda":
        return precision if gpu_has_bfloat16(device) else "float16"
    return "bfloat16" if device.type == "cpu" and precision == "bfloat16" and cpu_has_bfloat16() else None


def gpu_has_bfloat16(device=None):
    """Whether NVIDIA's GPU multiplies bfloat16 itself: Ampere and later; a T4 is 7.5 and fast with float16 only."""
    return torch.cuda.get_device_capability(device) >= (8, 0)


@functools.cache
def cpu_has_bfloat16():
    """Whether the processor multiplies bfloat16 itself: AVX-512 BF16, AMX, or Arm's BF16."""
    if platform.machine().lower() in ("arm64", "aarch64"):
        try:
            return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
        except (AttributeError, RuntimeError):  # a PyTorch without oneDNN
            return False
    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    if all(hasattr(torch.cpu, name) for name in names):
        return any(getattr(torch.cpu, name)() for name in names)
    try:  # PyTorch before 2.6
        flags = set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return False
    return bool(flags & {"avx512_bf16", "amx_bf16"})
