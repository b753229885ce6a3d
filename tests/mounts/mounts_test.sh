#!/bin/bash
# Runs mounts_test.py from the runfiles, however it is started. Root, the first time: it makes the machine's disk.
set -eu
cd "${TEST_SRCDIR:-$0.runfiles}/tegodrop"
export TEGODROP=daemon/tegodrop PORTAL=tests/portal/portal
exec tests/run_python tests.mounts.mounts_test "$@"
