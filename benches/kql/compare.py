"""Runs the queries on all engines by turns, compares the answers, and prints the table.

    python compare.py --data FOLDER --azimuth PROGRAM [--rounds 5] [--only NAME,NAME] [--engines azimuth,duckdb]

Wall time and CPU seconds are taken from outside, in the same way for every engine: the request is written, the reply read,
and the kernel asked for the CPU time of the process in between. The first round warms up and is where answers are compared.
"""

import argparse
import datetime
import json
import math
import pathlib
import re
import statistics
import subprocess
import sys
import time

from queries import all_queries

HERE = pathlib.Path(__file__).parent
PEERS = ["duckdb", "clickhouse", "polars"]
MOMENT = re.compile(r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?Z?$")


class Engine:
    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        # The clock of another process's CPU time, as clock_getcpuclockid makes it.
        self.clock = (~self.process.pid << 3) | 2

    def ask(self, request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended in the middle of a run")
        return json.loads(line)

    def run(self, query, text):
        cpu, wall = time.clock_gettime(self.clock), time.perf_counter()
        reply = self.ask({"op": "run", "name": query.name, "text": text})
        wall, cpu = time.perf_counter() - wall, time.clock_gettime(self.clock) - cpu
        return reply, wall, cpu

    def peak_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) // 1024

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def text_of(query, engine, facts):
    """The text of a query for an engine, with the facts of the data in it."""
    text = getattr(query, engine if engine != "azimuth" else "kql")
    if callable(text):
        return ""
    for name, value in facts.items():
        if isinstance(value, list):
            value = ", ".join(f"'{item}'" for item in value)
        text = text.replace("{" + name + "}", value)
    return text


def plain(value):
    """A value as all engines are made to write it: moments as microseconds, JSON without spaces, whole floats as numbers."""
    if isinstance(value, str):
        moment = MOMENT.match(value)
        if moment:
            day, clock, fraction = moment.groups()
            seconds = datetime.datetime.fromisoformat(f"{day}T{clock}+00:00").timestamp()
            return int(seconds) * 1_000_000 + round(float(fraction or 0) * 1_000_000)
        if value[:1] in ("{", "["):
            try:
                return json.dumps(json.loads(value), sort_keys=True)
            except ValueError:
                return value
        # ClickHouse writes 64-bit numbers as texts.
        return int(value) if re.fullmatch(r"-?[1-9]\d{0,18}|0", value) else value
    if isinstance(value, (dict, list)):
        return json.dumps(value, sort_keys=True)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return "" if value is None else value


def same(left, right, tolerance):
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return math.isclose(left, right, rel_tol=tolerance or 1e-9)
    return left == right


def same_rows(left, right, tolerance):
    order = lambda rows: sorted(
        ([plain(value) for value in row] for row in rows),
        key=lambda row: [str(value) for value in row if isinstance(value, str) or not tolerance],
    )
    left, right = order(left), order(right)
    if len(left) != len(right):
        return f"{len(left)} rows against {len(right)}"
    for one, other in zip(left, right):
        if len(one) != len(other) or not all(same(a, b, tolerance) for a, b in zip(one, other)):
            return f"{str(one)[:300]} against {str(other)[:300]}"
    return None


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--data", required=True)
    arguments.add_argument("--azimuth", required=True)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--only", default="")
    arguments.add_argument("--verbose", action="store_true", help="every run on the error stream as it ends")
    arguments.add_argument("--engines", default="azimuth," + ",".join(PEERS))
    arguments = arguments.parse_args()
    facts = json.loads(pathlib.Path(arguments.data, "parameters.json").read_text())
    only = [name for name in arguments.only.split(",") if name]
    queries = [query for query in all_queries() if not only or query.name in only]
    engines = []
    for name in arguments.engines.split(","):
        ours = [arguments.azimuth, "serve", arguments.data]
        theirs = [sys.executable, str(HERE / "engines.py"), name, arguments.data]
        engines.append(Engine(name, ours if name == "azimuth" else theirs))
    walls, cpus, faults = {}, {}, []
    for turn in range(arguments.rounds + 1):
        for query in queries:
            answers = {}
            # By turns, so that no engine always runs behind the same one.
            for engine in engines[turn % len(engines):] + engines[: turn % len(engines)]:
                reply, wall, cpu = engine.run(query, text_of(query, engine.name, facts))
                if arguments.verbose:
                    print(f"{turn} {query.name} {engine.name} {wall:.3f} {cpu:.3f}", file=sys.stderr, flush=True)
                if not reply["ok"]:
                    if turn == 0:
                        faults.append(f"{query.name}: {engine.name}: {reply['error'][:500]}")
                    continue
                if turn == 0:
                    reply = engine.ask({"op": "rows"})
                    answers[engine.name] = reply["rows"]
                else:
                    walls.setdefault((query.name, engine.name), []).append(wall)
                    cpus.setdefault((query.name, engine.name), []).append(cpu)
            if turn > 0:
                continue
            reference = next((answers[name] for name in PEERS if name in answers), None)
            judge = next((engine for engine in engines if engine.name == "duckdb"), None)
            if query.exact and judge:
                judge.run(query, query.exact)
                reference = judge.ask({"op": "rows"})["rows"]
            for name, rows in answers.items():
                difference = same_rows(rows, reference, query.tolerance) if reference is not None else None
                if difference:
                    faults.append(f"{query.name}: {name} answers otherwise: {difference}")
    names = [engine.name for engine in engines]
    for title, figures in (("Wall time, seconds", walls), ("CPU time, seconds", cpus)):
        report(title, queries, names, figures)
    peaks = ", ".join(f"{engine.name} {engine.peak_mb()} MB" for engine in engines)
    print(f"\nMost memory: {peaks}")
    for engine in engines:
        engine.close()
    for fault in faults:
        print(f"FAULT {fault}")
    return 1 if faults else 0


def report(title, queries, names, figures):
    print(f"\n### {title}: medians\n")
    print(f"| query | {' | '.join(names)} | azimuth / best peer |")
    print(f"|---|{'---|' * len(names)}---|")
    ratios = {}
    for query in queries:
        medians = {
            name: statistics.median(figures[query.name, name]) for name in names if (query.name, name) in figures
        }
        peers = [value for name, value in medians.items() if name != "azimuth"]
        if "azimuth" in medians and peers:
            ratios[query.name] = medians["azimuth"] / min(peers)
        best = min(medians.values(), default=0)
        cell = lambda name: "–" if name not in medians else f"**{medians[name]:.3f}**" if medians[name] == best else f"{medians[name]:.3f}"
        ratio = f"{ratios[query.name]:.3g}" if query.name in ratios else "–"
        print(f"| {query.name} | {' | '.join(cell(name) for name in names)} | {ratio} |")
    counted = {query.name: ratios[query.name] for query in queries if query.name in ratios and not query.apart}
    if counted:
        mean = math.exp(statistics.fmean(math.log(ratio) for ratio in counted.values()))
        worst = max(counted, key=counted.get)
        print(f"\nGeometric mean {mean:.2f} over {len(counted)} queries; worst {counted[worst]:.2f} ({worst}).")


if __name__ == "__main__":
    sys.exit(main())
