"""The command `deepion`: runs the scripts and the program that come in the wheel."""

import os
import runpy
import sys
from pathlib import Path

from deepion import __version__

HERE = Path(__file__).parent
SCRIPTS = {"export": "export_onnx", "energy": "evaluate_onnx", "evaluate": "evaluate", "report": "report"}
PLOTS = ["arrhenius", "coordination", "path", "thermo", "transport", "vdos"]
USAGE = f"""usage: deepion COMMAND ...

  deepion export IN OUT.onnx               a DeePMD-kit model to an ONNX file
  deepion energy MODEL.onnx STRUCTURE      energy, forces and virial, without LAMMPS
  deepion evaluate MODEL.onnx DATA...      errors on labelled data
  deepion merge STATE.json... --out FILE   replicas and temperatures of fix ion/transport
  deepion report RUNDIR                    one page of a study
  deepion plot WHAT FILE... OUT.png        WHAT: {", ".join(PLOTS)}

'deepion COMMAND --help' says more. In LAMMPS, pair_style deepmd/onnx and the fixes are there without 'plugin load'.
"""


def main() -> None:
    """Read the command line as far as the name of the script."""
    command, *arguments = sys.argv[1:] or [""]
    if command in ("-h", "--help"):
        print(USAGE, end="")
    elif command == "--version":
        print(f"deepion {__version__}")
    elif command in SCRIPTS:
        run(SCRIPTS[command], f"deepion {command}", arguments)
    elif command == "merge":
        merge(arguments)
    elif command == "plot" and arguments[:1] in (["-h"], ["--help"]):
        print(f"usage: deepion plot {'|'.join(PLOTS)} FILE... OUT.png")
    elif command == "plot" and arguments and arguments[0] in PLOTS:
        run(f"plot_{arguments[0]}", f"deepion plot {arguments[0]}", arguments[1:])
    else:
        wrong = " ".join(sys.argv[1:3] if command == "plot" else sys.argv[1:2])
        print((f"deepion: no command '{wrong}'\n" if wrong else "") + USAGE, end="", file=sys.stderr)
        sys.exit(2)


def run(script: str, name: str, arguments: list[str]) -> None:
    """Run a script of the wheel under the name that the user typed."""
    sys.argv = [name, *arguments]
    sys.path.insert(0, str(HERE / "scripts"))
    try:
        runpy.run_module(script, run_name="__main__")
    except ModuleNotFoundError as error:
        sys.exit(
            f"{name}: no Python package {error.name}: install what the tools need with pip install 'deepion[tools]'"
        )


def merge(arguments: list[str] | None = None) -> None:
    """Become deepion-merge."""
    program = HERE / "bin" / "deepion-merge"
    os.execv(program, ["deepion-merge", *(sys.argv[1:] if arguments is None else arguments)])
