"""Drops of every kind into one folder under a daemon, and the judge: each writer's own list, joined by SHA-256 with what the portal received."""

import collections
import concurrent.futures
import os
import random

from tests.scenario.harness import namespace
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.inotify import Recorder
from tests.scenario.harness.mint import Mint
from tests.scenario.harness.samba_server import SambaServer
from tests.scenario.harness.site import sha256_of
from tests.scenario.harness.ssh_server import SshServer
from tests.scenario.harness.wait import until
from tests.scenario.harness.writers import Drop, Writers

# Of those that die there must be enough to die in the middle of.
SIZES, SIZES_OF_KILLED = (10 << 10, 300 << 10), (500 << 10, 700 << 10)


def _size(dice, kind):
    return dice.randint(*(SIZES_OF_KILLED if "killed" in kind else SIZES))


def judge(drops, received, left, refused):
    """`received`: (file name, SHA-256) of each build; `left`: names in the drop folder; `refused`: (file name, kind of failure) of each
    job that failed. ({column: {kind of writer: number}}, what is wrong)"""
    counts = {column: collections.Counter() for column in ("drops", "finished", "built", "early", "missed", "doubled", "left", "refused", "lost")}
    wrong = []

    def count(column, kind, what=None):
        counts[column][kind] += 1
        if what:
            wrong.append(f"{column}: {kind}: {what}")
    kind_of = {drop.name: drop.kind for drop in drops}
    finished = {one: drop.kind for drop in drops for one in drop.finished}
    passing = {one for drop in drops for one in drop.passing}
    for drop in drops:
        counts["drops"][drop.kind] += 1
        counts["finished"][drop.kind] += len(drop.finished)
    seen = set()
    for name, sha256 in received:
        if sha256 not in finished and sha256 not in passing:
            count("early", kind_of[name], f"{name}: nobody has finished {sha256}")
        elif sha256 in seen:
            count("doubled", kind_of[name], f"{name}: {sha256}")
        else:
            count("built", kind_of[name])
        seen.add(sha256)
    for sha256, kind in finished.items():
        if sha256 not in seen:
            count("missed", kind, sha256)
    for name in left:
        if name in kind_of:
            count("left", kind_of[name])
    for name, failure in refused:
        # What a copy that died has left under its name is refused, or left.
        expected = "killed" in kind_of[name] and failure == "incomplete"
        count("refused", kind_of[name], None if expected else f"{name}: {failure}")
    somewhere = {*left, *(name for name, _ in refused)}
    for drop in drops:
        if not drop.finished and drop.name not in somewhere:
            count("lost", drop.kind, f"{drop.name}: what its writer had begun is gone")
    return counts, wrong


class MixedDropsCase(ScenarioCase):
    """Gives `play(count, threads)` and `watch()`. The file ends with `namespace.main()`."""

    settle = "500ms"
    pace = 0.5
    switches = {"build_seconds": 0.05, "concurrent_builds": 100}

    def setUp(self):
        namespace.run_daemon_as_ordinary(self)
        super().setUp()
        self.site.settings["log"]["level"] = "info"
        self.site.settings["limits"] = {"concurrent_uploads": 8}
        self.site.configure(settle=self.settle)
        across = os.path.join(self.site.root, "across")
        os.mkdir(across)
        namespace.mount("-t", "tmpfs", "tmpfs", across)
        self.addCleanup(namespace.unmount, across)
        self._across = os.path.join(across, "sources")
        self.ssh = SshServer(os.path.join(self.site.root, "ssh"), self.site.logs)
        self.addCleanup(self.ssh.close)
        self.mint = Mint(self.artifacts.apk())

    def writers_into(self, path, name, pace):
        samba = SambaServer(os.path.join(self.site.root, f"samba-{name}"), path, self.site.logs)
        self.addCleanup(samba.close)
        writers = Writers(self.mint, path, os.path.join(self.site.root, f"near-{name}"), os.path.join(self._across, name), self.ssh,
                          samba, pace)
        self.addCleanup(writers.close)
        return writers

    def watch(self, rounds=1):
        """Each kind in a folder that nobody else looks at: prints the sequences of events that it raises, and gives them by kind."""
        path = os.path.join(self.site.root, "watched")
        os.mkdir(path)
        writers = self.writers_into(path, "watched", pace=0.1)
        dice = random.Random(1)
        seen = {kind: collections.Counter() for kind in writers.kinds}
        print("\nwriter | events")
        for number, kind in enumerate(list(writers.kinds) * rounds, start=1):
            drop = Drop(number, kind, f"watched-{number}.apk", _size(dice, kind))
            with Recorder(path) as recorder:
                writers.kinds[kind](drop)
                seen[kind][self._sequence_at_its_end(recorder, drop.name)] += 1
        for kind, sequences in seen.items():
            for sequence, _ in sequences.most_common():
                print(f"{kind} | {sequence}")
        return seen

    @staticmethod
    def _sequence_at_its_end(recorder, name):
        """A server closes the file a moment after its client is gone."""
        def closed():
            events = [event for other, event in recorder.events() if other == name]
            used = [event for event in events if event in ("OPEN", "MODIFY", "CLOSE_WRITE", "CLOSE_NOWRITE")]
            return not used or used[-1].startswith("CLOSE")
        until(closed, f"whoever opened {name} has closed it")
        return recorder.sequence(name)

    def play(self, count, threads):
        """`count` drops by so many writers at a time; every kind is among them, the quick ones more often."""
        writers = self.writers_into(self.folder.path, "folder", self.pace)
        drops = self._plan(writers, count)
        daemon = self.site.start_and_watch()
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(lambda drop: writers.kinds[drop.kind](drop), drops):
                pass
        self._all_taken(drops, seconds=60 + count / 5)
        self.stop(daemon)
        # What is not taken by now is not whole: also a last look, which waits for nothing more, must find it so.
        self.site.run("run", "--once", seconds=120)
        self._judge(drops)

    def _plan(self, writers, count):
        dice = random.Random(count)
        quick = [kind for at, kind in enumerate(writers.kinds) if at < 12]
        kinds = list(writers.kinds)
        while len(kinds) < count:
            kinds += [*writers.kinds, *quick, *quick, *quick]
        del kinds[count:]
        dice.shuffle(kinds)
        return [Drop(number, kind, f"drop-{number}.apk", _size(dice, kind)) for number, kind in enumerate(kinds, start=1)]

    def _all_taken(self, drops, seconds):
        wanted = {one for drop in drops for one in drop.finished}

        def all_there():
            self._missing = wanted - {one["source_sha256"] for one in self.portal.state()["builds"]}
            return not self._missing
        try:
            until(all_there, "the portal has everything", seconds, every=0.5)
            until(lambda: all(one["state"] in ("delivered", "failed") for one in self.site.jobs()), "every job is at its end",
                  seconds, every=0.5)
        except AssertionError as late:
            print(f"\nlate: {late}")  # the judge names them

    def _judge(self, drops):
        received = [(one["name"], one["source_sha256"]) for one in self.portal.state()["builds"]]
        failures = [(one["file_name"], one["failure"]["kind"]) for one in self.folder.failures().values()]
        counts, wrong = judge(drops, received, self.folder.waiting_names(), failures)
        self._print(counts)
        self._judge_deliveries(collections.Counter(sha256 for _, sha256 in received))
        self.assertEqual(wrong, [])

    def _judge_deliveries(self, received):
        traces = self.folder.traces().values()
        self.assertEqual(collections.Counter(one["source"]["sha256"] for one in traces), received)
        whole = {one["output_sha256"] for one in self.portal.state()["builds"]}
        self.assertEqual({sha256_of(os.path.join(self.folder.output, one["protected_output"])) for one in traces}, whole)
        # Nothing lost: the sources are where they belong.
        kept = collections.Counter(sha256_of(self.folder.room("processed", name)) for name in self.folder.room_names("processed")
                                   if name.endswith(".apk"))
        self.assertEqual(kept, received)

    @staticmethod
    def _print(counts):
        kinds = list(counts["drops"])
        print("\nwriter | " + " | ".join(counts))
        for kind in sorted(kinds):
            print(f"{kind} | " + " | ".join(str(column[kind]) for column in counts.values()))
        print("all | " + " | ".join(str(sum(column.values())) for column in counts.values()))
