"""The Debian package: what is in it, that it comes out the same each time, and what lintian says."""

import os
import re
import unittest

from tests import runner
from tests.package.package import ENVIRONMENT, new_folder, path_of, read, run, unpacked

UNITS = ["tegodrop-check.service", "tegodrop-failed@.service", "tegodrop-nightly.service", "tegodrop-nightly.timer",
         "tegodrop.service", "tegodrop@.service"]
FILES = {*(f"lib/systemd/system/{unit}" for unit in UNITS),
         "lib/systemd/system/tegodrop-failed@tegodrop-nightly.service.d/config.conf",
         "etc/tegodrop/tegodrop.yaml", "usr/bin/tegodrop",
         "usr/lib/systemd/catalog/tegodrop.catalog", "usr/lib/sysusers.d/tegodrop.conf", "usr/lib/tmpfiles.d/tegodrop.conf",
         "usr/share/bash-completion/completions/tegodrop", "usr/share/zsh/vendor-completions/_tegodrop",
         "usr/share/man/man8/tegodrop.8.gz", "usr/share/man/man5/tegodrop.yaml.5.gz", "usr/share/tegodrop/schema.json",
         "usr/share/tegodrop/trace.schema.json",
         "usr/share/doc/tegodrop/changelog.gz", "usr/share/doc/tegodrop/copyright", "usr/share/lintian/overrides/tegodrop",
         *(f"usr/share/doc/tegodrop/examples/{name}" for name in (
             "tegodrop.example.yaml", "shares.conf", "fstab", "mnt-builds-drop.mount", "mnt-builds-drop.automount"))}


def control(field):
    return run("dpkg-deb", "-f", path_of("DEB"), field).stdout.strip()


class DebTest(unittest.TestCase):
    def test_it_comes_out_bit_for_bit_the_same_at_another_time_and_place(self):
        again = os.path.join(new_folder(), "again.deb")
        environment = {**ENVIRONMENT, "TZ": "Pacific/Auckland", "LC_ALL": "C", "TMPDIR": new_folder(), "SOURCE_DATE_EPOCH": "1"}
        done = run("systemd/package/make_deb", again, path_of("TEGODROP"), path_of("CONFIG_MAN"), path_of("CATALOG"),
                   env=environment, preexec_fn=lambda: os.umask(0o077))
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(path_of("DEB"), "rb") as first, open(again, "rb") as second:
            self.assertTrue(first.read() == second.read(), "the two packages differ")

    def test_its_files_are_these(self):
        found = {os.path.join(folder, name) for folder, folders, names in os.walk(unpacked()) for name in folders + names}
        links = {os.path.relpath(one, unpacked()): os.readlink(one) for one in found if os.path.islink(one)}
        files = {os.path.relpath(one, unpacked()) for one in found if os.path.isfile(one)}
        self.assertEqual({one for one in files if not one.startswith("DEBIAN/")}, FILES)
        # What an administrator changes of the service holds for these too.
        self.assertEqual(links, {f"lib/systemd/system/{unit}.service.d": "/etc/systemd/system/tegodrop.service.d"
                                 for unit in ("tegodrop-check", "tegodrop-nightly")})

    def test_all_of_it_is_roots_and_nobody_else_may_write(self):
        lines = run("dpkg-deb", "-c", path_of("DEB")).stdout.splitlines()
        self.assertGreater(len(lines), len(FILES))
        odd = [line for line in lines if " root/root " not in line or not re.match(r"l|-rw-r--r--|[-d]rwxr-xr-x", line)]
        self.assertEqual(odd, [])
        self.assertEqual([line.split()[-1] for line in lines if line.startswith("-rwx")], ["./usr/bin/tegodrop"])

    def test_the_config_is_a_conffile_and_nothing_else_is(self):
        self.assertEqual(read("DEBIAN/conffiles"), "/etc/tegodrop/tegodrop.yaml\n")

    def test_its_version_is_that_of_the_program(self):
        self.assertEqual(run(path_of("TEGODROP"), "--version").stdout, f"tegodrop {control('Version')}\n")
        self.assertIn(f"tegodrop ({control('Version')})", read("usr/share/doc/tegodrop/changelog.gz"))

    def test_it_depends_on_the_packages_of_its_libraries(self):
        needed = re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-dW", os.path.join(unpacked(), "usr/bin/tegodrop")).stdout)
        self.assertIn("libcurl.so.4", needed)
        depends = {one.split()[0] for one in control("Depends").split(", ")}
        self.assertLessEqual({"ca-certificates", "libcurl4", "libsqlite3-0", "libzip4", "libssl3", "libuv1", "libc6"}, depends)
        for library in needed:
            owners = {line.split(":")[0] for line in run("dpkg", "-S", "*/" + library).stdout.splitlines()}
            with self.subTest(library=library):
                self.assertTrue(owners & (depends | {"libspdlog1.10"}), f"{library} is of {owners}")

    def test_the_machines_that_tests_boot_have_what_it_depends_on(self):
        depends = {one.split()[0] for one in control("Depends").split(", ") if " | " not in one}
        depends -= {"libc6", "libgcc-s1", "libspdlog1.10-fmt9"}  # in each Debian; a name of libspdlog1.10
        for script in ("tests/machine/make_image", "tests/service/make_tree"):
            with self.subTest(script=script), open(script, encoding="utf-8") as file:
                self.assertEqual(depends - set(file.read().split()), set())

    def test_lintian_has_nothing_to_say(self):
        done = run("lintian", "--no-cfg", "--tag-display-limit", "0", path_of("DEB"), timeout=600, env={**ENVIRONMENT, "HOME": new_folder()})
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_a_release_is_built_as_the_config_opt_says(self):
        with open(".bazelrc", encoding="utf-8") as file:
            rc = file.read()
        with open("systemd/release.bzl", encoding="utf-8") as file:
            values = {}
            exec(file.read().partition("_MODE =")[0], values)  # Starlark's constants are Python's
        for option, ours in (("copt", "RELEASE_COPTS"), ("linkopt", "RELEASE_LINKOPTS")):
            said = [one for line in re.findall(r"^build:opt (.*)", rc, re.MULTILINE) for one in re.findall(rf"--{option}=(\S+)", line)]
            self.assertEqual(values[ours], said)


if __name__ == "__main__":
    runner.main()
