# SPDX-License-Identifier: MIT
"""Every source file names its license. Run as a program, this file adds the line where it is missing."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINE = "SPDX-License-Identifier: MIT"
SLASHES = (".rs", ".cpp", ".h")
HASHES = (".py", ".sh", ".cmake")
NAMES = ("CMakeLists.txt", "Cargo.toml", "pyproject.toml")


def comment(path: Path) -> str | None:
    """How a comment of a source file begins; None: no source file."""
    suffix = Path(path.stem).suffix if path.suffix == ".in" else path.suffix
    if suffix in SLASHES:
        return "//"
    program = path.read_bytes()[:2] == b"#!"
    return "#" if suffix in HASHES or path.name in NAMES or program else None


def sources() -> list[Path]:
    """Tracked files of source code: by suffix, by name, and programs that begin with #!."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in names.split("\0") if name]
    return [path for path in paths if path.is_file() and comment(path)]


def is_named(path: Path) -> bool:
    """Whether the line is among the first five."""
    return LINE in "".join(path.read_text().splitlines(keepends=True)[:5])


def test_every_source_file_names_its_license():
    paths = sources()
    assert len(paths) > 200
    without = [str(path.relative_to(ROOT)) for path in paths if not is_named(path)]
    assert without == [], "run 'python tests/repository/test_license.py'"


def test_license_line_goes_below_the_interpreter(tmp_path):
    for name, text, expected in (
        ("a.rs", "//! x\n", f"// {LINE}\n//! x\n"),
        ("b.py", '"""x"""\n', f'# {LINE}\n"""x"""\n'),
        ("c", "#!/bin/sh\nls\n", f"#!/bin/sh\n# {LINE}\nls\n"),
    ):
        (tmp_path / name).write_text(text)
        add_line(tmp_path / name)
        assert (tmp_path / name).read_text() == expected


def add_line(path: Path) -> None:
    """Put the line at the head of a file, below #!."""
    lines = path.read_text().splitlines(keepends=True)
    lines.insert(int(bool(lines) and lines[0].startswith("#!/")), f"{comment(path)} {LINE}\n")
    path.write_text("".join(lines))


if __name__ == "__main__":
    for source in sources():
        if not is_named(source):
            add_line(source)
