# SPDX-License-Identifier: MIT
"""The command `deepion`: what it offers, what it imports, how it ends; and the programs in scripts/ that only call it."""

import runpy
import subprocess
import sys
import tomllib

import pytest

import deepion as package
from conftest import ROOT
from deepion import command
from deepion.errors import InputError

WORDS = [[name] for name, (module, _) in command.COMMANDS.items() if module]
WORDS += [["plot", name] for name in command.PLOTS]
SHIMS = {
    "export_onnx.py": "export",
    "evaluate_onnx.py": "energy",
    "report.py": "report",
    "plot_arrhenius.py": "plot arrhenius",
    "plot_coordination.py": "plot coordination",
    "plot_path.py": "plot path",
    "plot_thermo.py": "plot thermo",
    "plot_transport.py": "plot transport",
    "plot_transport.py --history": "plot history",
    "plot_vdos.py": "plot vdos",
}


def test_version_is_that_of_the_crates():
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text())
    assert package.__version__ == cargo["workspace"]["package"]["version"]


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_every_command_has_arguments_and_help(words):
    parser, module = command.parser_of(words)
    assert module.__doc__ and callable(module.run)
    with pytest.raises(SystemExit) as ended:
        parser.parse_args([*words, "--help"])
    assert ended.value.code == 0


def test_overview_needs_no_package():
    """Nothing but the standard library is imported before a command is chosen."""
    code = "import sys, deepion.command\ntry: deepion.command.main(['--version'])\nexcept SystemExit: pass\nprint(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"numpy", "onnx", "matplotlib", "ase"} & set(output.split())


def stand_in(monkeypatch, error: BaseException) -> None:
    """`deepion energy` that only raises."""

    class Module:
        @staticmethod
        def run(arguments):
            raise error

    class Parser:
        @staticmethod
        def parse_args(words):
            return None

    monkeypatch.setattr(command, "parser_of", lambda words: (Parser, Module))


def test_errors_for_the_user_are_one_line(monkeypatch):
    stand_in(monkeypatch, InputError("x.data: no such file"))
    with pytest.raises(SystemExit) as ended:
        command.main(["energy", "model.onnx", "x.data"])
    assert ended.value.code == "deepion energy: x.data: no such file"


@pytest.mark.parametrize("words", [["energy", "a", "b"], ["plot", "vdos", "a"]], ids=" ".join)
def test_interrupted_commands_end_with_one_line(monkeypatch, capsys, words):
    stand_in(monkeypatch, KeyboardInterrupt())
    with pytest.raises(SystemExit) as ended:
        command.main(words)
    assert ended.value.code == 130
    assert capsys.readouterr().err == f"deepion {' '.join(words[: 1 + (words[0] == 'plot')])}: interrupted\n"


@pytest.mark.parametrize("shim", SHIMS)
def test_programs_in_scripts_call_the_command(monkeypatch, shim):
    name, *options = shim.split()
    called = []
    monkeypatch.setattr(command, "main", called.append)
    monkeypatch.setattr(sys, "argv", [name, *options, "a.dat", "b.png"])
    runpy.run_path(str(ROOT / "scripts" / name), run_name="__main__")
    assert called == [[*SHIMS[shim].split(), "a.dat", "b.png"]]


def test_no_program_in_scripts_is_forgotten():
    programs = {path.name for path in (ROOT / "scripts").glob("*.py")} - {"hatch_build.py", "make_reference_models.py"}
    assert programs == {shim.split()[0] for shim in SHIMS}
