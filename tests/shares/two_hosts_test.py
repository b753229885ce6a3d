"""Two daemons on two mounts of one share: every artifact has one of them, also when they are killed at random and come back.

The seed is printed; $HOSTS_SEED chooses another night, $DROPS how many artifacts come.
"""

import concurrent.futures
import os
import random
import threading

from tests.scenario.harness import namespace
from tests.scenario.harness.ssh_server import SshServer
from tests.scenario.harness.wait import PATIENCE, until
from tests.shares.harness.case import BACK_WITHIN
from tests.shares.harness.hosts import TwoHostsCase
from tests.shares.harness.mounts import FaultyMount, SshfsMount

COUNT = int(os.environ.get("DROPS", "40"))
SEED = int(os.environ.get("HOSTS_SEED", "1"))
SIDECARS = ((), ("commit",), ("sha256",), ("commit", "sha256"), ("commit", "sha256", "json"))

_pause = threading.Event()


class KilledHostsTest(TwoHostsCase):
    """On sshfs, by two mounts of one server."""

    switches = {"build_seconds": 0.2, "concurrent_builds": 100}

    def prepare(self):
        self.server = SshServer(os.path.join(self.site.root, "ssh"), self.site.logs)
        self.addCleanup(self.server.close)
        self.chance = random.Random(SEED)

    def mount(self, name, path, far):
        return SshfsMount(name, path, far, self.site.logs, self.server, "dir_cache=no")

    def write(self, kinds):
        """All of them, one after the other."""
        pauses = random.Random(SEED + 1)
        for number in range(1, COUNT + 1):
            self.tell(number, pauses.choice(kinds), size=pauses.choice((1 << 10, 20 << 10, 300 << 10)))
            _pause.wait(pauses.uniform(0, 0.4))

    def kill_and_start_again(self):
        """One of them, at a random moment of its work; it stays away for a moment, and the other one goes on."""
        host = self.chance.choice(self.hosts)
        _pause.wait(self.chance.uniform(0.2, 3) * PATIENCE)
        self.assertIsNone(host.daemon.code, host.daemon.stderr()[-1000:])
        host.kill()
        _pause.wait(self.chance.uniform(0, 3) * PATIENCE)
        host.start()

    def play(self, kinds=((),)):
        self.start_both()
        kills = 0
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            writing = pool.submit(self.write, kinds)
            while not writing.done():
                self.kill_and_start_again()
                kills += 1
            writing.result()
        # What was in flight when the last one came is in a ledger, and one more dies of it.
        self.kill_and_start_again()
        self.wait_until_all_told_are_delivered(seconds=240 + COUNT / 5)
        taken = [len(host.traces()) for host in self.hosts]
        print(f"\ntwo hosts on one share, seed | artifacts | kills | delivered by the first | by the second\n"
              f"{'with sidecars' if any(kinds) else 'without sidecars'}, {SEED} | {COUNT} | {kills + 1} | {taken[0]} | {taken[1]}")
        self.assertGreaterEqual(kills, 2)
        self.assertGreater(min(taken), 0, "one of them has done nothing: this proves nothing about two")
        self.stop_and_judge_both()

    def test_each_artifact_is_built_once(self):
        self.play()

    def test_each_artifact_is_built_once_and_its_sidecars_go_with_it(self):
        self.play(SIDECARS)


class SlowHostTest(TwoHostsCase):
    """One host's claim hangs in the middle, and another one takes what it can."""

    def mount(self, name, path, far):
        return FaultyMount(name, path, far, self.site.logs)

    def hang_where(self, *rules):
        """The first host's claim has got as far as what `rules` stop; the second one has not begun."""
        slow, quick = self.hosts
        slow.start()
        until(lambda: slow.site.status()["folders"][0]["state"] == "ok", "the first host has the share", every=0.2)
        slow.mounted.fail_each(*((operation, "stall", path, None) for operation, path in rules))
        self.tell(1, ("commit", "sha256"))
        until(slow.mounted.hits, "the first host moves it")
        return slow, quick

    def let_the_other_go_on(self, quick):
        """Until it has been through everything that lies there."""
        quick.start()
        self.tell(2, ("commit",))
        until(lambda: any(one["file_name"] == "drop-2.apk" for one in quick.traces()), "the second host delivers what came after it",
              BACK_WITHIN, every=0.2)

    def die_and_come_back(self, slow):
        slow.kill()
        slow.mounted.kill()
        slow.mounted.unmount()
        slow.mounted.mount()
        slow.start()

    def test_who_comes_too_late_leaves_no_sidecar_behind(self):
        slow, quick = self.hang_where(("rename", "/drop-1.apk"))
        self.let_the_other_go_on(quick)
        slow.mounted.mend()
        self.wait_until_all_told_are_delivered()
        self.stop_and_judge_both()

    def test_who_dies_before_it_moves_the_artifact_leaves_no_sidecar_behind(self):
        slow, quick = self.hang_where(("rename", "/drop-1.apk"))
        self.let_the_other_go_on(quick)
        self.die_and_come_back(slow)
        self.wait_until_all_told_are_delivered()
        self.stop_and_judge_both()

    def test_who_dies_while_it_moves_the_sidecars_leaves_none_behind(self):
        # A move that must replace nothing is a link and an unlink where the file system knows no better.
        slow, quick = self.hang_where(("rename", "/drop-1.apk.*"), ("link", "*/drop-1.apk.*"))
        self.let_the_other_go_on(quick)
        self.die_and_come_back(slow)
        self.wait_until_all_told_are_delivered()
        self.stop_and_judge_both()


if __name__ == "__main__":
    namespace.main()
