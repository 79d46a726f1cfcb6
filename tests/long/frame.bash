#!/usr/bin/env bash
# What long runs share: counted checks and their report. Source it; call `finish NAME` last.

passed=0
failed=0

# check WHAT COMMAND…: one counted check.
check() {
  local what=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
    echo "ok      $what"
  else
    failed=$((failed + 1))
    echo "FAILED  $what"
  fi
}

# skip SUITE WHY: said aloud, and known to the gate.
skip() {
  echo "SKIPPED $1: $2"
}

# report SUITE: the line that the gate reads; begins a new count.
report() {
  echo "SUITE $1: $passed passed, $failed failed"
  all_failed=$((${all_failed:-0} + failed))
  passed=0
  failed=0
}

# finish SUITE: the last line and the exit code.
finish() {
  report "$1"
  [ "$all_failed" -eq 0 ]
  exit
}
