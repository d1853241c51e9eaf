"""Results as text: what was measured on what, a table for each part, and what was cut short."""


def opening(result):
    """Machine, settings and data, before anything is measured."""
    machine, of = result["machine"], result["budget"]
    load = "" if machine["load"] is None else f", load {machine['load']}"
    return [
        f"cnnlab {result['cnnlab']}, benchmark, {of['name']}: median (least to most)",
        f"device   {machine['device']}; {machine['cpu']}, cores: {machine['cores']}, "
        f"threads: {machine['threads']}{load}",
        f"software PyTorch {machine['torch']}, Python {machine['python']}, {machine['system']}",
        *(f"data     {described}" for described in result["data"].values()),
        *["the machine is busy: numbers of a quiet one are better"] * busy(machine),
    ]


def busy(machine):
    """Whether others want more than a quarter of the cores."""
    return machine["load"] is not None and machine["load"] > machine["cores"] / 4


def batches(part):
    """Images per second, and the share of training that is spent on the next batch."""
    lines = []
    for job in part["jobs"]:
        name = f"{job['model']} on {job['data']}, batch {job['batch_size']}"
        rows = [(name, "batches alone", "training", "waiting", "cost")]
        for what, training in job["training"].items():
            rates = [spread(job["alone"].get(what), count), spread(training, count)]
            rows.append((what, *rates, *(spread(job[share].get(what), tenths) for share in ("waiting", "cost"))))
        lines += [*table(rows), ""]
    return [
        *lines[:-1],
        "in images per second; waiting: share of training spent on the next batch; cost: training lost against the",
        "model alone in the same round",
    ]


def mnist(part):
    """Seconds until each level, and what both sides are."""
    sides, levels = part["contestants"], part["times_faster"]
    rows = [("seconds of training until", *(f"{level} %" for level in levels), "at the end", "after", "peak memory")]
    for side, of in sides.items():
        until = [arrival(of["reached"][level]) for level in levels]
        rows.append((side, *until, spread(of["accuracy"], percent), spread(of["seconds"], seconds), memory(of)))
    rows.append(("times faster", *(ratio(part["times_faster"][level]) for level in levels), "", "", ""))
    return [*table(rows), *legend(sides)]


def cifar10(part):
    """Accuracy after equal seconds."""
    sides = part["contestants"]
    rows = [("after equal seconds", "test accuracy", "seconds", "peak memory")]
    for side, of in sides.items():
        rows.append((side, spread(of["accuracy"], percent), spread(of["seconds"], seconds), memory(of)))
    return [*table(rows), f"ours minus usual: {part['points_more']:+.1f} points", *legend(sides)]


def conv(part):
    """Time of one call, and how many times that of F.conv2d."""
    lines = []
    for case in part["cases"]:
        rows = [(case["what"], "one call", "times F.conv2d")]
        for name, of in case["seconds"].items():
            rows.append((name, spread(of, milliseconds), f"{case['times_slower'][name]:.3g}"))
        lines += [*table(rows), f"results differ by {case['difference']:.0e} of the largest at most", ""]
    return lines[:-1]


def closing(result):
    """What was cut short, and how long all took."""
    after = result["machine"]["load_after"]
    load = "" if after is None else f", load at the end {after}"
    return [*(f"cut short: {sentence}" for sentence in result["cut_short"]), f"{result['seconds']:.0f} s in all{load}"]


TABLES = {"batches": batches, "mnist": mnist, "cifar10": cifar10, "conv": conv}


def table(rows):
    """Lines with aligned columns: the first to the left, the others to the right, the first row underlined."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]))
    return [lines[0], "-" * len(lines[0]), *(line.rstrip() for line in lines[1:])]


def spread(of, unit):
    """A summary in words: median (least to most), or the value alone where there is but one."""
    if of is None:
        return ""
    if len(of["values"]) == 1:
        return unit(of["median"])
    return f"{unit(of['median'])} ({unit(of['low'])} to {unit(of['high'])})"


def arrival(of):
    """When a level was reached, and in how many runs unless in all."""
    if not of["reached"]:
        return "not reached"
    some = f" in {of['reached']} of {len(of['values'])}" * (of["reached"] < len(of["values"]))
    return spread(of, seconds) + some


def ratio(times):
    if times is None:
        return ""
    return f"{'over ' * times['at_least']}{times['times']:.1f}"


def memory(of):
    """Peak of the process, what of it was there before training, and tensors on a GPU."""
    if of["memory"] is None:
        return "unknown"
    gpu = "" if of["gpu_memory"] is None else f", GPU {of['gpu_memory']:.0f} MiB"
    return f"{of['memory']:.0f} MiB ({of['memory_before']:.0f} before training){gpu}"


def legend(sides):
    return [f"{side}: {of['what']}" for side, of in sides.items()]


def count(value):
    return f"{value:,.0f}"


def percent(value):
    return f"{100 * value:.2f} %"


def tenths(value):
    return f"{100 * value:.1f} %"


def seconds(value):
    return "never" if value is None else f"{value:.1f} s"


def milliseconds(value):
    return f"{1000 * value:.3g} ms"
