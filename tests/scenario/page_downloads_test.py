"""builds download and builds prune: as whole as a delivery, and nothing deleted that does not stand whole."""

import json
import os
import signal

from tests import runner
from tests.scenario.harness.page_case import PageCase
from tests.scenario.harness.site import sha256_of
from tests.scenario.harness.trace_schema import faults_of
from tests.scenario.harness.wait import until


class DownloadTest(PageCase):
    def output_of(self, name):
        return next(one for one in self.portal.state()["builds"] if one["name"] == name)["output_sha256"]

    def download(self, row, output, *more, code=0):
        return self.say("builds", "download", *self.build_arguments(row), "--output", output, *more, code=code)

    def names(self):
        return sorted(os.listdir(self.place))

    def test_a_file_with_its_records_for_a_build_of_ours(self):
        self.folder.drop(self.artifacts.apk(), "app.apk", commit="a" * 40)
        self.assertEqual(self.site.run("run", "--once").returncode, 0)
        [row] = self.portal.history()
        output = os.path.join(self.place, "mine.apk")
        document = json.loads(self.download(row, output, "--trace", "--json"))
        self.assertEqual(self.names(), ["mine.apk", "mine.apk.sha256", "mine.apk.trace.json"])
        self.assertEqual((document["path"], document["sha256"], document["trace"]),
                         (output, sha256_of(output), output + ".trace.json"))
        self.assertEqual(sha256_of(output), self.output_of("app.apk"))
        with open(output + ".trace.json", encoding="utf-8") as file:
            trace = json.load(file)
        self.assertEqual(faults_of(trace), [])
        [ours] = self.folder.traces().values()
        # Of the same build: what the delivery's record says, under the new name.
        for key in set(ours) - {"protected_output", "times", "host"}:
            self.assertEqual(trace[key], ours[key], key)
        self.assertEqual((trace["protected_output"], trace["commit_sha"]), ("mine.apk", "a" * 40))
        self.assertTrue(trace["times"]["delivered"])
        with open(output + ".sha256", encoding="utf-8") as file:
            self.assertEqual(file.read(), f"{sha256_of(output)}  mine.apk\n")

    def test_a_folder_and_a_build_that_no_ledger_knows(self):
        [row] = self.deliver("app.ipa")
        self.site.settings["state_dir"] = os.path.join(self.site.root, "other-state")
        self.site.write_config()
        self.download(row, self.place, "--trace")
        name = f"app-protected-{row['start_time']}.ipa"
        self.assertEqual(self.names(), [name, name + ".sha256", name + ".trace.json"])
        with open(os.path.join(self.place, name + ".trace.json"), encoding="utf-8") as file:
            trace = json.load(file)
        self.assertEqual(faults_of(trace), [])
        self.assertEqual((trace["source"]["sha256"], trace["folder"], trace["commit_sha"]), (None, None, None))
        self.assertEqual((trace["file_name"], trace["start_time"], trace["output"]["sha256"]),
                         ("app.ipa", row["start_time"], self.output_of("app.ipa")))
        self.assertIn({"id": "differs", "result": "skipped", "detail": "the source artifact is not known here"},
                      trace["validation"]["checks"])

    def test_nothing_is_overwritten_and_nobody_asked(self):
        [row] = self.deliver("app.apk")
        asked = len(self.portal.requests())
        output = self.write("there.apk", "somebody's")
        self.assertIn("nothing is overwritten", self.download(row, output, code=73))
        self.write("new.apk.trace.json", "{}")
        self.assertIn("new.apk.trace.json is there already", self.download(row, os.path.join(self.place, "new.apk"), "--trace", code=73))
        self.assertIn("cannot open", self.download(row, os.path.join(self.place, "none", "a.apk"), code=73))
        self.assertEqual([one["endpoint"] for one in self.portal.requests()[asked:]], ["list"])
        self.assertEqual(self.names(), ["new.apk.trace.json", "there.apk"])

    def test_the_release_gates(self):
        self.portal.set(hold_builds=True)
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.assertEqual(self.site.run("run", "--once", "--timeout", "2s").returncode, 75)
        [row] = self.portal.history()
        self.assertIn("still running", self.download(row, self.place, code=1))
        self.portal.set(hold_builds=False, fail_build="no luck")
        until(lambda: self.portal.history()[0]["success"] is False, "it failed")
        self.assertIn("the build failed (no luck)", self.download(row, self.place, code=1))
        self.portal.set(fail_build="", build_result="success_but_signing_error", signing_keys="key-1:android:Mine",
                        default_signing_key="key-1")
        self.folder.drop(self.artifacts.apk(), "unsigned.apk")
        self.site.run("run", "--once")
        row = next(one for one in self.portal.history() if one["name"] == "unsigned.apk")
        self.assertIn("--allow-unsigned", self.download(row, self.place, code=1))
        self.assertEqual(self.names(), [])
        self.download(row, self.place, "--allow-unsigned")
        self.assertEqual(len(self.names()), 1)

    def test_an_output_that_fails_its_checks_is_no_file(self):
        self.portal.set(build_result="damaged")
        self.folder.drop(self.artifacts.apk(), "app.apk")
        self.site.run("run", "--once")
        [row] = self.portal.history()
        self.assertIn("failed the check", self.download(row, self.place, code=1))
        self.assertEqual(self.names(), [])

    def test_a_line_that_breaks_costs_only_the_rest(self):
        [row] = self.deliver_large()
        before = len(self.portal.requests())
        self.portal.fault("get", {"close_after_bytes": 20 << 20})
        output = os.path.join(self.place, "large.apk")
        self.download(row, output)
        gets = [one for one in self.portal.requests()[before:] if one["endpoint"] == "get"]
        self.assertEqual(gets[0]["range"], None)
        self.assertRegex(gets[1]["range"], r"^bytes=[0-9]{8}-$")
        self.assertEqual(sha256_of(output), self.output_of("large.apk"))
        self.assertEqual(self.names(), ["large.apk"])

    def test_one_that_was_stopped_goes_on_where_it_was(self):
        [row] = self.deliver_large()
        # Less than what is recorded on the way: the stop itself keeps it.
        self.portal.set(download_bytes_per_second=300 << 10)
        output = os.path.join(self.place, "large.apk")
        stopped = self.terminal("builds", "download", *self.build_arguments(row), "--output", output, columns=100)
        stopped.read_until("KiB/s")
        stopped.signal(signal.SIGINT)
        self.assertEqual(stopped.end(), 75, stopped.shown)
        self.assertIn("the same command goes on behind them", stopped.shown)
        self.assertFalse(os.path.exists(output))
        kept = self.synced()
        self.assertGreater(kept, 100 << 10)
        self.assertLess(kept, 1 << 20)
        self.portal.set(download_bytes_per_second=0)
        before = len(self.portal.requests())
        self.download(row, output)
        [get] = [one for one in self.portal.requests()[before:] if one["endpoint"] == "get"]
        self.assertEqual(get["range"], f"bytes={kept}-", "all that had come was kept")
        self.assertEqual(sha256_of(output), self.output_of("large.apk"))
        self.assertEqual(self.names(), ["large.apk"])

    def deliver_large(self):
        self.folder.drop(self.artifacts.apk(size=100 << 20), "large.apk")
        done = self.site.run("run", "--once", seconds=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.portal.history()

    def synced(self):
        [room] = [name for name in self.names() if name.startswith(".tegodrop-")] or [None]
        try:
            with open(os.path.join(self.place, room or "", "download.json"), encoding="utf-8") as file:
                return json.load(file)["synced"] or 0
        except FileNotFoundError:
            return 0


class PruneTest(PageCase):
    def prune(self, *more, code=0):
        done = self.site.run("builds", "prune", "--version", "production", "--older-than", "1ms", "--json", *more)
        self.assertEqual(done.returncode, code, done.stderr)
        return {one["file_name"]: (one["fate"], one["reason"]) for one in json.loads(done.stdout)["builds"]}

    def at_the_portal(self):
        return sorted(row["name"] for row in self.portal.history())

    def output(self, name):
        [trace] = [one for one in self.folder.traces().values() if one["file_name"] == name]
        return os.path.join(self.folder.output, trace["protected_output"])

    def test_what_stands_whole_goes_and_what_does_not_is_kept_with_the_reason(self):
        self.deliver("whole.apk", "changed.apk", "gone.apk", "untraced.apk", "remade.apk")
        # Somebody else's, and one that failed.
        self.portal.set(fail_build="no luck")
        self.folder.drop(self.artifacts.apk(), "failed.apk")
        self.site.run("run", "--once")
        self.portal.set(fail_build="")
        with open(self.output("changed.apk"), "r+b") as file:
            file.seek(1000)
            byte = file.read(1)
            file.seek(1000)
            file.write(bytes([byte[0] ^ 1]))
        os.remove(self.output("gone.apk"))
        os.remove(self.output("untraced.apk") + ".trace.json")
        before = self.at_the_portal()
        expected = {"whole.apk": ("would_delete", None),
                    "remade.apk": ("would_delete", None),
                    "changed.apk": ("kept", "its output was changed"), "gone.apk": ("kept", "its output is not there"),
                    "untraced.apk": ("kept", "its trace is not there")}
        self.compare(self.prune(code=1), expected)
        self.assertEqual(self.at_the_portal(), before, "without --yes nothing is deleted")
        self.compare(self.prune("--yes", code=1), {**expected, "whole.apk": ("deleted", None), "remade.apk": ("deleted", None)})
        self.assertEqual(self.at_the_portal(), ["changed.apk", "failed.apk", "gone.apk", "untraced.apk"])
        self.assert_counts(builds_deleted=2)
        again = self.prune("--yes", code=1)
        self.assertEqual((again["whole.apk"], again["remade.apk"]), (("gone", None), ("gone", None)))
        self.assert_counts(builds_deleted=2)
        # What is kept for a reason is mended by what the reason says.
        [job] = [one["id"] for one in self.site.jobs() if one["file_name"] == "gone.apk"]
        self.assertIn(f"'tegodrop redeliver {job}'", again["gone.apk"][1])
        self.say("redeliver", job)
        self.assertEqual(self.site.run("run", "--once").returncode, 0)
        self.assertEqual(self.prune("--yes", code=1)["gone.apk"], ("deleted", None))

    def compare(self, found, expected):
        self.assertEqual({name: fate for name, (fate, _) in found.items()}, {name: fate for name, (fate, _) in expected.items()})
        for name, (_, reason) in expected.items():
            self.assertTrue((found[name][1] or "").startswith(reason or ""), found[name])
            self.assertEqual(found[name][1] is None, reason is None, found[name])

    def test_what_is_young_of_another_version_or_another_tenant_is_not_looked_at(self):
        self.deliver("app.apk")
        done = self.site.run("builds", "prune", "--version", "production", "--older-than", "1d", "--yes")
        self.assertEqual((done.returncode, done.stdout), (0, "nothing that was delivered so long ago\n"), done.stderr)
        done = self.site.run("builds", "prune", "--version", "staging", "--older-than", "1ms", "--yes")
        self.assertIn("nothing", done.stdout)
        self.assert_counts(builds_deleted=0)

    def test_a_refusal_ends_it_and_is_told(self):
        self.deliver("one.apk", "two.apk")
        self.portal.set(builds_permission=False)
        done = self.site.run("builds", "prune", "--version", "production", "--older-than", "1ms", "--yes")
        self.assertEqual(done.returncode, 77, done.stdout)
        self.assertIn("refused", done.stdout)
        self.assertIn("not tried", done.stdout)
        self.assert_counts(builds_deleted=0, delete_build_requests=1)

    def test_a_trace_that_was_changed_anywhere_keeps_the_build(self):
        self.deliver("app.apk")
        path = self.output("app.apk") + ".trace.json"
        with open(path, encoding="utf-8") as file:
            whole = file.read()
        for there, other in (('"sidecar": null', '"sidecar": {}'), ('"pass"', '"fail"'), ('"folder": "first"', '"folder": "evil"')):
            self.assertIn(there, whole)
            with open(path, "w", encoding="utf-8") as file:
                file.write(whole.replace(there, other))
            self.compare(self.prune("--yes", code=1), {"app.apk": ("kept", "its trace is not what was written")})
        with open(path, "w", encoding="utf-8") as file:
            file.write(whole)
        self.compare(self.prune("--yes"), {"app.apk": ("deleted", None)})

    def test_an_answer_that_is_lost_is_told_as_such_and_ends_it(self):
        self.deliver("one.apk", "two.apk", "three.apk")
        os.remove(self.output("three.apk"))
        self.portal.fault("delete_build", {"lost_answer": True})
        found = self.prune("--yes", code=69)
        self.assertEqual(sorted(fate for fate, _ in found.values()), ["kept", "kept", "unknown"])
        self.assertIn("is not there any more", found["three.apk"][1])
        self.assert_counts(delete_build_requests=1, builds_deleted=1)

    def test_what_was_delivered_under_another_url_is_said(self):
        self.deliver("app.apk")
        self.site.settings["portal"]["url"] = self.portal.url.replace("127.0.0.1", "localhost")
        self.site.write_config()
        done = self.site.run("builds", "prune", "--version", "production", "--older-than", "1ms", "--yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("left alone: 1 as old, delivered at another portal.url", done.stderr)
        self.assert_counts(builds_deleted=0)

    def test_without_a_ledger_it_is_refused(self):
        self.assertIn("prune needs the ledger", self.say("builds", "prune", "--version", "production", "--older-than", "1d", code=78))


if __name__ == "__main__":
    runner.main()
