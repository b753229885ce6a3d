"""What the portal's page leaves open, each way of it: the main job ends right, or says why it does not.

A row for each value of each switch of the simulator; a switch without a row fails the file. Every row drops two
artifacts, one that goes up in one piece and one that goes up in parts.
"""

import itertools
import re

from tests import runner
from tests.scenario.harness.two_artifacts import TwoArtifactsCase


class Delivered:
    """Both are delivered, one object and one build each; `faults`: (where, action) to order before."""

    def __init__(self, *faults, folder=None, signed=False):
        self.faults = faults
        self.folder = folder or {}
        self.signed = signed

    def check(self, case):
        case.expect_both_delivered(self.signed)


class Failed:
    """Both fail with this kind and these words, and nothing is delivered."""

    def __init__(self, kind, words, *faults, folder=None):
        self.kind = kind
        self.words = words
        self.faults = faults
        self.folder = folder or {}

    def check(self, case):
        case.expect_both_failed(self.kind, self.words)


class Waits:
    """Something waits and says so in these words; once `after` is set, both are delivered. None: it waits for a person."""

    def __init__(self, words, after, restart=False):
        self.words = words
        self.after = after
        self.restart = restart
        self.faults = ()
        self.folder = {}

    def check(self, case):
        case.site.wait_until_it_waits_for(self.words)
        if self.after is None:
            return
        case.portal.set(**self.after)
        if self.restart:
            case.stop(case.daemon)
            case.site.start()
        case.expect_both_delivered()


LOST_COMPLETE = ("complete", {"lost_answer": True})
SIGNED = {"signing_key": "key-uuid-1234"}
QUICK_RETRY = {"retry_after": "seconds", "retry_after_seconds": 1}

# (switch, value, other switches, what happens)
ROWS = [
    ("build_seconds", 0, {}, Delivered()),
    ("build_seconds", 1, {}, Delivered()),
    ("hold_builds", True, {}, Waits("the build", {"hold_builds": False})),
    ("fail_build", "the packer gave up", {}, Failed("build_failed", "the packer gave up")),
    ("build_result", "success_but_signing_error", {}, Failed("not_signed", "sign", folder=SIGNED)),
    ("build_result", "signing_failed", {}, Failed("build_failed", "sign", folder=SIGNED)),
    ("build_result", "reset_for_signing", {}, Delivered(folder=SIGNED, signed=True)),
    ("build_result", "signed_without_signature", {}, Failed("validation_failed", "sign", folder=SIGNED)),
    ("build_result", "unchanged", {}, Failed("validation_failed", "source")),
    ("build_result", "damaged", {}, Failed("validation_failed", "")),
    ("concurrent_builds", 1, QUICK_RETRY, Delivered()),
    ("build_quota", 1, QUICK_RETRY, Waits("quota", {"build_quota": 0})),
    ("custom_limits", "none", {}, Delivered()),
    ("custom_limits", "null", {}, Delivered()),
    ("delete_keeps_row", True, {}, Delivered()),
    ("signing_keys", "", {}, Delivered()),
    ("signing_keys", "other:android:Another key", {}, Failed("portal_refused", "key", folder=SIGNED)),
    ("default_signing_key", "key-uuid-1234", {}, Delivered(signed=True)),
    ("plan", "FREE", {}, Delivered()),
    ("plan", "ENTERPRISE", {}, Delivered()),
    ("builds_permission", False, {}, Waits("credentials.*permission", {"builds_permission": True}, restart=True)),
    ("controls_enabled", False, {}, Failed("portal_refused", "control")),
    ("worker_timeout", 0.2, {"hold_builds": True}, Failed("build_failed", "")),
    ("history_lag", 1, {}, Delivered()),
    ("listing_order", "oldest", {}, Delivered()),
    ("listing_order", "shuffled", {}, Delivered()),
    ("expires_in", 60, {}, Delivered()),
    ("max_file_size", 1000, {}, Failed("portal_refused", "")),
    ("multipart_threshold", 1, {}, Delivered()),
    ("multipart_threshold", 1 << 40, {}, Delivered()),
    ("chunk_size", 64 << 10, {}, Delivered()),
    ("chunk_size", 1 << 30, {}, Delivered()),
    ("unique_start_time", True, {}, Delivered()),
    ("fixed_start_time", 1_700_000_000, {"fixed_start_time_answers": 3}, Delivered()),
    ("fixed_start_time_answers", 2, {"fixed_start_time": 1_700_000_000}, Delivered()),
    ("second_put_queues", False, {}, Delivered(("put", {"lost_answer": True}))),
    ("second_put_queues", True, {}, Delivered(("put", {"lost_answer": True}))),
    *(("refusal_status", value, {"controls_enabled": False}, Failed("portal_refused", "control"))
      for value in ("400", "409", "422")),
    # A 403 is a credential's trouble wherever it comes from; the portal's own words say what it is about.
    ("refusal_status", "403", {"controls_enabled": False}, Waits("control", {"controls_enabled": True}, restart=True)),
    ("retry_after", "none", {}, Delivered(("list", {"status": 503}))),
    ("retry_after", "seconds", {"retry_after_seconds": 1, "concurrent_builds": 1}, Delivered()),
    ("retry_after", "date", {"retry_after_seconds": 1, "concurrent_builds": 1}, Delivered()),
    ("retry_after_seconds", 2, {"retry_after": "seconds", "concurrent_builds": 1}, Delivered()),
    *(("complete_twice", value, {}, Delivered(LOST_COMPLETE)) for value in ("not_found", "success", "bad_request")),
    *(("complete_error_in_200", value, {}, Waits("person.*history shows none", None)) for value in ("xml", "json")),
    ("late_parts", "accepted", {}, Delivered(("part", {"status": 403}))),
    ("late_parts", "refused", {}, Delivered(("part", {"status": 403}))),
    *(("part_etag", value, {}, Delivered()) for value in ("opaque", "md5", "odd", "unquoted", "weak")),
    *(("download_etag", value, {}, Delivered(("get", {"close_after_bytes": 1000})))
      for value in ("strong", "weak", "none", "changes")),
    *(("status_words", value, {}, Delivered()) for value in ("known", "unknown", "misleading", "null")),
    ("multipart_false", True, {}, Delivered()),
    ("extra_fields", True, {}, Delivered()),
    ("null_fields", True, {}, Delivered()),
    ("page_limit", 1, {}, Delivered()),
    ("repeated_rows", 1, {"page_limit": 2}, Delivered()),
    ("tenants_body", "array", {}, Delivered()),
    *(("error_body", value, {"controls_enabled": False}, Failed("portal_refused", "control"))
      for value in ("message", "error", "detail", "text", "html")),
    ("error_body", "empty", {"controls_enabled": False}, Failed("portal_refused", "HTTP 400")),
    ("upload_bytes_per_second", 1 << 20, {}, Delivered()),
    ("download_bytes_per_second", 1 << 20, {}, Delivered()),
    ("honour_range", False, {}, Delivered(("get", {"close_after_bytes": 1000}))),
    ("portal_down", True, {}, Waits("the portal", {"portal_down": False})),
]


class SwitchesTest(TwoArtifactsCase):
    def test_every_switch_has_its_rows(self):
        there = set(self.portal.state()["settings"])
        self.assertEqual(there - {row[0] for row in ROWS}, set())

    def play(self, switch, value, others, expected):
        self.portal.set(**{switch: value}, **others)
        for where, action in expected.faults:
            self.portal.fault(where, action)
        self.start_with_both(**expected.folder)
        expected.check(self)
        self.say(f"{switch}={value}", type(expected).__name__.lower())


def _add_rows():
    for number, row in zip(itertools.count(), ROWS):
        words = re.sub(r"\W+", "_", f"{row[0]}_{row[1]}").lower()

        def test(self, row=row):
            self.play(*row)

        setattr(SwitchesTest, f"test_{number:02}_{words}", test)


_add_rows()

if __name__ == "__main__":
    runner.main()
