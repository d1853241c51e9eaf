"""When a thing pays that costs time first: a compilation, or sending gradients to other processes."""

import math


def break_even(startup, before, after):
    """Steps of training until a start-up time is earned back; infinity where a step does not become faster.

    startup    seconds, once
    before     seconds of a step without it
    after      seconds of a step with it
    returns    whole steps

    Raises ValueError where a time is below 0 or no number.
    """
    if not all(_is_number(value) and value >= 0 for value in (startup, before, after)):
        raise ValueError(
            f"break_even: startup={startup!r}, before={before!r}, after={after!r}. Seconds of at least 0 are needed. "
            f"Measure them with time.perf_counter()."
        )
    if after >= before:
        return math.inf
    return math.ceil(startup / (before - after))


def exchange_seconds(parameters, processes, gigabits, latency=50e-6, bytes_each=4):
    """Seconds until every process has the average of all gradients, which go round in a ring.

    parameters    gradients in each process
    processes     how many; one has nothing to send
    gigabits      per second, from a process to its neighbor
    latency       seconds that a message takes however short it is
    bytes_each    4 for float32

    Each of the 2 (processes - 1) rounds sends one share of the gradients, parameters / processes of them (Patarasuk
    and Yuan 2009; NCCL does so on large tensors). DistributedDataParallel sends while the backward pass still runs and
    hides a part of it.

    Raises ValueError where there is no process or no speed, and where a number is below 0 or none.
    """
    if not all(_is_number(value) and value >= 0 for value in (parameters, latency, bytes_each)):
        raise ValueError(
            f"exchange_seconds: parameters={parameters!r}, latency={latency!r}, bytes_each={bytes_each!r}. Numbers of "
            f"at least 0 are needed. Pass parameters=1_000_000."
        )
    if not (_is_number(processes) and processes >= 1 and _is_number(gigabits) and gigabits > 0):
        raise ValueError(
            f"exchange_seconds: processes={processes!r}, gigabits={gigabits!r}. At least one process and a speed above "
            f"0 are needed. Pass processes=8, gigabits=10."
        )
    rounds = 2 * (processes - 1)
    share = bytes_each * parameters / processes
    return rounds * (latency + 8 * share / (gigabits * 1e9))


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
