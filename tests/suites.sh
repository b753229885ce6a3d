# Suites of Bazel tests, counted by their cases. Sourced by tests/run and tests/night, from the top folder:
#
#   suites_begin
#   suite NAME CONFIG TARGETS AND OPTIONS…     builds, runs, prints one line; a build that fails ends the script
#                                              $test_jobs run at a time, as many as there are cores unless set
#   root_suite NAME CONFIG TARGET              the same for one test that needs root (or sudo), counted as one case; lines of a
#                                              table that it prints are shown
#   program_suite NAME CONFIG TARGET ARGS…     one program, counted as one case; what it says is printed
#   script_suite NAME SCRIPT ARGS…             the same for a script of the tree
#   tables CONFIG TARGET                       the lines of a table that a test of the last suite has printed
#   suites_end                                 prints what failed and "N passed, N failed", and exits accordingly
. third_party/build.sh

suites_begin() {
  passed=0
  failed=0
  broken=()
  build_begin
  work=$("${as_user[@]}" mktemp -d)
  trap suites_stopped EXIT
  trap 'exit 130' INT TERM
}

suites_end() {
  trap - EXIT INT TERM
  build_end
  rm -rf "$work"
  [ ${#broken[@]} -eq 0 ] || printf 'failed: %s\n' "${broken[@]}"
  echo "$passed passed, $failed failed"
  if [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]; then exit 0; else exit 1; fi
}

suites_broke() {
  failed=$((failed + 1))
  broken+=("$1")
}

suites_stopped() {
  suites_broke "stopped before the end"
  suites_end
}

suite() {
  local name=$1 config=$2 begun=$SECONDS built
  shift 2
  if ! build_bazel build "--config=$config" --build_tests_only "$@" >"$work/log" 2>&1; then
    cat "$work/log"
    suites_broke "$name: its build ($config), see the compiler's words above"
    suites_end
  fi
  built=$((SECONDS - begun))

  local code=0 lines good bad
  build_bazel test "--config=$config" --build_tests_only --nocache_test_results \
    "--jobs=${test_jobs:-$(nproc)}" "--local_test_jobs=${test_jobs:-$(nproc)}" "--build_event_json_file=$work/events" "$@" >"$work/log" 2>&1 || code=$?
  mapfile -t lines < <(python3 tests/count_results.py "$work/events")
  if ! [[ ${lines[-1]:-} =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    cat "$work/log"
    suites_broke "$name: its results cannot be read"
    suites_end
  fi
  good=${BASH_REMATCH[1]} bad=${BASH_REMATCH[2]}
  unset 'lines[-1]'
  if [ $code -ne 0 ] && [ "$bad" -eq 0 ]; then
    bad=1
    lines=("bazel test ended with $code, though no test failed")
  fi
  if [ "$bad" -gt 0 ]; then
    cat "$work/log"
    broken+=("${lines[@]/#/$name: }")
  fi
  passed=$((passed + good))
  failed=$((failed + bad))
  printf '%-10s %4d passed, %d failed   (built in %d s, ran in %d s)\n' "$name" "$good" "$bad" "$built" \
    $((SECONDS - begun - built))
}

tables() {
  local path=${2#//} logs
  logs=$(build_bazel info "--config=$1" bazel-testlogs 2>/dev/null)
  grep -h ' | ' "$logs/${path/://}/test.log" || true
}

root_suite() {
  local name=$1 config=$2 target=$3 begun=$SECONDS as_root=() bin path
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  path=${target#//}
  if build_bazel build "--config=$config" "$target" >"$work/log" 2>&1 &&
    bin=$(build_bazel info "--config=$config" bazel-bin 2>/dev/null) &&
    "${as_root[@]}" "$bin/${path/://}" >"$work/log" 2>&1; then
    passed=$((passed + 1))
    grep ' | ' "$work/log" || true
    printf '%-10s %4d passed, 0 failed   (%d s)\n' "$name" 1 $((SECONDS - begun))
  else
    cat "$work/log"
    suites_broke "$name: $target"
    printf '%-10s %4d passed, 1 failed\n' "$name" 0
  fi
}

program_suite() {
  local name=$1 config=$2 target=$3 begun=$SECONDS bin path
  shift 3
  path=${target#//}
  if build_bazel build "--config=$config" "$target" >"$work/log" 2>&1 &&
    bin=$(build_bazel info "--config=$config" bazel-bin 2>/dev/null) &&
    "${as_user[@]}" "$bin/${path/://}" "$@" >"$work/log" 2>&1; then
    suites_count_one "$name" "$begun" 0
  else
    suites_count_one "$name" "$begun" 1
  fi
}

script_suite() {
  local name=$1 script=$2 begun=$SECONDS code=0
  shift 2
  (cd "$tree" && "${as_user[@]}" "$script" "$@") >"$work/log" 2>&1 || code=1
  suites_count_one "$name" "$begun" $code
}

suites_count_one() {
  local name=$1 begun=$2 bad=$3
  cat "$work/log"
  if [ "$bad" -eq 0 ]; then passed=$((passed + 1)); else suites_broke "$name"; fi
  printf '%-10s %4d passed, %d failed   (%d s)\n' "$name" $((1 - bad)) "$bad" $((SECONDS - begun))
}
