#!/usr/bin/env python3
"""What the encoders of range answers cost by themselves, ours and Prometheus', on answers of about 2 MB, as a markdown table.

    bench/json_encoders.py --build build/release

Prometheus' is built from its Go module (needs Go and a module proxy) into a temporary directory. The two run in turns, and of the rounds
the median counts. What an answer costs a whole server, with reading the samples and sending, is told by bench/json_encoding.py.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile

PROMETHEUS = "github.com/prometheus/prometheus@v0.316.0"
HERE = os.path.dirname(os.path.abspath(__file__))


def build_prometheus(directory):
    shutil.copy(os.path.join(HERE, "json", "prometheus.go"), os.path.join(directory, "main.go"))
    for command in (["mod", "init", "example.org/encoder"], ["get", PROMETHEUS], ["mod", "tidy"], ["build", "-o", "encoder", "."]):
        subprocess.run(["go", *command], cwd=directory, check=True, capture_output=True)
    return os.path.join(directory, "encoder")


def shapes(program):
    """{shape: (bytes, ns per byte)}"""
    out = {}
    for line in subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines():
        said = json.loads(line)
        out[said["shape"]] = (said["bytes"], said["ns_per_byte"])
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release", help="meson's build directory (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        programs = {"Nightlight": os.path.join(options.build, "bench", "json", "json_bench"), "Prometheus": build_prometheus(directory)}
        figures = {name: [] for name in programs}
        for _ in range(options.rounds):
            for name, program in programs.items():
                figures[name].append(shapes(program))
    print("| values | answer, MB | Nightlight, ns per byte | Prometheus, ns per byte | Prometheus / Nightlight |\n|---|---|---|---|---|")
    for shape, (size, _) in figures["Nightlight"][0].items():
        if figures["Prometheus"][0][shape][0] != size:
            raise AssertionError(f"{shape}: the answers are not of the same size")
        ours, theirs = (statistics.median(round_[shape][1] for round_ in figures[name]) for name in programs)
        print(f"| {shape} | {size / 1e6:.2f} | {ours:.2f} | {theirs:.2f} | {theirs / ours:.1f} |")


if __name__ == "__main__":
    main()
