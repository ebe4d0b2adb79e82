# SPDX-License-Identifier: MIT
"""Export DeePMD-kit models (.dp, .yaml, .pb, .pth, .pt2, ...) to self-contained ONNX files.

deepion export model.pth model.onnx                 one model
deepion export a.pb b.pb c.dp --output-dir models   several: models/a.onnx, models/b.onnx, models/c.onnx
deepion export a.pb b.pb c.dp --cache               for inputs that name a.pb, b.pb and c.dp themselves
"""

import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

from deepion import cache
from deepion.errors import DeepionError, InputError
from deepion.model.potential import Descriptor, Table

from .exporter import Exported, export


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "files",
        metavar="FILE",
        type=Path,
        nargs="+",
        help="a model of DeePMD-kit and the ONNX file to write; with --output-dir any number of models",
    )
    parser.add_argument(
        "--output-dir", metavar="DIR", type=Path, help="write NAME.onnx of each model NAME into this folder; it is made"
    )
    parser.add_argument(
        "--cache",
        action="store_true",
        help="write each model to where pair_style looks for it when an input names the model itself (in DEEPION_CACHE, else "
        "~/.cache/deepion/models); one that is there already stays, unless it is damaged, --data is given, or it has the full "
        "networks alone and --full-only is not given",
    )
    parser.add_argument(
        "--data",
        metavar="PATH",
        type=Path,
        nargs="+",
        help="what the reduced networks are chosen by: DeePMD-kit systems, folders of them, or structure files; default: "
        "structures generated with the model itself",
    )
    parser.add_argument(
        "--elements",
        metavar="NAME",
        nargs="+",
        help="keep these elements only, of a model that shares its networks among all (DPA-1); default: all",
    )
    parser.add_argument(
        "--no-rough",
        dest="with_rough",
        action="store_false",
        help="choose the reduced networks by the structures given or generated alone, not by dense, hot and random ones made from "
        "them as well",
    )
    parser.add_argument("--full-only", action="store_true", help="leave out the reduced networks (exports in a second)")


def run(arguments: Namespace) -> None:
    """A model that cannot be exported does not stop the others; the exit status is 1 then."""
    if arguments.full_only and arguments.data:
        raise InputError("--data is of no use with --full-only")
    if not arguments.with_rough and arguments.full_only:
        raise InputError("--no-rough is of no use with --full-only")
    if arguments.cache and (arguments.output_dir is not None or arguments.elements):
        raise InputError(
            "--cache stands for whole models in one place: give neither --output-dir nor --elements with it"
        )
    if arguments.cache:
        export_all([(source, None) for source in arguments.files], arguments)
        return
    pairs = pairs_of(arguments.files, arguments.output_dir)
    if arguments.output_dir is None:
        export_one(*pairs[0], arguments)
    else:
        export_all(pairs, arguments)


def export_all(pairs: Sequence[tuple[Path, Path | None]], arguments: Namespace) -> None:
    """Each model to its file, None: into the cache."""
    failed = 0
    for number, (source, target) in enumerate(pairs, 1):
        if len(pairs) > 1:
            print(f"{number} of {len(pairs)}: {source}", file=sys.stderr, flush=True)
        try:
            if target is None:
                export_to_cache(source, arguments)
            else:
                export_one(source, target, arguments)
        except DeepionError as error:
            failed += 1
            print(f"deepion export: {error}", file=sys.stderr, flush=True)
    if failed and len(pairs) == 1:
        sys.exit(1)
    if failed:
        raise InputError(f"{failed} of {len(pairs)} models could not be exported, for the reasons above")


def pairs_of(files: list[Path], folder: Path | None) -> list[tuple[Path, Path]]:
    """Each model with the file to write; the folder for several is made."""
    if folder is None:
        if len(files) != 2:
            raise InputError(
                "name the model and the ONNX file to write (deepion export model.pth model.onnx), or models and the folder "
                "for their ONNX files (deepion export a.pth b.pth --output-dir DIR)"
            )
        source, target = files
        if target.suffix.lower() != ".onnx":
            raise InputError(
                f"the output file must end in .onnx, got {target}; for several models give --output-dir DIR"
            )
        return [(source, target)]
    pairs = [(source, folder / f"{source.stem}.onnx") for source in files]
    names = [target.name for _, target in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"several of the models would be written as {folder / twice[0]}: export them one by one")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror or error}") from None
    return pairs


def export_one(source: Path, target: Path, arguments: Namespace) -> None:
    done = export(
        source, target, arguments.data, not arguments.full_only, progress(), arguments.elements, arguments.with_rough
    )
    print_summary(target, done)


def export_to_cache(source: Path, arguments: Namespace) -> None:
    entry, say = cache.entry_of(source), progress()

    def good(there: Path) -> bool:
        return not arguments.data and cache.is_model(there, reduced=not arguments.full_only)

    def make(target: Path) -> Exported:
        return export(source, target, arguments.data, not arguments.full_only, say, with_rough=arguments.with_rough)

    done = cache.fill(entry, good, make, say)
    if done is None:
        print(f"{source} is in the cache: {entry}")
    else:
        print_summary(entry, done)


def progress() -> Callable[[str], None]:
    """Prints a line for each stage, with the time since the start of the export."""
    start = time.monotonic()

    def say(line: str) -> None:
        print(f"[{time.monotonic() - start:4.0f} s] {line} ...", file=sys.stderr, flush=True)

    return say


def print_summary(target: Path, done: Exported) -> None:
    potential = done.potential
    size = target.stat().st_size
    print(f"wrote {target} ({size / 1e6:.1f} MB, sha256 {done.sha256})")
    print(f"  types      {' '.join(potential.type_map)}")
    for part in potential.parts:
        together = " of all types together" if part.mixed_types else ""
        print(f"  cutoff     {part.rcut:g} A, sel {' '.join(map(str, part.sel))}{together}")
    table = potential.pair_table
    if table is not None:
        switch = table.switch
        where = "added" if switch is None else f"in place of the model below {switch.rmin:g} to {switch.rmax:g} A"
        print(f"  pair table {table.start:g} to {table.end:g} A, {where}")
    fitting = f"fitting {'-'.join(map(str, potential.fitting_neuron))}, {potential.precision}"
    print(f"  networks   {', '.join(map(_embedding, potential.parts))}, {fitting}")
    if potential.scaling is not None:
        default = (
            f" (default {' '.join(f'{v:g}' for v in potential.default_fparam)})" if potential.default_fparam else ""
        )
        print(f"  parameters fparam {potential.numb_fparam}{default}, aparam {potential.numb_aparam}")
    for note in potential.notes:
        print(f"  note       {note}")
    print_reduction(done)


def _embedding(part: Descriptor) -> str:
    axis = f", axis {part.axis_neuron}" if part.axis_neuron else ""
    table = " (compressed)" if any(isinstance(net, Table) for net in part.embedding.values()) else ""
    return f"embedding {'-'.join(map(str, part.neuron))}{table}{axis}"


def print_reduction(done: Exported) -> None:
    if done.reduction is None:
        print(f"  reduced    none: {done.without}")
        return
    print(f"  reduced    chosen and measured on {done.reduction.sample}")
    for warning in done.reduction.warnings:
        print(f"             WARNING: {warning}")
    print("             force error  energy error  columns of each type     weights (full networks: 1)")
    print("             eV/A RMS     eV/atom RMS")
    full = sum(done.potential.fitting_net(t).weights for t in range(done.potential.ntypes))
    for level in done.reduction.levels:
        columns = " ".join(str(center.columns) for center in level.centers)
        share = sum(center.network.weights for center in level.centers) / full
        print(f"             {level.force_error:.1e}      {level.energy_error:.1e}       {columns:<24s} {share:.3f}")
