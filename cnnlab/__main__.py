"""The doctor, `python -m cnnlab`: what this machine has, and what to do about what it lacks. `bench` measures it."""

import contextlib
import io
import os
import platform
import sys
from importlib import metadata
from typing import NamedTuple

SETS = {"mnist": "all 70,000 digits", "fashion_mnist": "its 70,000 pictures", "cifar10": "its 60,000 pictures"}


class Line(NamedTuple):
    """One finding. `cure` is what to do, empty if all is well; `needed` is False where the course can do without."""

    name: str
    found: str
    cure: str = ""
    needed: bool = True

    @property
    def stops_the_course(self) -> bool:
        return bool(self.cure) and self.needed


def examine() -> list[Line]:
    """Everything the doctor looks at, in the order of the report."""
    return [python(), *packages(), device(), *data_sets()]


def report(lines=None) -> None:
    """Print what was found, with a cure under each thing that is missing, too old or could be better."""
    lines = examine() if lines is None else lines
    width = max(len(line.name) for line in lines)
    for line in lines:
        print(f"{line.name:{width}}  {line.found}")
        if line.cure:
            print(f"{'':{width}}  {'TO DO' if line.needed else 'you can'}: {line.cure}")
    lacks = sum(line.stops_the_course for line in lines)
    print(f"\nThe course cannot run yet. Things to do: {lacks}." if lacks else "\nThe course can run.")


def python():
    found, oldest = platform.python_version(), (3, 11)
    if sys.version_info < oldest:
        return Line("Python", found, "install Python 3.11 or newer from https://www.python.org/downloads/")
    return Line("Python", found)


def packages():
    """A line for each package that the course's own list names, with the range that the list gives."""
    from packaging.requirements import Requirement

    try:
        yield Line("cnnlab", metadata.version("cnnlab"))
        listed = [Requirement(text) for text in metadata.requires("cnnlab") or []]
    except metadata.PackageNotFoundError:
        yield Line("cnnlab", "not installed", 'pip install -e ".[lab]" in the folder of pyproject.toml')
        return
    for requirement in listed:
        core = requirement.marker is None
        if core or requirement.marker.evaluate({"extra": "lab"}):
            yield package(requirement, needed=core)


def package(requirement, needed=True) -> Line:
    """The line of one package: its version, and what to do if it is missing or outside the range."""
    install = f'pip install "{requirement.name}{requirement.specifier}"'
    try:
        found = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return Line(requirement.name, "missing", install, needed)
    if not requirement.specifier.contains(found, prereleases=True):
        return Line(requirement.name, f"{found}, not {requirement.specifier}", install, needed)
    return Line(requirement.name, found)


def device():
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: one of its shared libraries does not load
        return Line("device", f"unknown: torch does not start ({error})", "pip install --force-reinstall torch")
    threads = f"{torch.get_num_threads()} of {os.cpu_count()} cores in use"
    if torch.cuda.is_available():
        gpu = torch.cuda.get_device_properties(0)
        return Line("device", f"{gpu.name}, {gpu.total_memory / 2**30:.0f} GiB; CPU with {threads}")
    if torch.backends.mps.is_available():
        return Line("device", f"Apple GPU (mps); CPU with {threads}")
    return Line("device", f"CPU, {threads}; enough for the whole course")


def data_sets():
    """Each set is opened and read: a name on a file proves nothing."""
    try:
        from cnnlab import data
    except (ImportError, OSError):
        return  # torch does not start, which has its own line
    yield Line("network", "switched off by CNNLAB_OFFLINE" if data.offline() else "used to fetch data when needed")
    yield Line("data folder", str(data.root()))
    for name, whole in SETS.items():
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                source = data.load(name, download=False).source
        except (OSError, ValueError) as error:
            source = "not on this machine" if isinstance(error, FileNotFoundError) else str(error)
        damaged = [line for line in said.getvalue().splitlines() if "damaged" in line]
        found = source.startswith("from ")
        cure = "" if found else f'fetch {whole} with data.load("{name}") while there is a network'
        yield Line(name, "; ".join([source, *damaged]), cure, needed=False)


def main(words):
    """Do what the words on the command line say; without any, be the doctor. Returns what the process exits with."""
    if not words:
        findings = examine()
        report(findings)
        return any(line.stops_the_course for line in findings)
    if words[0] != "bench":
        return f"cnnlab: {words[0]} is no command. Run python -m cnnlab bench, or python -m cnnlab for the doctor."
    from cnnlab import bench

    try:
        bench.main(words[1:])
    except KeyboardInterrupt:
        return "cnnlab bench: ended by the keyboard."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
