#!/usr/bin/env bash
# `azimuth check` beside checkov, whole processes over the same folder: every template of the corpus with its
# parameters. Prints wall and processor time of each, and the ratios.
#
#   AZIMUTH_SHARED=../shared crates/preflight/benches/checkov.sh [RUNS]
#
# Needs python3 with venv; installs checkov from PyPI into a folder of its own. AZIMUTH_BIN names a binary to measure
# instead of building one in the `dist` profile.
set -euo pipefail

runs=${1:-3}
root=$(cd "$(dirname "$0")/../../.." && pwd)
shared=${AZIMUTH_SHARED:-$root/../shared}
corpus=$shared/corpora/arm/templates/templates.jsonl
checkov_version=3.3.30
work=${AZIMUTH_BENCH_DIR:-${TMPDIR:-/tmp}/azimuth-checkov}
[ -f "$corpus" ] || { echo "SKIPPED: no $corpus" >&2; exit 1; }

if [ ! -x "$work/venv/bin/checkov" ]; then
    mkdir -p "$work"
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet "checkov==$checkov_version"
fi

if [ -z "${AZIMUTH_BIN:-}" ]; then
    (cd "$root" && cargo build --quiet --profile dist -p azimuth)
    AZIMUTH_BIN=${CARGO_TARGET_DIR:-$root/target}/dist/azimuth
fi

rm -rf "$work/templates"
python3 - "$corpus" "$work/templates" <<'PYTHON'
import json, os, sys

corpus, folder = sys.argv[1:]
os.makedirs(folder)
with open(corpus, encoding="utf-8") as lines:
    for number, line in enumerate(lines):
        case = json.loads(line)
        stem = os.path.join(folder, f"t{number:03}")
        with open(f"{stem}.json", "w", encoding="utf-8") as out:
            json.dump(case["template"], out, indent=2)
        values = {**case["parameters_made_up"], **case["parameters_given"]}
        if values:
            entries = {
                name: value if isinstance(value, dict) and set(value) & {"value", "reference"} else {"value": value}
                for name, value in values.items()
            }
            with open(f"{stem}.parameters.json", "w", encoding="utf-8") as out:
                json.dump({"contentVersion": "1.0.0.0", "parameters": entries}, out, indent=2)
    print(f"{number + 1} templates")
PYTHON

# Runs a command and prints its wall time and its processor time in seconds.
measure() {
    python3 - "$@" <<'PYTHON'
import resource, subprocess, sys, time

before = resource.getrusage(resource.RUSAGE_CHILDREN)
start = time.perf_counter()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
wall = time.perf_counter() - start
after = resource.getrusage(resource.RUSAGE_CHILDREN)
cpu = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
print(f"{wall:.3f} {cpu:.3f}")
PYTHON
}

series() {
    name=$1
    shift
    for _ in $(seq "$runs"); do
        times=$(measure "$@")
        echo "$name: ${times% *} s on the clock, ${times#* } s of processor time" >&2
        echo "$times"
    done
}

ours=$(series azimuth "$AZIMUTH_BIN" check "$work/templates" --format json --out "$work/azimuth.json" --fail-on never)
theirs=$(series checkov "$work/venv/bin/checkov" -d "$work/templates" --framework arm --output json --quiet --compact)

python3 - "$ours" "$theirs" "$work/azimuth.json" <<'PYTHON'
import json, statistics, sys

def medians(text):
    rows = [[float(cell) for cell in row.split()] for row in text.splitlines()]
    return [statistics.median(column) for column in zip(*rows)]

ours, theirs = medians(sys.argv[1]), medians(sys.argv[2])
with open(sys.argv[3], encoding="utf-8") as report:
    summary = json.load(report)["summary"]
print(f"azimuth: {ours[0]:.3f} s on the clock, {ours[1]:.3f} s of processor time (medians); {summary}")
print(f"checkov: {theirs[0]:.3f} s on the clock, {theirs[1]:.3f} s of processor time (medians)")
print(f"ratio: {theirs[0] / ours[0]:.0f} times on the clock, {theirs[1] / ours[1]:.0f} times in processor time")
PYTHON
