"""The journal's catalog speaks of events that the daemon logs, and of each that is an error."""

import re
import unittest

from tests import runner
from tests.house import tree

CATALOG = "systemd/catalog/tegodrop.catalog.in"


def logged(*levels):
    """The events that the daemon's sources log at one of these levels, by their names."""
    pattern = re.compile(r'\b(?:' + "|".join(levels) + r')\(\s*"([a-z_]+\.[a-z_]*)"(\s*\+)?')
    found = [one for path in tree.files(".cc") if path.startswith("daemon/") for one in pattern.findall(tree.read(path))]
    return {name for name, more in found if not more}, {name for name, more in found if more}


class CatalogTest(unittest.TestCase):
    def setUp(self):
        self.entries = dict(re.findall(r"^-- (\S+)\n(.*?)(?=^-- |\Z)", tree.read(CATALOG), re.MULTILINE | re.DOTALL))

    def test_each_entry_is_of_an_event_that_is_logged(self):
        whole, begun = logged("Debug", "Info", "Warning", "Error", r"Write\(\s*\w+,")
        texts = "".join(tree.read(path) for path in tree.files(".cc") if path.startswith("daemon/"))
        for name in self.entries:
            with self.subTest(name=name):
                self.assertTrue(name in whole or name.startswith(tuple(begun)) or f'"{name}"' in texts)

    def test_each_error_has_an_entry(self):
        errors, _ = logged("Error")
        self.assertGreater(len(errors), 5)
        self.assertEqual(errors - set(self.entries), set())

    def test_entries_have_what_journalctl_shows_and_name_fields_that_exist(self):
        self.assertGreater(len(self.entries), 20)
        sources = "".join(tree.read(path) for path in tree.files(".cc") if path.startswith("daemon/"))
        for name, text in self.entries.items():
            with self.subTest(name=name):
                self.assertRegex(text, r"\ASubject: \S.*\nDefined-By: tegodrop\n\n\S")
                for field in re.findall("@([^@]+)@", text):
                    self.assertTrue(field.startswith("TEGODROP_"))
                    self.assertIn(f'{{"{field.removeprefix("TEGODROP_").lower()}",', sources)


if __name__ == "__main__":
    runner.main()
