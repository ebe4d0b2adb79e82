# SPDX-License-Identifier: MIT
"""The runs of LAMMPS that a study consists of: each in a folder of its own, restartable, many at a time if asked."""

import fcntl
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deepion.errors import DeepionError

END_OF_RESTART = b"LammpS RestartT"
# settings that change what is said, not what is computed
IGNORED = {"every", "save", "output", "plugin"}


def say(line: str) -> None:
    """In one piece: print writes the end of a line by itself, and threads would mix theirs."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class StudyError(DeepionError):
    """Something that the user can mend."""


class Launcher:
    """Starts LAMMPS, and ends all that it started. Its screens are shown only where one run speaks at a time."""

    def __init__(self, launch: str, lammps: str, options: str, screen: bool):
        self.before = [*shlex.split(launch), lammps]
        self.after = [*shlex.split(options), *([] if screen else ["-screen", "none"])]
        self.running: set[subprocess.Popen] = set()
        self.stopped = False
        self.guard = threading.Lock()

    def run(self, arguments: list[str], folder: Path, lock: int) -> int:
        """The exit status. LAMMPS inherits the lock: where the driver was killed, no other run starts in its folder while it goes on."""
        command = [*self.before, *arguments, *self.after]
        with self.guard:
            if self.stopped:
                raise StudyError("stopped")
            try:
                process = subprocess.Popen(
                    command, cwd=folder, stdin=subprocess.DEVNULL, pass_fds=(lock,), process_group=0
                )
            except OSError as error:
                raise StudyError(f"{command[0]} cannot be started: {error.strerror}") from None
            self.running.add(process)
        try:
            return process.wait()
        finally:
            with self.guard:
                self.running.discard(process)

    def stop(self) -> None:
        """End what runs, and start nothing more."""
        with self.guard:
            self.stopped = True
            for process in self.running:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)  # lmp may be a script that started another program


@dataclass(frozen=True)
class Stage:
    """One run of LAMMPS by in.<name>, with a marker written last."""

    name: str
    folder: Path
    scripts: Path  # folder of the input scripts
    settings: dict  # variables of the input script
    extendable: bool = False  # more steps continue what was finished

    @property
    def marker(self) -> Path:
        return self.folder / f"{self.name}.done.json"

    @property
    def begun(self) -> Path:
        return self.folder / f"{self.name}.begun.json"

    def run(self, title: str, launcher: Launcher, lock: int) -> bool:
        """Whether there was anything to do."""
        if self._same(self.marker):
            say(f"{title} {self.name}: finished")
            return False
        restart = newest_restart(self.folder, self.name)
        if restart and not self._same(self.begun, self.extendable):
            restart = None
        write(self.begun, self.settings)
        self.marker.unlink(missing_ok=True)
        say(f"{title} {self.name}: " + (f"goes on from {restart.name}" if restart else "begins"))
        number = len(list(self.folder.glob(f"log.{self.name}.*"))) + 1
        log = f"log.{self.name}.{number:03d}"
        # LAMMPS reads its input line by line while it runs: a copy, which also tells later what was run
        script = shutil.copy(self.scripts / f"in.{self.name}", self.folder)
        arguments = ["-in", Path(script).name, "-nocite", "-nonbuf", "-log", log]
        for key, value in (self.settings | ({"restart": restart.name} if restart else {})).items():
            arguments += ["-var", key, f"{value:.10g}" if isinstance(value, float) else str(value)]
        if status := launcher.run(arguments, self.folder, lock):
            raise StudyError(f"{self.name} ended with status {status}: {reason(self.folder / log)}")
        write(self.marker, self.settings)
        return True

    def _same(self, path: Path, longer: bool = False) -> bool:
        """Whether the file is there; other settings than those it holds are refused."""
        if not path.exists():
            return False
        before = json.loads(path.read_text())
        differ = [k for k, v in self.settings.items() if k not in IGNORED and before.get(k) != v]
        if self.extendable and differ == ["steps"] and before["steps"] < self.settings["steps"]:
            return longer
        if differ:
            was = ", ".join(f"{k} {before.get(k)}, now {self.settings[k]}" for k in differ)
            raise StudyError(f"{path.parent} was begun with other settings ({was}): take another --out or remove it")
        return True


@dataclass(frozen=True)
class Job:
    """Stages that run one after the other in one folder, which is locked meanwhile."""

    title: str
    folder: Path
    stages: tuple[Stage, ...]
    prepare: Callable[[], None] = lambda: None

    def run(self, launcher: Launcher) -> bool:
        """Whether there was anything to do."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "lock", "w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StudyError(
                    f"another study, or a LAMMPS that one left behind, works on {self.folder}: wait for it, or stop it"
                ) from None
            except OSError as error:
                raise StudyError(
                    f"{self.folder}: its file system gives no locks ({error.strerror}): take another"
                ) from None
            self.prepare()
            return any([stage.run(self.title, launcher, file.fileno()) for stage in self.stages])


def run_all(jobs: Iterable[Job], launcher: Launcher, at_a_time: int) -> None:
    """All jobs, some at a time. After the first that fails no other begins; those that run come to their end."""
    jobs = list(jobs)
    ended, failed = [0], [0]

    def run(job: Job) -> None:
        try:
            worked = job.run(launcher)
        except StudyError as error:
            failed[0] += 1
            if not launcher.stopped:
                say(f"{job.title}: {error}")  # at once: others may run for hours
            raise
        ended[0] += 1
        if worked:
            say(f"{job.title}: {ended[0]} of {len(jobs)} done")

    pool = ThreadPoolExecutor(at_a_time)
    try:
        wait([pool.submit(run, job) for job in jobs], return_when=FIRST_EXCEPTION)
        pool.shutdown(cancel_futures=True)
    except BaseException:
        launcher.stop()
        pool.shutdown(cancel_futures=True)
        raise
    if failed[0]:
        raise StudyError(f"{failed[0]} of {len(jobs)} failed, see above; call it again when that is mended")


def reason(log: Path) -> str:
    """What LAMMPS said last, in its words."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    errors = [line for line in lines if line.startswith("ERROR")]
    return f"{errors[-1]} ({log})" if errors else f"see {log}"


def newest_restart(folder: Path, stage: str) -> Path | None:
    """The newest restart file that was written to its end: a kill may have cut one off."""
    found = [p for p in folder.glob(f"restart.{stage}.*") if whole(p)]
    return max(found, key=lambda p: p.stat().st_mtime_ns, default=None)


def whole(restart: Path) -> bool:
    with open(restart, "rb") as file:
        file.seek(-min(64, restart.stat().st_size), os.SEEK_END)
        return END_OF_RESTART in file.read()


def write(path: Path, values: dict) -> None:
    """Replaced as a whole."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(values, indent=1) + "\n")
    part.replace(path)
