"""Drop folders on sshfs, from a real sshd on this machine: what is written on the server, a server that hangs, a session that dies."""

import os
import threading
import time

from tests.scenario.harness import namespace
from tests.scenario.harness.mint import sha256
from tests.scenario.harness.ssh_server import SshServer
from tests.scenario.harness.wait import until
from tests.shares.harness.case import SharesCase
from tests.shares.harness.mounts import SshfsMount

_never = threading.Event()


class SshfsCase(SharesCase):
    # Without its own cache; the kernel's one second stays.
    options = ("dir_cache=no",)

    def setUp(self):
        super().setUp()
        self.server = SshServer(os.path.join(self.site.root, "ssh"), self.site.logs)
        self.addCleanup(self.server.close)
        self.share = self.to_share(self.folder, self.sshfs)

    def sshfs(self, name, path, far):
        return SshfsMount(name, path, far, self.site.logs, self.server, *self.options)

    def start(self):
        daemon = self.site.start_and_watch()
        self.wait_until_state(self.folder, "ok")
        return daemon

    def write_slowly(self, name, pauses):
        """On the far side, in as many pieces as there are pauses, with each pause after its piece; when it was whole."""
        content = self.mint.make(1000, 200 << 10)
        self.dropped[self.folder.name].append(sha256(content))
        step = len(content) // len(pauses) + 1
        with open(os.path.join(self.folder.path, name), "wb", buffering=0) as file:
            for number, pause in enumerate(pauses):
                file.write(content[number * step:(number + 1) * step])
                whole = time.monotonic()
                _never.wait(pause)
        return whole


class FarSideTest(SshfsCase):
    def test_what_is_written_on_the_server_is_built_once_it_is_whole(self):
        daemon = self.start()
        self.drop(self.folder)
        self.drop(self.folder, size=3 << 20)
        # Quiet for longer than `settle` and not whole: quiet is no proof.
        self.write_slowly("slow.apk", pauses=(0.3, 2.5, 0.3, 2.5, 0.3, 0))
        self.wait_until_all_delivered(self.folder)
        self.stop_and_judge(daemon)

    def test_what_died_in_the_middle_is_left_alone_until_somebody_writes_it_whole(self):
        daemon = self.start()
        content = self.mint.make(1001, 100 << 10)
        target = os.path.join(self.folder.path, "died.apk")
        with open(target, "wb") as file:
            file.write(content[:60 << 10])
        # What comes after it has been through everything.
        self.drop(self.folder)
        self.wait_until_all_delivered(self.folder)
        self.assertEqual(self.folder.waiting_names(), ["died.apk"])
        with open(target, "wb") as file:
            file.write(content)
        self.dropped[self.folder.name].append(sha256(content))
        self.wait_until_all_delivered(self.folder)
        self.stop_and_judge(daemon)

    def test_the_same_name_again_is_built_again_and_a_touched_file_is_not(self):
        self.portal.set(hold_builds=True)
        daemon = self.start()
        for _ in range(2):
            name = self.drop(self.folder, "same.apk")
            until(lambda: name not in self.folder.waiting_names(), "it is claimed")
        self.portal.set(hold_builds=False)
        self.wait_until_all_delivered(self.folder)
        self.stop_and_judge(daemon)

    def test_the_output_folder_may_lie_on_a_share_too(self):
        output = self.folder.output
        far = os.path.join(self.site.root, "far", "output")
        mounted = self.sshfs("mount-output", output, far)
        self.addCleanup(mounted.close)
        self.mounts.append(mounted)
        self.folder.output = far
        daemon = self.start()
        self.drop(self.folder)
        self.wait_until_all_delivered(self.folder)
        self.stop_and_judge(daemon)


    def test_an_output_folder_whose_mount_is_gone_gets_nothing_also_from_the_next_start(self):
        far = os.path.join(self.site.root, "far", "output")
        mounted = self.sshfs("mount-output", self.folder.output, far)
        self.addCleanup(mounted.close)
        self.folder.output = far
        daemon = self.start()
        self.drop(self.folder)
        self.wait_until_all_delivered(self.folder)
        until(lambda: all(one["state"] == "delivered" for one in self.site.jobs()), "its row says so")
        self.stop(daemon)
        mounted.close()
        daemon = self.start()
        self.drop(self.folder)
        job = until(lambda: [one for one in self.site.jobs() if "is the right file system mounted?" in (one["waiting_for"] or "")],
                    "the job says what it waits for")[0]
        self.assertIn(mounted.path, job["waiting_for"])
        self.others_go_on()
        self.assertEqual(self.local_names_below(mounted), [])
        mounted.mount()
        self.wait_until_all_delivered(self.folder)
        # Once more, and now it is meant so.
        until(lambda: all(one["state"] == "delivered" for one in self.site.jobs()), "its row says so")
        mounted.close()
        self.drop(self.folder)
        until(lambda: "is the right file system mounted?" in str([one["waiting_for"] for one in self.site.jobs()]), "it waits again")
        done = self.site.run("check", "--accept", self.folder.name)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(mounted.path, done.stdout)
        until(lambda: all(one["state"] == "delivered" for one in self.site.jobs()), "it is delivered there", seconds=90)
        self.assertIn("drop-4-protected-", "".join(self.local_names_below(mounted)))
        self.stop(daemon)


class StoppedServerTest(SshfsCase):
    def stop_the_server(self):
        """With one job of the share in flight."""
        self.portal.set(hold_builds=True)
        daemon = self.start()
        self.drop(self.folder)
        until(lambda: self.portal.counters()["builds_queued"] == 1, "it builds")
        self.server.stop_answering()
        self.addCleanup(self.server.answer_again)
        self.drop(self.folder)
        self.portal.set(hold_builds=False)
        return daemon

    def test_others_go_on_and_it_goes_on_itself_when_the_server_answers(self):
        daemon = self.stop_the_server()
        begun = time.monotonic()
        self.others_go_on()
        self.wait_until_state(self.folder, "stalled")
        print(f"stalled after {time.monotonic() - begun:.0f} s", end=" ")
        self.assertRegex(self.site.run("status").stdout, "stalled")
        self.others_go_on()
        self.server.answer_again()
        begun = time.monotonic()
        self.wait_until_state(self.folder, "ok", seconds=90)
        self.wait_until_all_delivered(self.folder)
        print(f"back after {time.monotonic() - begun:.0f} s", end=" ")
        self.stop_and_judge(daemon)

    def test_a_stop_takes_no_longer_and_the_next_start_waits_for_it_too(self):
        daemon = self.stop_the_server()
        self.wait_until_state(self.folder, "stalled")
        # Within 5 s.
        self.stop(daemon)
        daemon = self.site.start()
        self.others_go_on()
        self.wait_until_state(self.folder, "stalled")
        self.server.answer_again()
        self.wait_until_state(self.folder, "ok", seconds=90)
        self.wait_until_all_delivered(self.folder)
        self.stop_and_judge(daemon)

    def test_a_stop_just_after_the_server_has_stopped(self):
        daemon = self.stop_the_server()
        self.stop(daemon)
        self.server.answer_again()
        daemon = self.start()
        self.wait_until_all_delivered(self.folder)
        self.stop_and_judge(daemon)


class DeadSessionTest(SshfsCase):
    def test_the_folder_is_missing_not_empty_and_goes_on_when_it_is_back(self):
        self.portal.set(hold_builds=True)
        daemon = self.start()
        self.drop(self.folder)
        until(lambda: self.portal.counters()["builds_queued"] == 1, "it builds")
        self.server.kill_sessions()
        until(lambda: not self.share.is_mounted(), "the mount has vanished")
        stray = os.path.join(self.share.path, "stray.apk")
        with open(stray, "wb") as file:
            file.write(self.mint.make(1002, 10 << 10))
        self.wait_until_state(self.folder, "missing")
        self.drop(self.folder)
        # The build's end, which has nowhere to be written down, meanwhile.
        self.portal.set(hold_builds=False)
        until(lambda: self.portal.counters()["builds_finished"] == 1, "the build is done")
        self.others_go_on()
        self.wait_until_state(self.folder, "missing")
        self.assertEqual(self.local_names_below(self.share), ["stray.apk"])
        os.unlink(stray)
        self.share.mount()
        self.wait_until_state(self.folder, "ok", seconds=60)
        self.wait_until_all_delivered(self.folder)
        self.stop_and_judge(daemon)

    def test_a_start_without_the_mount_writes_nothing_and_takes_nothing(self):
        daemon = self.start()
        self.drop(self.folder)
        self.wait_until_all_delivered(self.folder)
        until(lambda: all(one["state"] == "delivered" for one in self.site.jobs()), "its row says so")
        self.stop(daemon)
        self.server.kill_sessions()
        until(lambda: not self.share.is_mounted(), "the mount has vanished")
        daemon = self.site.start()
        self.others_go_on()
        self.wait_until_state(self.folder, "missing")
        self.assertEqual(self.local_names_below(self.share), [])
        self.share.mount()
        self.drop(self.folder)
        self.wait_until_all_delivered(self.folder)
        self.stop_and_judge(daemon)


class OrdinaryCachesTest(SshfsCase):
    """As it is mounted and configured without a thought: sshfs remembers for 20 s, and `settle` is auto."""
    options = ()
    quick = {"settle": "auto", "poll_interval": "auto"}

    def test_a_file_that_grows_for_longer_than_the_cache_lasts_is_taken_whole_and_in_time(self):
        daemon = self.start()
        whole = self.write_slowly("slow.apk", pauses=(0.2, 10, 12, 0))
        until(lambda: self.portal.counters()["objects_received"] == 1, "the portal has it", seconds=100)
        took = time.monotonic() - whole
        print(f"received {took:.0f} s after it was whole", end=" ")
        # max(30 s, twice the cache of 20 s) and one poll interval of at most 30 s.
        self.assertGreaterEqual(took, 28)
        self.assertLessEqual(took, 40 + 30 + 5)
        self.wait_until_all_delivered(self.folder)
        self.stop_and_judge(daemon)


if __name__ == "__main__":
    namespace.main()
