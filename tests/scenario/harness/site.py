"""A site: a temporary folder with drop folders, output folders, a state folder, a token and a config, and the commands on it."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile

from tests.scenario.harness import wait
from tests.scenario.harness.programs import Program, complaints_in, path_of
from tests.scenario.harness.wait import until


def sha256_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def names_of_delivery(protected):
    """The files of a whole delivery, by default, sorted."""
    return [protected, f"{protected}.provenance.json", f"{protected}.sha256", f"{protected}.trace.json"]


class Folder:
    """One drop folder with its output folder."""

    def __init__(self, root, name):
        self.name = name
        self.path = os.path.join(root, "drop", name)
        self.output = os.path.join(root, "protected", name)
        self.rooms = ".tegodrop"
        os.makedirs(self.path)
        os.makedirs(self.output)
        self._staging = os.path.join(root, "outside")
        os.makedirs(self._staging, exist_ok=True)

    def drop(self, source, name=None, **sidecars):
        """Renames a copy of `source` in as `name`, its sidecars first: commit="…", sha256="…", json={…} or text."""
        name = name or os.path.basename(source)
        for kind, content in sidecars.items():
            text = json.dumps(content) if isinstance(content, dict) else content
            self.put(f"{name}.{kind}", text)
        staged = os.path.join(self._staging, "incoming")
        shutil.copyfile(source, staged)
        self.rename_in(staged, name)

    def stage_in(self, folder):
        """Where what is dropped is made ready: on the same disk, as a rename needs."""
        os.makedirs(folder, exist_ok=True)
        self._staging = folder

    def rename_in(self, staged, name):
        folder = os.fsencode(self.path) if isinstance(name, bytes) else self.path
        os.rename(staged, os.path.join(folder, name))

    def put(self, name, content):
        """A small file, complete, by rename."""
        staged = os.path.join(self._staging, "small")
        with open(staged, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        os.rename(staged, os.path.join(self.path, name))

    def waiting_names(self):
        """What lies in the drop folder itself."""
        return sorted(name for name in os.listdir(self.path) if name != self.rooms)

    def room(self, *parts):
        return os.path.join(self.path, self.rooms, *parts)

    def room_names(self, room):
        try:
            # Dot files are being written.
            return sorted(name for name in os.listdir(self.room(room)) if not name.startswith("."))
        except FileNotFoundError:
            return []

    def delivered_names(self):
        """Visible names in the output folder."""
        return sorted(name for name in os.listdir(self.output) if not name.startswith("."))

    def traces(self):
        """Every trace that stands in the output folder, by its file name."""
        return {name: self.read_output(name) for name in self.delivered_names() if name.endswith(".trace.json")}

    def failures(self):
        """Every .failed.json in the output folder, by its file name."""
        return {name: self.read_output(name) for name in self.delivered_names() if name.endswith(".failed.json")}

    def read_output(self, name):
        return _json(os.path.join(self.output, name))

    def receipts(self):
        """Every receipt, by its file name."""
        return {name: _json(self.room("receipts", name)) for name in self.room_names("receipts")}

    def wait_for_trace(self, count=1, seconds=30):
        """Waits until `count` traces stand; the only one, or all as a list."""
        traces = until(lambda: len(self.traces()) >= count and self.traces(), f"{count} trace(s) in {self.output}", seconds)
        return next(iter(traces.values())) if count == 1 else list(traces.values())

    def wait_for_receipt(self, count=1, seconds=30):
        """Waits until `count` receipts stand; the only one, or all as a list."""
        receipts = until(lambda: len(self.receipts()) >= count and self.receipts(), f"{count} receipt(s)", seconds)
        return next(iter(receipts.values())) if count == 1 else list(receipts.values())

    def wait_for_failure(self, seconds=30):
        """Waits for one .failed.json; (its name, its content)."""
        return until(lambda: list(self.failures().items()), f"a .failed.json in {self.output}", seconds)[0]


def _json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


class Site:
    def __init__(self, portal_url, tenant, token, folders=("first",)):
        # Short and on a local disk: the paths of sockets are limited, and Bazel's own temporary folder lies deep.
        self.root = tempfile.mkdtemp(prefix="tegodrop-", dir="/tmp")
        self.folders = [Folder(self.root, name) for name in folders]
        self.state_dir = os.path.join(self.root, "state")
        os.makedirs(self.state_dir, mode=0o700)
        self.logs = os.path.join(self.root, "logs")
        os.makedirs(self.logs)
        self.config_file = os.path.join(self.root, "tegodrop.yaml")
        self.token_file = os.path.join(self.root, "token")
        self.write_private(self.token_file, token + "\n")
        self.settings = {
            "portal": {"url": portal_url, "tenant": tenant, "token_file": self.token_file},
            "state_dir": self.state_dir,
            "folders": [{"name": one.name, "path": one.path, "output": one.output, "version": "production",
                         "settle": "200ms"} for one in self.folders],
            "polling": {"interval": "100ms"},
            "log": {"level": "debug", "format": "json"},
        }
        self.environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": self.root, "TMPDIR": self.root}
        # How the sanitizers that the programs may be built with are to behave.
        self.environment.update({name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")
                                 if name in os.environ})
        self.programs = []
        self._started = 0
        self.write_config()

    @property
    def folder(self):
        return self.folders[0]

    def configure(self, **of_folder):
        """Changes keys of the first folder and writes the config."""
        self.settings["folders"][0].update(of_folder)
        self.write_config()

    def write_config(self):
        # JSON is YAML too.
        self.write_private(self.config_file, json.dumps(self.settings, indent=1) + "\n")

    @staticmethod
    def write_private(path, text):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, *arguments, extra_environment=None, under=()):
        """Starts `tegodrop run` (or other arguments) beside the test; `under`: a command that is given it to run."""
        self._started += 1
        program = Program(f"daemon-{self._started}", [*under, *self._command(arguments or ("run",))], self.logs,
                          {**self.environment, **(extra_environment or {})})
        self.programs.append(program)
        return program

    def start_and_watch(self):
        """Starts the daemon and waits until it has every drop folder open: what is renamed in now raises an event."""
        program = self.start()
        def all_open():
            return len([one for one in self.log_events(program) if one["event"] == "folder.open"]) == len(self.folders)
        until(all_open, "the drop folders are open")
        return program

    def run(self, *arguments, seconds=60, config=True, extra_environment=None):
        """Runs a command to its end; the CompletedProcess with text output."""
        command = self._command(arguments, config)
        # In files, so that what it said is there also when it does not end.
        with open(os.path.join(self.logs, "commands"), "a+", encoding="utf-8", errors="replace") as log:
            log.write(f"$ tegodrop {' '.join(arguments)}\n")
            log.flush()
            begun = log.tell()
            with tempfile.TemporaryFile("w+", dir=self.logs, errors="replace") as out:
                code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=log,
                                      env={**self.environment, **(extra_environment or {})}, timeout=seconds * wait.PATIENCE,
                                      check=False).returncode
                out.seek(0)
                log.seek(begun)
                done = subprocess.CompletedProcess(command, code, out.read(), log.read())
            log.write(f"{done.stdout}exit {code}\n")
        return done

    def complaints(self):
        """Lines in which a sanitizer speaks, of a daemon or of a command."""
        found = [f"{one.name}: {line}" for one in self.programs for line in one.complaints()]
        commands = os.path.join(self.logs, "commands")
        return found + ([f"a command: {line}" for line in complaints_in(commands)] if os.path.exists(commands) else [])

    def status(self):
        """The document of `status --json`; ValueError when the command fails."""
        done = self.run("status", "--json")
        if done.returncode != 0:
            raise ValueError(f"status: exit {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

    def jobs(self):
        return self.status()["jobs"]

    def wait_for_state(self, *states, seconds=30):
        """Waits until the only job is in one of `states`; its entry in the status."""
        def there():
            jobs = self.jobs()
            return jobs[0] if len(jobs) == 1 and jobs[0]["state"] in states else None
        return until(there, f"the job's state is {' or '.join(states)}", seconds)

    def wait_until_it_waits_for(self, pattern, seconds=30):
        """Waits until the status says of some job that it waits for what `pattern` finds, in any case."""
        def said():
            return [one for one in self.jobs() if one["waiting_for"] and re.search(pattern, one["waiting_for"], re.IGNORECASE)]
        until(said, f"the status says what is waited for, like '{pattern}'", seconds)

    def log_events(self, program):
        """The daemon's log lines as objects; a line that is no JSON (a sanitizer's) is passed over."""
        events = []
        for line in program.stderr().splitlines():
            try:
                events.append(json.loads(line))
            except ValueError:
                continue
        return events

    def snapshot(self):
        """What stands below the site, but for the harness's own logs: {path: (mode, size, mtime, sha256)}."""
        found = {}
        for folder, folders, files in os.walk(self.root):
            if folder == self.root:
                folders.remove("logs")
            for name in folders + files:
                path = os.path.join(folder, name)
                about = os.lstat(path)
                found[path] = (about.st_mode, about.st_size, about.st_mtime_ns, sha256_of(path) if name in files else None)
        return found

    def close(self):
        for program in self.programs:
            program.kill()
        subprocess.run(["chmod", "-R", "u+rwX", self.root], check=False)
        shutil.rmtree(self.root)

    def evidence(self):
        """What a person wants to see when a test has failed."""
        parts = [f"$ ls -lR {self.root}", _output_of("ls", "-lRA", self.root)]
        for name in sorted(os.listdir(self.logs)):
            with open(os.path.join(self.logs, name), encoding="utf-8", errors="replace") as file:
                lines = file.read().splitlines()
            if lines:
                parts.append(f"--- {name}, its last lines:")
                parts += lines[-60:]
        return "\n".join(parts)

    def _command(self, arguments, config=True):
        return [path_of("TEGODROP"), *(["--config", self.config_file] if config else []), *arguments]


def _output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False).stdout
