#!/bin/bash
# Runs service_test.py from the runfiles, however it is started. Root.
set -eu
cd "${TEST_SRCDIR:-$0.runfiles}/tegodrop"
export DEB=systemd/tegodrop.deb PORTAL=tests/portal/portal
exec tests/run_python tests.service.service_test "$@"
