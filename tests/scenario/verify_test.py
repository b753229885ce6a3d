"""Deliveries proved from the output folder alone: verify, trace find, and the provenance as public tools read it."""

import base64
import hashlib
import json
import os
import shutil
import stat
import subprocess

from tests import runner
from tests.scenario.harness.case import ScenarioCase
from tests.scenario.harness.programs import path_of
from tests.scenario.harness.site import sha256_of

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER_COMMIT = "f" * 40


class VerifyCase(ScenarioCase):
    def deliver(self, name="app.apk", source=None, **sidecars):
        """One more delivery into the first folder; its trace."""
        before = set(self.folder.traces())
        self.folder.drop(source or self.artifacts.apk(), name, **sidecars)
        done = self.site.run("run", "--once")
        self.assertEqual(done.returncode, 0, done.stderr)
        new = set(self.folder.traces()) - before
        self.assertEqual(len(new), 1)
        return self.folder.read_output(new.pop())

    def here(self, trace, ending=""):
        return os.path.join(self.folder.output, trace["protected_output"] + ending)

    def verify(self, *arguments, code=0, **environment):
        done = self.site.run("verify", *arguments, config=False, **environment)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def differences(self, *paths, arguments=()):
        """{name: the id of its first difference}, by --json."""
        document = json.loads(self.verify("--json", *arguments, *(paths or (self.folder.output,)), code=1).stdout)
        self.assertEqual((document["schema"], document["ok"]), ("tegodrop-verify/1", False))
        return {os.path.basename(one["path"]): one["difference"]["id"] for one in document["deliveries"] if not one["ok"]}


class VerifyTest(VerifyCase):
    def test_what_was_delivered_is_what_its_trace_says(self):
        apk = self.deliver(commit=COMMIT)
        self.deliver("app.aab", self.artifacts.aab())
        self.deliver("app.ipa", self.artifacts.ipa())
        before = self.site.snapshot()
        told = self.verify(self.folder.output).stdout
        self.assertIn("3 of 3 deliveries are what their records say", told)
        self.assertIn(f"commit {COMMIT}, build production android {apk['start_time']}", told)
        document = json.loads(self.verify("--json", self.here(apk, ".trace.json")).stdout)
        self.assertEqual((document["ok"], document["verified"], document["different"]), (True, 1, 0))
        checks = {one["id"]: one["result"] for one in document["deliveries"][0]["checks"]}
        for check in ("trace", "size", "sha256", "checksum_file", "zip_entries", "identity", "package", "version", "provenance"):
            self.assertEqual(checks[check], "pass", check)
        self.verify(self.here(apk))
        self.assertEqual(self.site.snapshot(), before, "verify has written something")

    def test_it_needs_no_right_to_write_and_nothing_but_the_folder(self):
        trace = self.deliver()
        shutil.rmtree(self.site.state_dir)
        os.remove(self.site.config_file)
        os.chmod(self.folder.output, 0o555)
        self.verify(self.here(trace, ".trace.json"))

    def test_each_touch_is_named_and_ends_with_1(self):
        def flip(path):
            with open(path, "r+b") as file:
                file.seek(os.path.getsize(path) // 2)
                byte = file.read(1)
                file.seek(-1, os.SEEK_CUR)
                file.write(bytes([byte[0] ^ 1]))

        def rewrite(path, change):
            with open(path, encoding="utf-8") as file:
                document = json.load(file)
            change(document)
            with open(path, "w", encoding="utf-8") as file:
                json.dump(document, file)

        def append(path):
            with open(path, "ab") as file:
                file.write(b"x")

        touches = {
            "flipped.apk": ("sha256", lambda trace: flip(self.here(trace))),
            "longer.apk": ("size", lambda trace: append(self.here(trace))),
            "gone.apk": ("file", lambda trace: os.remove(self.here(trace))),
            "untraced.apk": ("trace", lambda trace: os.remove(self.here(trace, ".trace.json"))),
            "summed.apk": ("checksum_file", lambda trace: append(self.here(trace, ".sha256"))),
            "committed.apk": ("trace", lambda trace: rewrite(self.here(trace, ".trace.json"), lambda one: one.update(commit_sha=OTHER_COMMIT))),
            "recommitted.apk": ("provenance", lambda trace: rewrite(self.here(trace, ".trace.json"), lambda one: one.update(
                commit_sha=OTHER_COMMIT, commit={"origin": "sidecar", "conflict": False, "candidates": [{"origin": "sidecar", "sha": OTHER_COMMIT}]}))),
            "renamed.apk": ("identity", lambda trace: rewrite(self.here(trace, ".trace.json"), lambda one: one["output"].update(package="com.example.other"))),
            "restated.apk": ("provenance", lambda trace: rewrite(self.here(trace, ".provenance.json"), lambda one: one["subject"][0].update(name="other.apk"))),
            "good.apk": None,
        }
        traces = {name: self.deliver(name, commit=COMMIT) for name in touches}
        for name, touch in touches.items():
            if touch:
                touch[1](traces[name])
        self.assertEqual(self.differences(), {traces[name]["protected_output"]: touch[0] for name, touch in touches.items() if touch})
        told = self.verify(self.folder.output, code=1).stdout
        self.assertIn("1 of 10 deliveries are what their records say", told)
        self.assertIn("DIFFERENT", told)

    def test_one_empty_folder_beside_good_ones_is_not_passed_over(self):
        self.deliver()
        empty = os.path.join(self.site.root, "empty")
        os.mkdir(empty)
        done = self.verify("--json", self.folder.output, empty, code=1)
        document = json.loads(done.stdout)
        self.assertEqual((document["verified"], document["different"], len(document["troubles"])), (1, 0, 1))
        self.assertIn(empty, done.stderr)

    def test_a_file_that_somebody_put_there_is_a_difference(self):
        self.deliver()
        shutil.copyfile(self.artifacts.apk(), os.path.join(self.folder.output, "tampered.apk"))
        self.assertEqual(self.differences(), {"tampered.apk": "trace"})

    def test_where_there_is_nothing_to_verify_nothing_is_verified(self):
        self.assertIn("there is no delivery in", self.verify(self.folder.output, code=1).stderr)
        self.assertIn("gone", self.verify(os.path.join(self.site.root, "gone"), code=1).stderr)
        self.verify(code=64)

    def test_apksigner_is_asked_where_it_is_installed(self):
        trace = self.deliver()
        # As the portal would return it: signed by apksigner itself, in the place of what this delivery brought.
        signed = self.artifacts.apk(signed=True)
        shutil.copyfile(signed, self.here(trace))
        self.corrected(trace, signed)
        self.assertEqual(self.checks_of(trace)["apksigner"], "pass")
        self.assertEqual(self.checks_of(trace, "--no-apksigner")["apksigner"], "skipped")
        nowhere = {"PATH": self.site.root}
        told = self.verify(self.here(trace, ".trace.json"), extra_environment=nowhere).stdout
        self.assertIn("not asked: apksigner", told)
        # A signature that is there and does not hold: in the signing block, which is no entry of the ZIP, the digest that v3 signs.
        with open(signed, "rb") as file:
            content = bytearray(file.read())
        content[content.index((0xF05368C0).to_bytes(4, "little")) + 50] ^= 1
        with open(self.here(trace), "wb") as file:
            file.write(content)
        self.corrected(trace, self.here(trace))
        self.assertEqual(list(self.differences(self.here(trace)).values()), ["apksigner"])
        # Whoever started us may have children ignored, and then none leaves its exit code.
        done = subprocess.run(["sh", "-c", "trap '' CHLD; exec \"$@\"", "sh", path_of("TEGODROP"), "verify", self.here(trace)],
                              env=self.site.environment, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("apksigner: apksigner does not verify", done.stdout)

    def corrected(self, trace, path):
        """Has the records say what stands there now."""
        with open(self.here(trace, ".trace.json"), encoding="utf-8") as file:
            document = json.load(file)
        document["output"].update(size=os.path.getsize(path), sha256=sha256_of(path), signature_schemes=None)
        with open(self.here(trace, ".trace.json"), "w", encoding="utf-8") as file:
            json.dump(document, file)
        with open(self.here(trace, ".sha256"), "w", encoding="utf-8") as file:
            file.write(f"{sha256_of(path)}  {trace['protected_output']}\n")
        if os.path.exists(self.here(trace, ".provenance.json")):
            os.remove(self.here(trace, ".provenance.json"))

    def checks_of(self, trace, *arguments):
        document = json.loads(self.verify("--json", *arguments, self.here(trace, ".trace.json")).stdout)
        return {one["id"]: one["result"] for one in document["deliveries"][0]["checks"]}


class FindTest(VerifyCase):
    folders = ("first", "second")

    def find(self, *arguments, code=0, config=True):
        done = self.site.run("trace", "find", "--json", *arguments, config=config)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        document = json.loads(done.stdout)
        self.assertEqual(document["schema"], "tegodrop-traces/1")
        return sorted(os.path.basename(one["path"]) for one in document["traces"])

    def test_deliveries_are_found_over_all_output_folders_by_commit_digest_and_build(self):
        first = self.deliver("one.apk", commit=COMMIT)
        other = self.site.folders[1]
        other.drop(self.artifacts.ipa(), "two.ipa", commit=COMMIT, json={"commit_sha": OTHER_COMMIT})
        self.assertEqual(self.site.run("run", "--once").returncode, 0)
        second = next(iter(other.traces().values()))
        both = sorted([first["protected_output"], second["protected_output"]])
        self.assertEqual(self.find("--commit", COMMIT), both)
        self.assertEqual(self.find("--commit", COMMIT[:8].upper()), both)
        # Something named it, although it did not count.
        self.assertEqual(self.find("--commit", OTHER_COMMIT), [second["protected_output"]])
        for digest in (first["source"]["sha256"], first["output"]["sha256"]):
            self.assertEqual(self.find("--sha256", digest), [first["protected_output"]])
        self.assertIn(second["protected_output"], self.find("--build", str(second["start_time"])))
        self.assertEqual(self.find("--commit", COMMIT, other.output, config=False), [second["protected_output"]])
        self.assertEqual(self.find("--commit", "e" * 40, code=1), [])
        told = self.site.run("trace", "find", "--commit", COMMIT).stdout
        self.assertIn(f"commit {COMMIT}", told)
        self.assertIn("what names it disagrees", told)

    def test_one_question_at_a_time(self):
        for arguments in ((), ("--commit", COMMIT, "--build", "1"), ("--commit", "xyz"), ("--sha256", "12")):
            self.assertEqual(self.site.run("trace", "find", *arguments).returncode, 64, arguments)


class ProvenanceTest(VerifyCase):
    def key(self, name, *arguments):
        """(the private key's file, the public key's)."""
        private, public = (os.path.join(self.site.root, f"{name}.{ending}") for ending in ("pem", "pub"))
        for command in (["openssl", "genpkey", *arguments, "-out", private], ["openssl", "pkey", "-in", private, "-pubout", "-out", public]):
            subprocess.run(command, check=True, capture_output=True)
        os.chmod(private, 0o600)
        return private, public

    def check_statement(self, statement, trace):
        """What in-toto and SLSA say must be there, against the trace."""
        self.assertEqual(statement["_type"], "https://in-toto.io/Statement/v1")
        self.assertEqual(statement["subject"], [{"name": trace["protected_output"], "digest": {"sha256": sha256_of(self.here(trace))}}])
        self.assertEqual(statement["predicateType"], "https://slsa.dev/provenance/v1")
        build, run = statement["predicate"]["buildDefinition"], statement["predicate"]["runDetails"]
        self.assertEqual(build["externalParameters"], {"version": trace["version"], "platform": trace["platform"],
                                                       "file_name": trace["file_name"], "signing_key_id": trace["build"]["signing_key_id"]})
        self.assertEqual(build["resolvedDependencies"][0], {"name": trace["file_name"], "digest": {"sha256": trace["source"]["sha256"]}})
        self.assertEqual(build["resolvedDependencies"][1], {"name": "https://git.example/app", "uri": "git+https://git.example/app@main", "digest": {"gitCommit": trace["commit_sha"]}})
        self.assertEqual(run["builder"]["id"], trace["portal_url"])
        self.assertIn(str(trace["start_time"]), run["metadata"]["invocationId"])
        with open(self.here(trace, ".trace.json"), "rb") as file:
            self.assertEqual(run["byproducts"][0]["digest"]["sha256"], hashlib.sha256(file.read()).hexdigest())

    def deliver_with_commit(self, name="app.apk"):
        return self.deliver(name, json={"commit_sha": COMMIT, "repository": "https://git.example/app", "ref": "main"})

    def test_a_statement_stands_beside_each_trace(self):
        trace = self.deliver_with_commit()
        with open(self.here(trace, ".provenance.json"), encoding="utf-8") as file:
            self.check_statement(json.load(file), trace)
        self.assertEqual(stat.S_IMODE(os.stat(self.here(trace, ".provenance.json")).st_mode), 0o640)
        self.assertFalse(os.path.exists(self.here(trace, ".intoto.jsonl")))

    def test_off_leaves_it_out_for_all_or_for_one_folder(self):
        self.site.settings["provenance"] = "off"
        self.site.write_config()
        trace = self.deliver()
        self.assertEqual(self.folder.delivered_names(), [trace["protected_output"] + ending for ending in ("", ".sha256", ".trace.json")])
        self.verify(self.folder.output)
        self.site.configure(provenance="statement")
        trace = self.deliver("second.apk")
        self.assertTrue(os.path.exists(self.here(trace, ".provenance.json")))

    def signed_with(self, *arguments):
        private, public = self.key("mine", *arguments)
        self.site.settings.update(provenance="signed", provenance_key_file=private)
        self.site.write_config()
        trace = self.deliver_with_commit()
        self.assertFalse(os.path.exists(self.here(trace, ".provenance.json")))
        with open(self.here(trace, ".intoto.jsonl"), encoding="utf-8") as file:
            lines = file.read().splitlines()
        self.assertEqual(len(lines), 1)
        envelope = json.loads(lines[0])
        payload = base64.b64decode(envelope["payload"], validate=True)
        self.check_statement(json.loads(payload), trace)
        kind = envelope["payloadType"]
        self.assertEqual(kind, "application/vnd.in-toto+json")
        encoded, signature = (os.path.join(self.site.root, name) for name in ("pae", "sig"))
        with open(encoded, "wb") as file:
            file.write(b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload))
        with open(signature, "wb") as file:
            file.write(base64.b64decode(envelope["signatures"][0]["sig"], validate=True))
        der = subprocess.run(["openssl", "pkey", "-pubin", "-in", public, "-outform", "DER"], check=True, capture_output=True).stdout
        self.assertEqual(envelope["signatures"][0]["keyid"], hashlib.sha256(der).hexdigest())
        self.verify("--key", public, self.folder.output)
        return trace, public, encoded, signature

    def test_an_ed25519_envelope_as_openssl_verifies_it(self):
        _, public, encoded, signature = self.signed_with("-algorithm", "ed25519")
        subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", encoded, "-sigfile", signature],
                       check=True, capture_output=True)

    def test_an_ecdsa_envelope_as_openssl_verifies_it(self):
        _, public, encoded, signature = self.signed_with("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        subprocess.run(["openssl", "dgst", "-sha256", "-verify", public, "-signature", signature, encoded], check=True, capture_output=True)

    def test_with_a_key_nothing_but_its_signature_is_good_enough(self):
        trace, public, _, _ = self.signed_with("-algorithm", "ed25519")
        _, stranger = self.key("stranger", "-algorithm", "ed25519")
        name = trace["protected_output"]
        self.assertEqual(self.differences(arguments=("--key", stranger)), {name: "provenance_signature"})
        os.rename(self.here(trace, ".intoto.jsonl"), os.path.join(self.site.root, "away"))
        self.assertEqual(self.differences(arguments=("--key", public)), {name: "provenance_signature"})
        self.verify(self.folder.output)
        os.rename(os.path.join(self.site.root, "away"), self.here(trace, ".intoto.jsonl"))
        # A trace that was changed with everything that can be made to fit it: but the signature is over the old one.
        with open(self.here(trace, ".trace.json"), encoding="utf-8") as file:
            text = file.read()
        with open(self.here(trace, ".trace.json"), "w", encoding="utf-8") as file:
            file.write(text.replace(COMMIT, OTHER_COMMIT))
        self.assertEqual(self.differences(arguments=("--key", public)), {name: "provenance"})
        self.verify("--key", self.site.token_file, self.folder.output, code=64)

    def test_of_several_keys_one_is_enough(self):
        trace, public, _, _ = self.signed_with("-algorithm", "ed25519")
        _, stranger = self.key("stranger", "-algorithm", "ed25519")
        both = os.path.join(self.site.root, "both.pub")
        with open(both, "w", encoding="utf-8") as file:
            for path in (stranger, public):
                with open(path, encoding="utf-8") as key:
                    file.write(key.read())
        self.verify("--key", both, self.folder.output)
        self.verify("--key", stranger, "--key", public, self.here(trace))

    def test_a_statement_beside_an_envelope_must_say_the_same(self):
        trace, public, _, _ = self.signed_with("-algorithm", "ed25519")
        with open(self.here(trace, ".intoto.jsonl"), encoding="utf-8") as file:
            envelope = json.load(file)
        statement = base64.b64decode(envelope["payload"]).decode()
        with open(self.here(trace, ".provenance.json"), "w", encoding="utf-8") as file:
            file.write(statement.replace(COMMIT, OTHER_COMMIT))
        self.assertEqual(self.differences(arguments=("--key", public)), {trace["protected_output"]: "provenance"})
        with open(self.here(trace, ".provenance.json"), "w", encoding="utf-8") as file:
            file.write(statement)
        self.verify("--key", public, self.folder.output)

    def test_an_envelope_without_a_signature_is_a_difference_without_a_key_too(self):
        trace, _, _, _ = self.signed_with("-algorithm", "ed25519")
        with open(self.here(trace, ".intoto.jsonl"), encoding="utf-8") as file:
            envelope = json.load(file)
        for signatures in ([], [{"keyid": "x", "sig": "AAAA"}]):
            with open(self.here(trace, ".intoto.jsonl"), "w", encoding="utf-8") as file:
                file.write(json.dumps({**envelope, "signatures": signatures}) + "\n")
            self.assertEqual(self.differences(), {trace["protected_output"]: "provenance_signature"})

    def test_a_key_that_is_missing_open_or_none_is_refused_before_anything_is_touched(self):
        private, _ = self.key("mine", "-algorithm", "ed25519")
        self.site.settings["provenance"] = "signed"
        for change, said in (({}, "provenance_key_file"), ({"provenance_key_file": private + ".gone"}, "openssl genpkey"),
                             ({"provenance_key_file": self.site.token_file}, "holds no private key")):
            self.site.settings.update(change)
            self.site.write_config()
            for command in (("check",), ("run", "--once")):
                done = self.site.run(*command)
                self.assertEqual(done.returncode, 78, done.stderr)
                self.assertIn(said, done.stderr)
        os.chmod(private, 0o640)
        self.site.settings["provenance_key_file"] = private
        self.site.write_config()
        done = self.site.run("check")
        self.assertEqual(done.returncode, 78)
        self.assertIn("chmod 600", done.stderr)
        os.chmod(private, 0o600)
        self.assertEqual(self.site.run("check").returncode, 0)

    def test_the_systemd_credential_signs_too_and_the_key_appears_nowhere(self):
        private, public = self.key("mine", "-algorithm", "ed25519")
        credentials = os.path.join(self.site.root, "credentials")
        os.mkdir(credentials)
        os.rename(private, os.path.join(credentials, "provenance-key"))
        with open(os.path.join(credentials, "provenance-key"), encoding="utf-8") as file:
            secret = file.read().splitlines()[1]
        self.site.settings["provenance"] = "signed"
        self.site.write_config()
        self.folder.drop(self.artifacts.apk(), "app.apk")
        done = self.site.run("run", "--once", extra_environment={"CREDENTIALS_DIRECTORY": credentials})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.verify("--key", public, self.folder.output)
        self.assertNotIn(secret, done.stderr)
        for folder, _, names in os.walk(self.site.root):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.basename(path) == "provenance-key" or os.path.islink(path):
                    continue
                with open(path, "rb") as file:
                    self.assertNotIn(secret.encode(), file.read(), path)

    def test_a_reload_takes_another_key(self):
        first, first_public = self.key("first", "-algorithm", "ed25519")
        second, second_public = self.key("second", "-algorithm", "ed25519")
        self.site.settings.update(provenance="signed", provenance_key_file=first)
        self.site.write_config()
        daemon = self.site.start_and_watch()
        self.folder.drop(self.artifacts.apk(), "one.apk")
        self.folder.wait_for_receipt()
        os.replace(second, first)
        self.assertEqual(self.site.run("reload").returncode, 0)
        self.folder.drop(self.artifacts.aab(), "two.aab")
        self.folder.wait_for_receipt(count=2)
        by_name = {trace["file_name"]: trace for trace in self.folder.traces().values()}
        self.verify("--key", first_public, self.here(by_name["one.apk"]))
        self.verify("--key", second_public, self.here(by_name["two.aab"]))
        self.stop(daemon)


if __name__ == "__main__":
    runner.main()
