# SPDX-License-Identifier: MIT
"""The cache of exported models: names, one writer at a time, `deepion export --cache`, what the entry point tells the plugin."""

import hashlib
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from conftest import DATA, ROOT
from deepion import __version__, cache, lammps_plugin
from deepion.errors import InputError

MODEL = DATA / "models" / "one_type.dp"
REDUCED = ROOT / "build" / "models" / "lipsti-a.onnx"  # made by scripts/setup


def test_folder(monkeypatch):
    monkeypatch.setenv("DEEPION_CACHE", "here")
    assert cache.folder() == Path("here")
    monkeypatch.setenv("DEEPION_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache.folder() == Path("/caches/deepion/models")
    monkeypatch.setenv("XDG_CACHE_HOME", "caches")
    monkeypatch.setenv("HOME", "/home/x")
    assert cache.folder() == Path("/home/x/.cache/deepion/models")


def test_entry_is_named_after_content_and_version(monkeypatch, tmp_path):
    monkeypatch.setenv("DEEPION_CACHE", str(tmp_path))
    digest = hashlib.sha256(MODEL.read_bytes()).hexdigest()
    assert cache.entry_of(MODEL) == tmp_path / f"{digest}-{__version__}.onnx"
    with pytest.raises(InputError, match="nowhere.pb: cannot be read: No such file"):
        cache.entry_of(tmp_path / "nowhere.pb")


def test_entry_is_made_once_and_as_a_whole(tmp_path):
    entry, made = tmp_path / "new" / "a.onnx", []

    def make(target: Path) -> str:
        assert target.name == entry.name and not entry.exists()
        target.write_text("model")
        made.append(target)
        return "done"

    assert cache.fill(entry, Path.exists, make) == "done"
    assert cache.fill(entry, Path.exists, make) is None and len(made) == 1
    assert list(entry.parent.iterdir()) == [entry] and entry.read_text() == "model"


@pytest.mark.parametrize("error", [InputError("no"), KeyboardInterrupt()])
def test_export_that_fails_leaves_nothing(tmp_path, error):
    def make(target: Path) -> None:
        target.write_text("half")
        raise error

    with pytest.raises(type(error)):
        cache.fill(tmp_path / "a.onnx", Path.exists, make)
    assert not list(tmp_path.iterdir())


def test_entry_that_cannot_be_put_there(tmp_path):
    with pytest.raises(InputError, match="a.onnx: cannot be put into the cache: No such file"):
        cache.fill(tmp_path / "a.onnx", Path.exists, lambda target: target.parent.rmdir())
    assert not list(tmp_path.iterdir())


def test_clear_leaves_what_is_being_exported(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPION_CACHE", str(tmp_path))
    (tmp_path / "b-1.onnx").touch()
    for stale in ("unfinished-b-1-x", "unfinished-old"):
        (tmp_path / stale).mkdir()

    def make(target: Path) -> None:
        target.touch()
        assert cache.clear() == (1, 1)
        assert {path.name for path in tmp_path.iterdir()} == {"a-1.lock", target.parent.name}

    cache.fill(tmp_path / "a-1.onnx", Path.exists, make)
    assert [path.name for path in tmp_path.iterdir()] == ["a-1.onnx"]


def test_lock_of_a_killed_job_is_no_obstacle(tmp_path):
    (tmp_path / "a.lock").write_text("process 1 on node1\n")
    cache.fill(tmp_path / "a.onnx", Path.exists, Path.touch, pytest.fail)
    assert [path.name for path in tmp_path.iterdir()] == ["a.onnx"]


def test_file_system_without_locks(tmp_path, monkeypatch):
    def flock(*_):
        raise OSError(38, "Function not implemented")

    said: list[str] = []
    monkeypatch.setattr(cache.fcntl, "flock", flock)
    cache.fill(tmp_path / "a.onnx", Path.exists, Path.touch, said.append)
    assert (tmp_path / "a.onnx").exists()
    assert said == [
        f"{tmp_path} has no locks (Function not implemented): jobs that start together may do the same work"
    ]


def test_many_jobs_at_once(tmp_path):
    """One makes the entry; all others find it."""
    code = """if True:
        import sys, time
        from pathlib import Path
        from deepion import cache
        def make(target):
            time.sleep(0.3)
            target.write_text("model")
            return True
        print(cache.fill(Path(sys.argv[1]), Path.exists, make))"""
    start = [sys.executable, "-c", code, tmp_path / "a.onnx"]
    jobs = [subprocess.Popen(start, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert sorted(job.communicate(timeout=60)[0] for job in jobs) == ["None\n"] * 3 + ["True\n"]
    assert [path.name for path in tmp_path.iterdir()] == ["a.onnx"]


def test_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="the cache .*file/cache cannot be written: Not a directory: name another"):
        cache.fill(tmp_path / "file" / "cache" / "a.onnx", Path.exists, Path.touch)


def test_export_command(deepion, tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPION_CACHE", str(tmp_path / "cache"))
    entry = cache.entry_of(MODEL)
    first = deepion("export", MODEL, "--cache", "--full-only")
    assert first.returncode == 0 and first.stdout.startswith(f"wrote {entry} (") and cache.is_model(entry)
    again = deepion("export", MODEL, "--cache", "--full-only")
    assert again.stdout == f"{MODEL} is in the cache: {entry}\n" and again.stderr == ""
    # full networks alone are not what an export without --full-only puts there
    assert not cache.is_model(entry, reduced=True) and cache.is_model(REDUCED, reduced=True)
    entry.write_bytes(b"damaged")
    assert deepion("export", MODEL, "--cache", "--full-only").stdout.startswith("wrote ")

    junk = tmp_path / "junk.pb"
    junk.write_bytes(b"junk")
    failed = deepion("export", MODEL, junk, "--cache", "--full-only")
    assert failed.returncode == 1 and "1 of 2 models could not be exported" in failed.stderr
    alone = deepion("export", junk, "--cache", "--full-only")
    assert alone.returncode == 1 and [line[:15] for line in alone.stderr.splitlines()][-1:] == ["deepion export:"]
    both = deepion("export", MODEL, "--cache", "--output-dir", tmp_path)
    assert both.returncode == 1 and "--cache stands for whole models in one place" in both.stderr


def test_list_and_clear(deepion, tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPION_CACHE", str(tmp_path))
    assert deepion("cache").stdout == f"{tmp_path}: 0 models\n"
    deepion("export", MODEL, "--cache", "--full-only")
    (tmp_path / "damaged.onnx").write_text("")
    (tmp_path / "unfinished-x").mkdir()
    (tmp_path / "notes").write_text("mine")
    lines = deepion("cache").stdout.splitlines()
    assert lines[0] == f"{tmp_path}: 2 models" and "    damaged: removed by --clear" in "\n".join(lines)
    assert lines[2].endswith(f" MB, Li, full networks, of {MODEL.name}")
    assert deepion("cache", "--clear").stdout == f"{tmp_path}: removed 2 models\n"
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]


class EntryPoint:
    def __init__(self, value: str):
        self.value = value


@pytest.mark.parametrize(
    ("plugins", "set_before", "alias"),
    [
        (["deepion.lammps_plugin:folder"], None, "1"),
        (["deepion.lammps_plugin:folder"], "0", "0"),
        (["deepion.lammps_plugin:folder", "deepmd.lmp_check_build:get_op_dir"], None, None),
        (["deepmd.lmp:get_op_dir"], "1", "1"),
    ],
)
def test_name_deepmd_is_taken_unless_its_plugin_is_installed(monkeypatch, plugins, set_before, alias):
    monkeypatch.delenv("DEEPION_ALIAS", raising=False)
    monkeypatch.setattr(metadata, "entry_points", lambda group: [EntryPoint(value) for value in plugins])
    if set_before is not None:
        monkeypatch.setenv("DEEPION_ALIAS", set_before)
    else:
        monkeypatch.setenv("DEEPION_ALIAS", "x")  # so that monkeypatch removes what is set
        del os.environ["DEEPION_ALIAS"]
    lammps_plugin.take_deepmd_names()
    assert os.environ.get("DEEPION_ALIAS") == alias


def test_plugin_is_told_which_command_exports(monkeypatch):
    monkeypatch.setenv("DEEPION_COMMAND", "x")
    lammps_plugin.name_command()
    assert os.environ["DEEPION_COMMAND"] == "x"
    del os.environ["DEEPION_COMMAND"]
    lammps_plugin.name_command()
    assert Path(os.environ["DEEPION_COMMAND"]) == Path(sys.executable).parent / "deepion"
