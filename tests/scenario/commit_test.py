"""Which commit an artifact was built from: what names it, what counts first, and what is refused without one."""

import json

from tests import runner
from tests.artifacts.make_artifacts import VERSION_CONTROL_NAME
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.site import sha256_of
from tests.scenario.harness.trace_schema import faults_of

IN_SIDECAR = "1" * 39 + "a"
IN_ARTIFACT = "2" * 39 + "b"
IN_NAME = "3" * 39 + "c"
LONG = "4" * 63 + "d"
PATTERN = "-([0-9a-fA-F]+)[.]"
NOTHING = {"origin": None, "conflict": False, "candidates": []}


def named(*candidates, conflict=False):
    """The trace's `commit` for (origin, sha) in their order."""
    return {"origin": candidates[0][0], "conflict": conflict,
            "candidates": [{"origin": origin, "sha": sha} for origin, sha in candidates]}


class CommitCase(ScenarioCase):
    def drop_and_end(self, source, name, **sidecars):
        """One artifact's whole life; its log lines of the kind that says that commits disagree."""
        daemon = self.site.start_and_watch()
        self.folder.drop(source, name, **sidecars)
        self.folder.wait_for_receipt()
        self.stop(daemon)
        self.log = self.site.log_events(daemon)
        return [one for one in self.log if one["event"] == "artifact.commit_conflict"]

    def deliver(self, source, name="app.apk", **sidecars):
        """The trace of its delivery, in which nothing disagrees."""
        self.assertEqual(self.drop_and_end(source, name, **sidecars), [])
        trace = self.assert_one_delivery(source=sha256_of(source))
        self.assertFalse(trace["commit"]["conflict"])
        return trace

    def assert_names(self, trace, *candidates):
        self.assertEqual(trace["commit"], named(*candidates))
        self.assertEqual(trace["commit_sha"], candidates[0][1])

    def refuse(self, kind, source, name="app.apk", **sidecars):
        """The record of its refusal, before anything of it is at the portal."""
        self.assertEqual(self.drop_and_end(source, name, **sidecars), [])
        [record] = self.folder.failures().values()
        self.assertEqual(record["failure"]["kind"], kind, record["failure"])
        self.assertEqual(faults_of(record), [])
        # Beyond what it asks at its start and the polling.
        self.assertLessEqual({one["endpoint"] for one in self.portal.requests()}, {"list", "tenants"})
        self.assert_counts(upload_requests=0, uploads_granted=0, puts_started=0, objects_received=0, builds_queued=0)
        self.assertEqual(self.folder.traces(), {})
        self.assertEqual(self.folder.room_names("failed"),
                         sorted([name, f"{name}.reason.json", *(f"{name}.{kind}" for kind in sidecars)]))
        with open(self.folder.room("failed", f"{name}.reason.json"), encoding="utf-8") as file:
            reason = json.load(file)
        self.assertEqual((reason["failure"]["kind"], reason["job"]), (kind, record["job"]))
        self.assertEqual(sha256_of(self.folder.room("failed", name)), sha256_of(source))
        [receipt] = self.folder.receipts().values()
        self.assertEqual((receipt["state"], receipt["failure"]["kind"]), ("failed", kind))
        return record


class SidecarTest(CommitCase):
    def test_in_a_commit_file(self):
        self.assert_names(self.deliver(self.artifacts.apk(), commit=IN_SIDECAR.upper() + "\n"), ("sidecar", IN_SIDECAR))

    def test_in_json_with_64_digits(self):
        trace = self.deliver(self.artifacts.ipa(), "app.ipa", json={"commit_sha": LONG, "sha256": sha256_of(self.artifacts.ipa())})
        self.assert_names(trace, ("sidecar", LONG))

    def test_git_describe_output_is_a_ref(self):
        trace = self.deliver(self.artifacts.apk(), commit="v2.4.0-17-g1111111\n")
        self.assertEqual((trace["commit_sha"], trace["commit"]), (None, NOTHING))
        self.assertEqual(trace["sidecar"], {"repository": None, "ref": "v2.4.0-17-g1111111", "build_url": None, "labels": {}})

    def test_git_describe_output_leaves_the_ref_of_the_json_sidecar_and_the_commit_to_others(self):
        trace = self.deliver(self.artifacts.apk(commit=IN_ARTIFACT), commit="v2.4.0-17-g1111111", json={"ref": "refs/heads/main"})
        self.assert_names(trace, ("embedded", IN_ARTIFACT))
        self.assertEqual(trace["sidecar"]["ref"], "refs/heads/main")


class EmbeddedTest(CommitCase):
    def test_in_an_apk(self):
        self.assert_names(self.deliver(self.artifacts.apk(commit=IN_ARTIFACT)), ("embedded", IN_ARTIFACT))

    def test_in_an_apk_in_upper_case_with_64_digits(self):
        self.assert_names(self.deliver(self.artifacts.apk(commit=LONG.upper())), ("embedded", LONG))

    def test_in_an_app_bundle(self):
        self.assert_names(self.deliver(self.artifacts.aab(commit=IN_ARTIFACT), "app.aab"), ("embedded", IN_ARTIFACT))

    def test_in_an_app_bundle_where_an_apk_has_it(self):
        # Not a bundle's place.
        trace = self.deliver(self.artifacts.aab(extra={VERSION_CONTROL_NAME: self.text(IN_ARTIFACT)}), "app.aab")
        self.assertEqual((trace["commit_sha"], trace["commit"]), (None, NOTHING))

    def text(self, commit):
        return f'repositories {{\n  system: GIT\n  revision: "{commit}"\n}}\n'

    def test_what_the_gradle_plugin_writes_where_it_finds_no_commit(self):
        text = "generate_error_reason: NO_SUPPORTED_VCS_FOUND\n"
        trace = self.deliver(self.artifacts.apk(extra={VERSION_CONTROL_NAME: text}))
        self.assertEqual((trace["commit_sha"], trace["commit"]), (None, NOTHING))

    def test_an_abbreviated_one_names_none(self):
        trace = self.deliver(self.artifacts.apk(commit="2222222"))
        self.assertEqual((trace["commit_sha"], trace["commit"]), (None, NOTHING))

    def test_in_an_ipa(self):
        self.assert_names(self.deliver(self.artifacts.ipa(keys={"GitCommit": IN_ARTIFACT}), "app.ipa"), ("embedded", IN_ARTIFACT))

    def test_in_an_ipa_as_git_commit_hash(self):
        self.assert_names(self.deliver(self.artifacts.ipa(keys={"GitCommitHash": IN_ARTIFACT}), "app.ipa"), ("embedded", IN_ARTIFACT))

    def test_in_an_ipa_as_an_environment_variable(self):
        self.assert_names(self.deliver(self.artifacts.ipa(keys={"GIT_COMMIT": IN_ARTIFACT}), "app.ipa"), ("embedded", IN_ARTIFACT))

    def test_in_an_ipa_under_a_key_of_the_config(self):
        self.site.configure(commit_keys=["BuildRevision"])
        trace = self.deliver(self.artifacts.ipa(keys={"GitCommit": IN_NAME, "BuildRevision": IN_ARTIFACT}), "app.ipa")
        self.assert_names(trace, ("embedded", IN_ARTIFACT))

    def test_in_an_ipa_under_a_key_that_the_config_does_not_name(self):
        trace = self.deliver(self.artifacts.ipa(keys={"BuildRevision": IN_ARTIFACT}), "app.ipa")
        self.assertEqual((trace["commit_sha"], trace["commit"]), (None, NOTHING))

    def test_keys_of_an_ipa_count_in_the_order_of_the_config(self):
        self.site.configure(commit_keys=["Second", "First"])
        source = self.artifacts.ipa(keys={"First": IN_ARTIFACT, "Second": LONG})
        self.assertEqual(len(self.drop_and_end(source, "app.ipa")), 1)
        trace = self.assert_one_delivery()
        self.assertEqual(trace["commit"], named(("embedded", LONG), ("embedded", IN_ARTIFACT), conflict=True))


class FileNameTest(CommitCase):
    def test_by_the_pattern(self):
        self.site.configure(commit_pattern="^app-([0-9a-f]{40})[.]apk$")
        self.assert_names(self.deliver(self.artifacts.apk(), f"app-{IN_NAME}.apk"), ("file_name", IN_NAME))

    def test_in_upper_case(self):
        self.site.configure(commit_pattern=PATTERN)
        self.assert_names(self.deliver(self.artifacts.apk(), f"app-{IN_NAME.upper()}.apk"), ("file_name", IN_NAME))

    def test_without_a_pattern_the_name_names_none(self):
        trace = self.deliver(self.artifacts.apk(), f"app-{IN_NAME}.apk")
        self.assertEqual((trace["commit_sha"], trace["commit"]), (None, NOTHING))

    def test_what_the_pattern_finds_is_no_sha(self):
        self.site.configure(commit_pattern=PATTERN)
        trace = self.deliver(self.artifacts.apk(), "app-abc1234.apk")
        self.assertEqual((trace["commit_sha"], trace["commit"]), (None, NOTHING))

    def test_a_pattern_without_a_group_is_no_config(self):
        self.site.configure(commit_pattern="[0-9a-f]{40}")
        done = self.site.run("check")
        self.assertEqual(done.returncode, 78)
        self.assertIn("commit_pattern", done.stdout + done.stderr)


class SeveralTest(CommitCase):
    def test_all_three_agree(self):
        self.site.configure(commit_pattern=PATTERN)
        trace = self.deliver(self.artifacts.apk(commit=LONG), f"app-{LONG}.apk", commit=LONG)
        self.assert_names(trace, ("sidecar", LONG), ("embedded", LONG), ("file_name", LONG))

    def conflict(self, source, name, candidates, **sidecars):
        self.site.configure(commit_pattern=PATTERN)
        told = self.drop_and_end(source, name, **sidecars)
        trace = self.assert_one_delivery(source=sha256_of(source))
        self.assertEqual(trace["commit"], named(*candidates, conflict=True))
        shown = self.site.run("show", trace["job"]).stdout
        self.assertRegex(shown, rf"(?m)^  commit +{candidates[0][1]}, {candidates[0][0]}$")
        for origin, sha in candidates[1:]:
            self.assertRegex(shown, rf"(?m)^  but +{sha}, {origin}$")
        self.assertEqual(trace["commit_sha"], candidates[0][1])
        [line] = told
        self.assertEqual((line["level"], line["job"]), ("warning", trace["job"]))
        for _, sha in candidates:
            self.assertIn(sha, line["message"])

    def test_all_three_disagree(self):
        self.conflict(self.artifacts.apk(commit=IN_ARTIFACT), f"app-{IN_NAME}.apk",
                      [("sidecar", IN_SIDECAR), ("embedded", IN_ARTIFACT), ("file_name", IN_NAME)], commit=IN_SIDECAR)

    def test_all_three_of_an_ipa_disagree(self):
        self.conflict(self.artifacts.ipa(keys={"GIT_COMMIT": IN_ARTIFACT}), f"App-{IN_NAME}.ipa",
                      [("sidecar", IN_SIDECAR), ("embedded", IN_ARTIFACT), ("file_name", IN_NAME)], json={"commit_sha": IN_SIDECAR})

    def test_without_a_sidecar_the_artifact_counts_before_its_name(self):
        self.conflict(self.artifacts.aab(commit=IN_ARTIFACT), f"app-{IN_NAME}.aab", [("embedded", IN_ARTIFACT), ("file_name", IN_NAME)])

    def test_one_of_three_disagrees(self):
        self.conflict(self.artifacts.apk(commit=IN_ARTIFACT), f"app-{IN_ARTIFACT}.apk",
                      [("sidecar", IN_SIDECAR), ("embedded", IN_ARTIFACT), ("file_name", IN_ARTIFACT)], commit=IN_SIDECAR)

    def test_the_sidecar_of_other_bytes_names_none(self):
        record = self.refuse("checksum", self.artifacts.apk(commit=IN_ARTIFACT), commit=IN_SIDECAR, sha256="0" * 64 + "  app.apk\n")
        self.assertEqual(record["commit"], named(("embedded", IN_ARTIFACT)))
        self.assertEqual(record["commit_sha"], IN_ARTIFACT)

    def test_the_json_sidecar_of_other_bytes_names_none(self):
        record = self.refuse("checksum", self.artifacts.apk(), json={"commit_sha": IN_SIDECAR, "sha256": "0" * 64})
        self.assertEqual((record["commit_sha"], record["commit"]), (None, NOTHING))

    def test_none(self):
        trace = self.deliver(self.artifacts.apk())
        self.assertEqual((trace["commit_sha"], trace["commit"]), (None, NOTHING))


class RequireTest(CommitCase):
    def setUp(self):
        super().setUp()
        self.site.configure(require_commit=True)

    def test_without_one_nothing_is_uploaded(self):
        record = self.refuse("commit_missing", self.artifacts.apk())
        self.assertEqual((record["commit_sha"], record["commit"]), (None, NOTHING))
        self.assertIn("require_commit", record["failure"]["message"])
        self.assertIn("app.apk.commit", record["failure"]["remedy"])
        self.assertEqual((record["start_time"], record["file_path"], record["build"]), (None, None, None))

    def test_an_abbreviated_one_in_the_name_is_shown(self):
        self.site.configure(commit_pattern=PATTERN)
        record = self.refuse("commit_missing", self.artifacts.aab(), "app-abc1234.aab")
        self.assertIn("abc1234", record["failure"]["message"])

    def test_git_describe_output_is_none(self):
        record = self.refuse("commit_missing", self.artifacts.ipa(), "app.ipa", commit="v2.4.0-17-g1111111")
        self.assertEqual(record["sidecar"]["ref"], "v2.4.0-17-g1111111")

    def test_any_of_the_three_will_do(self):
        self.site.configure(commit_pattern=PATTERN)
        daemon = self.site.start_and_watch()
        self.folder.drop(self.artifacts.apk(), "app.apk", commit=IN_SIDECAR)
        self.folder.drop(self.artifacts.apk(commit=IN_ARTIFACT), "other.apk")
        self.folder.drop(self.artifacts.apk(), f"third-{IN_NAME}.apk")
        self.folder.wait_for_receipt(3)
        traces = self.folder.wait_for_trace(3)
        self.assertEqual({trace["file_name"]: trace["commit_sha"] for trace in traces},
                         {"app.apk": IN_SIDECAR, "other.apk": IN_ARTIFACT, f"third-{IN_NAME}.apk": IN_NAME})
        self.stop(daemon)


if __name__ == "__main__":
    runner.main()
