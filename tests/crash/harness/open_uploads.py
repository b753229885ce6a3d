"""Which multipart uploads may stay open at the portal, by its own list and by the daemon's ledger.

By right is one that nobody can know of, because the answer that opened it was cut off or its daemon died before it was recorded:
then it stands in no ledger and has no part. And one whose Complete may have left: what may be whole is not aborted. Every
other one has been forgotten.
"""

import json
import os
import shutil
import sqlite3
import tempfile

LEDGER = "ledger.sqlite"


class OpenUploads:
    def __init__(self, state_dir):
        self._state_dir = state_dir
        self._recorded = set()  # every upload_id that a look has found
        self._may_be_whole = set()  # names of artifacts of which a Complete may have left

    def look(self, alive):
        """Remembers what the ledger says; the upload_ids that it holds now. `alive`: a daemon works with it."""
        path = os.path.join(self._state_dir, LEDGER)
        if not os.path.exists(path):
            return set()
        # A dead daemon's log is read in a copy: reading it in its place would put it in order.
        copies = None if alive else tempfile.mkdtemp(prefix="tegodrop-ledger-", dir="/tmp")
        try:
            if copies:
                for name in (LEDGER, LEDGER + "-wal"):
                    if os.path.exists(os.path.join(self._state_dir, name)):
                        shutil.copyfile(os.path.join(self._state_dir, name), os.path.join(copies, name))
                path = os.path.join(copies, LEDGER)
            return self._read(f"file:{path}{'?mode=ro' if alive else ''}")
        finally:
            if copies:
                shutil.rmtree(copies)

    def _read(self, uri):
        ledger = sqlite3.connect(uri, uri=True, timeout=30)
        try:
            if not ledger.execute("SELECT 1 FROM sqlite_master WHERE name = 'timeline'").fetchone():
                return set()
            held = set()
            for upload_id, aborts in ledger.execute("SELECT upload_id, aborts FROM jobs"):
                held |= {upload_id} if upload_id else set()
                held |= {one["upload_id"] for one in json.loads(aborts)}
            self._recorded |= held
            self._may_be_whole |= {name for (name,) in ledger.execute(
                "SELECT file_name FROM jobs JOIN timeline ON timeline.job = jobs.id WHERE timeline.state IN ('completing', 'confirming')")}
            return held
        finally:
            ledger.close()

    def wrong(self, still_open, alive):
        """What is wrong with these entries of the portal's list, in words."""
        held = self.look(alive)
        found = []
        for one in still_open:
            words = f"upload {one['upload_id']} of {one['name']} is open with {one['parts']} parts: "
            if one["upload_id"] in held:
                found.append(words + "the ledger holds it, and nobody does anything about it")
            elif one["name"] not in self._may_be_whole and one["upload_id"] in self._recorded:
                found.append(words + "the ledger knew it, and has forgotten it")
            elif one["name"] not in self._may_be_whole and one["parts"]:
                found.append(words + "it has parts, and stands in no ledger")
        return found
