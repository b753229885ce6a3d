"""Runs the contestants of a row in turn, each as a process of its own, and looks after each whether everything has arrived."""

import filecmp
import json
import os
import subprocess

from tests.bench import contestants, stats
from tests.bench.contestants import Place

SECONDS = 900
# What intake knows of the artifact of the row.
ADMITTED = "admitted"
ADMITTED_UNHASHED = "admitted-unhashed"


class Failed(Exception):
    """A contestant did not do what it was to be measured at."""


class Bench:
    """`servers` by their names; `say` is told what goes on."""

    def __init__(self, folder, programs, measure, ca, servers, say):
        self._folder = folder
        self._programs = programs
        self._measure = measure
        self._ca = ca
        self._servers = servers
        self._say = say
        self._runs = 0

    def row(self, about, source, rounds, leave_out=()):
        """`about`: name, title, direction, server, transport, size. Each contestant is tried once before anything counts."""
        there = contestants.of_row(about["direction"], about["server"], self._programs)
        there = {name: one for name, one in there.items() if name not in leave_out}
        self._admit(about, source)
        runs = {name: [] for name in there}
        for name, one in there.items():
            self._run(about, name, one, source, look_closely=True)
        for number in range(rounds):
            for name in stats.in_turn(list(there), number):
                runs[name].append(self._run(about, name, there[name], source))
            self._say(f"{about['name']}: round {number + 1} of {rounds}")
        return {**about, "contestants": {
            name: {"label": one.label, "ours": bool(one.program), "is_peer": name == one.peer, "peer": one.peer, "runs": runs[name]}
            for name, one in there.items()}}

    def _admit(self, about, source):
        place = Place("", "", "", source, about["size"], "", "", "")
        for program, to in ((self._programs.client, ADMITTED), (self._programs.client_unhashed, ADMITTED_UNHASHED)):
            if program:
                self._measured(contestants.admission(program, place, os.path.join(self._folder, to)), place)

    def _run(self, about, name, one, source, look_closely=False):
        server = self._servers[about["server"]]
        self._runs += 1
        unique = f"{self._runs}.apk"
        place = Place(base=server.urls[about["transport"]], server=about["server"], ca=self._ca if about["transport"] == "tls" else "",
                      source=source, size=about["size"], out=os.path.join(self._folder, "out.apk"), name=unique,
                      upload_id=server.begin(unique) if one.in_parts else "",
                      admitted=os.path.join(self._folder, ADMITTED),
                      admitted_unhashed=os.path.join(self._folder, ADMITTED_UNHASHED))
        if os.path.exists(place.out):
            os.remove(place.out)
        run = self._measured(one.command(place, self._programs), place)
        if contestants.is_download(name) or about["direction"] == "get":
            wrong = not os.path.exists(place.out) or os.path.getsize(place.out) != about["size"]
            wrong = wrong or look_closely and not filecmp.cmp(place.out, source, shallow=False)
            if os.path.exists(place.out):
                os.remove(place.out)
        else:
            wrong = server.received(unique, place.upload_id) != about["size"] or look_closely and server.differs(unique, source)
            server.forget(unique)
        if wrong:
            raise Failed(f"{about['name']}, {one.label}: what arrived is not what was sent")
        return run

    def _measured(self, command, place):
        report = os.path.join(self._folder, "run.json")
        done = subprocess.run([self._measure, report, *command], stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS,
                              cwd=self._folder, env=contestants.environment(self._folder, place.base, place.ca), check=False)
        if done.returncode != 0:
            raise Failed(f"exit {done.returncode} of {' '.join(command)}\n{(done.stdout + done.stderr).decode(errors='replace')[-3000:]}")
        with open(report, encoding="ascii") as file:
            run = json.load(file)
        del run["code"]
        return run
