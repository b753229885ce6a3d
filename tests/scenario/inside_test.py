"""Folders inside a drop folder: entered with `recursive: true`, their artifacts taken like all others."""

import os
import shutil

from tests import runner
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.site import sha256_of
from tests.scenario.harness.wait import until

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class InsideCase(ScenarioCase):
    def setUp(self):
        super().setUp()
        self.site.configure(recursive=True)

    def inside(self, *names):
        path = os.path.join(self.folder.path, *names)
        os.makedirs(path, exist_ok=True)
        return path

    def place(self, source, *names):
        """Under its last name, by rename, in folders inside the drop folder."""
        folder = self.inside(*names[:-1])
        part = os.path.join(folder, f".{names[-1]}.part")
        shutil.copyfile(source, part)
        os.rename(part, os.path.join(folder, names[-1]))

    def sources(self):
        """What was built from what: SHA-256 by name, one entry for each delivery."""
        return sorted((one["file_name"], one["source"]["sha256"]) for one in self.folder.traces().values())

    def folder_state(self):
        return next((one["state"], one["reason"]) for one in self.site.status()["folders"])


class RecursiveTest(InsideCase):
    def test_each_is_taken_with_its_own_sidecars_and_stays_apart_from_its_namesakes(self):
        first, second, third = (self.artifacts.apk(marker=one) for one in "abc")
        daemon = self.site.start_and_watch()
        with open(os.path.join(self.inside("team", "night"), "app.apk.commit"), "w", encoding="ascii") as file:
            file.write(COMMIT)
        self.place(first, "app.apk")
        self.place(second, "team", "night", "app.apk")
        self.place(third, "team", "app.apk")
        self.folder.wait_for_trace(3)
        self.folder.wait_for_receipt(3)
        self.assertEqual(self.sources(), sorted(("app.apk", sha256_of(one)) for one in (first, second, third)))
        commits = {one["source"]["sha256"]: one["commit_sha"] for one in self.folder.traces().values()}
        self.assertEqual(commits, {sha256_of(first): None, sha256_of(second): COMMIT, sha256_of(third): None})
        self.assertEqual(sorted(os.listdir(self.inside("team"))), ["night"], "the folders stay, and nothing in them")
        self.assertEqual(os.listdir(self.inside("team", "night")), [])
        self.assertEqual(len([one for one in self.folder.room_names("processed") if one.endswith(".apk")]), 3)
        self.stop(daemon)
        self.assert_counts(builds_queued=3)

    def test_a_folder_that_is_moved_in_or_comes_while_it_was_down_is_entered(self):
        one, two, three = (self.artifacts.apk(marker=name) for name in "abc")
        self.place(one, "before", "one.apk")
        daemon = self.site.start_and_watch()
        self.folder.wait_for_trace()
        whole = os.path.join(self.site.root, "outside", "release")
        os.makedirs(os.path.join(whole, "deep"))
        shutil.copyfile(two, os.path.join(whole, "deep", "two.apk"))
        os.rename(whole, os.path.join(self.folder.path, "release"))
        self.folder.wait_for_trace(2)
        # A later one is noticed under the path that its folder has by now.
        os.rename(self.inside("release"), os.path.join(self.folder.path, "shipped"))
        self.place(three, "shipped", "deep", "three.apk")
        self.folder.wait_for_trace(3)
        self.stop(daemon)
        self.assertEqual(self.sources(), sorted([("one.apk", sha256_of(one)), ("two.apk", sha256_of(two)),
                                                 ("three.apk", sha256_of(three))]))

    def test_rooms_boxes_folders_and_links_are_not_entered(self):
        source = self.artifacts.apk()
        elsewhere = os.path.join(self.site.root, "outside", "elsewhere")
        os.makedirs(elsewhere)
        shutil.copyfile(source, os.path.join(elsewhere, "linked.apk"))
        os.symlink(elsewhere, os.path.join(self.folder.path, "link"))
        for name in ("@eaDir", "#recycle", ".snapshot", "__MACOSX", "old/.tegodrop/failed"):
            self.place(source, *name.split("/"), "no.apk")
        self.place(source, "yes", "yes.apk")
        done = self.site.run("run", "--once")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([one["file_name"] for one in self.folder.traces().values()], ["yes.apk"])
        self.assert_counts(builds_queued=1)
        self.assertTrue(os.path.exists(os.path.join(elsewhere, "linked.apk")))

    def test_what_cannot_be_entered_is_named_and_taken_when_it_can(self):
        source = self.artifacts.apk()
        closed = self.inside("closed")
        self.place(source, "closed", "app.apk")
        os.chmod(closed, 0)
        self.addCleanup(os.chmod, closed, 0o700)
        daemon = self.site.start_and_watch()
        state, reason = until(lambda: self.folder_state()[0] == "degraded" and self.folder_state(), "it is degraded")
        self.assertIn("closed", reason)
        self.assertIn("give the service's user the right", reason)
        self.place(self.artifacts.apk(marker="open"), "open", "other.apk")
        self.folder.wait_for_trace()
        os.chmod(closed, 0o700)
        self.folder.wait_for_trace(2)
        until(lambda: self.folder_state()[0] == "ok", "it is ok again")
        self.stop(daemon)

    def test_where_the_source_is_kept_the_path_tells_which_it_is(self):
        self.site.configure(recursive=True, after="keep")
        source = self.artifacts.apk()
        self.place(source, "a", "app.apk")
        self.place(source, "b", "app.apk")
        # The same bytes under the same path are the same artifact.
        for _ in range(2):
            done = self.site.run("run", "--once")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assert_counts(builds_queued=2)
        self.assertEqual(sha256_of(os.path.join(self.folder.path, "a", "app.apk")), sha256_of(source))

    def test_where_the_source_is_kept_a_retry_finds_it_in_its_folder(self):
        self.site.configure(recursive=True, after="keep")
        self.portal.fault("upload_request", {"stall": True}, times=2)
        self.place(self.artifacts.apk(), "app.apk")
        self.place(self.artifacts.apk(marker="inside"), "team", "app.apk")
        daemon = self.site.start_and_watch()
        until(lambda: os.path.exists(os.path.join(self.site.state_dir, "control.sock")), "the daemon takes commands")
        jobs = [one["id"] for one in until(lambda: len(self.site.jobs()) == 2 and self.site.jobs(), "both are taken")]
        self.assertEqual(self.site.run("cancel", *jobs).returncode, 0)
        until(lambda: len(self.folder.failures()) == 2, "both are put away")
        self.portal.clear_faults()
        until(lambda: self.site.run("retry", *jobs).returncode == 0, "both come back", every=0.2)
        self.folder.wait_for_trace(2)
        self.stop(daemon)
        self.assertEqual(self.sources(), sorted(("app.apk", sha256_of(one)) for one in (
            self.artifacts.apk(), self.artifacts.apk(marker="inside"))))


if __name__ == "__main__":
    runner.main()
