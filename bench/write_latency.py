#!/usr/bin/env python3
"""How long a write takes while the store is quiet, and while it seals and compacts without a pause, as a markdown table.

    bench/write_latency.py --series 20000 --rate 100000

The same load, at a rate that leaves the machine idle most of the time, is sent to a server that does neither, and to one that seals every
second and compacts what it can. What is told is the latency of a request of 2,000 samples, answered when it is on disk.
"""

import argparse
import json
import os
import subprocess
import time

import servers
from servers import cpu_seconds

STEP_MS = 15_000
SETTINGS = {
    "quiet": "seal_interval: 2h, compaction_interval: 7d, max_head_samples: 1000000000",
    "sealing and compacting": "seal_interval: 1s, compaction_interval: 1s, block_duration: 5m",
}


class Configured(servers.Nightlight):
    """Nightlight with other settings of its store."""
    settings = ""

    def __init__(self, directory, build):
        super().__init__(directory, build)
        path = os.path.join(directory, "nightlight.yaml")
        with open(path, encoding="utf-8") as config:
            text = config.read()
        with open(path, "w", encoding="utf-8") as config:
            config.write(text + f"  store: {{{self.settings}}}\n")


def measure(kind, options):
    ticks = int(options.seconds * options.rate / options.series)
    with servers.started(kind, options) as (server, http):
        pid = server.process.child.pid
        start_ms = int(time.time() * 1000) // STEP_MS * STEP_MS - (ticks + 2) * STEP_MS
        first = argparse.Namespace(**vars(options))
        first.ticks = 1
        servers.load(server, first, start_ms=start_ms, rate=0)  # New series cost once; that is not what is asked here.
        used = cpu_seconds(pid)
        ended = subprocess.run(
            [os.path.join(options.build, "bench", "load", "nightlight-load"), "--url", f"http://127.0.0.1:{server.port}/api/v1/write",
             "--series", str(options.series), "--senders", str(options.senders), "--rate", str(options.rate), "--ticks", str(ticks),
             "--start-ms", str(start_ms + STEP_MS)], capture_output=True, text=True, check=True)
        seen = json.loads(ended.stdout)
        metrics = http.request("GET", "/metrics")[2].decode()
        counts = {name: sum(float(line.rsplit(" ", 1)[1]) for line in metrics.splitlines() if line.startswith(name))
                  for name in ("nightlight_gorilla_seals_total", "nightlight_gorilla_compactions_total")}
        return {
            "requests": seen["requests"],
            "write, p50 ms": seen["write_ms"]["p50"],
            "write, p99 ms": seen["write_ms"]["p99"],
            "seals": counts["nightlight_gorilla_seals_total"],
            "compactions": counts["nightlight_gorilla_compactions_total"],
            "CPU, cores": (cpu_seconds(pid) - used) / seen["seconds"],
        }


def main():
    parser = servers.command_line(__doc__, series=20000, ticks=0, rate=100000)
    parser.add_argument("--seconds", type=float, default=60, help="of each (default %(default)s)")
    options = parser.parse_args()
    results = {}
    for name, settings in SETTINGS.items():
        kind = type(name, (Configured,), {"settings": settings})
        results[name] = measure(kind, options)
    measures = list(results["quiet"])
    print("| measure | " + " | ".join(results) + " |\n|---|" + "---|" * len(results))
    for measured in measures:
        print(f"| {measured} | " + " | ".join(f"{result[measured]:,.2f}" for result in results.values()) + " |")
    print(f"\np99: {results['sealing and compacting']['write, p99 ms'] / results['quiet']['write, p99 ms']:.2f} times the quiet one")


if __name__ == "__main__":
    main()
