"""What a guest is given: a folder that becomes its second disk, /payload there."""

import json
import os
import shutil
import urllib.parse

from tests.machine.machine import HERE
from tests.scenario.harness.programs import path_of

_RUN = "#!/bin/sh\nexec python3 /payload/guest.py\n"


class Payload:
    """With the daemon, the token of `portal` and `guest`, the program that runs in the machine; `plan` is what it needs to know, beside
    where the simulator listens."""

    def __init__(self, folder, portal, guest, plan):
        self.folder = folder
        os.makedirs(self.path("bin"))
        os.makedirs(self.path("samples"))
        shutil.copy(path_of("TEGODROP"), self.path("bin", "tegodrop"))
        shutil.copy(os.path.join(HERE, "in_guest.py"), folder)
        shutil.copy(guest, self.path("guest.py"))
        self.write("run", _RUN, 0o755)
        self.write("token", portal.token + "\n", 0o600)
        self.write("plan.json", json.dumps({"portal_port": urllib.parse.urlsplit(portal.url).port, **plan}))
        self._portal = portal

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text, mode=0o644):
        with open(os.open(self.path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
            file.write(text)

    def config(self, folders, **more):
        """The text of a config with these entries of `folders`."""
        return json.dumps({
            "portal": {"url": self._portal.url, "tenant": self._portal.tenant, "token_file": "/payload/token"},
            "state_dir": "/payload/state",
            "folders": folders,
            "log": {"level": "info", "format": "json"},
            **more})
