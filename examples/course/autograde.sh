#!/bin/sh
# Grades one submission, and writes what an autograder reads.
#
#     sh autograde.sh SUBMISSION RESULTS.json [COMMAND]
#
# SUBMISSION is the folder that the program runs in. COMMAND starts the program there; without it: python3 replica.py.
# STAGE=simulator grades in virtual time, which is faster and the same every time; it needs level 2. Without it: real processes.
# The report and the recordings are beside RESULTS.json, in grading/.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
submission=$(cd "$1" && pwd)
results=$2
command=${3:-python3 replica.py}
grading=$(dirname "$results")/grading

rm -rf "$grading" "$results"
mkdir -p "$grading"
grading=$(cd "$grading" && pwd)

# In the submission's folder, so that ./replica is the program there.
status=0
(
  cd "$submission"
  understudy run "$here/scenarios" --on "${STAGE:-processes}" --program "student=$command" \
    --record "$grading/recordings" --report json html --out "$grading/report"
) || status=$?

# 0: all passed. 1: some failed. Anything else may have a report all the same; whether it is whole is for the next command to say.
if [ ! -f "$grading/report.json" ]; then
  echo "The lab ended with status $status: there are no results." >&2
  exit "$status"
fi
node "$here/gradescope.mjs" "$grading/report.json" > "$grading/results.json"
mv "$grading/results.json" "$results"
