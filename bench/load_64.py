#!/usr/bin/env python3
"""64 dashboards and 64 writers at once, for half a minute, against Nightlight, Prometheus and VictoriaMetrics one after the other: errors,
latencies, what was served, CPU and peak memory, as a markdown table.

A fleet's hour is written first. Then every writer sends samples of its share of the fleet at a common rate, while every dashboard asks
its queries one after the other over one connection, without a pause, up to the newest sample. Everybody shares the machine's cores, the
generator too; its CPU is told.

    bench/load_64.py --build build/release

NIGHTLIGHT_PROMETHEUS and NIGHTLIGHT_VICTORIA_METRICS name the peers' binaries (default: those on PATH); a peer that is not there is
left out. The exit status is 1 when Nightlight refused or failed anything, or took more memory than --most-mib.
"""

import json
import os
import subprocess
import sys
import time

import servers
from servers import cpu_seconds, peak_bytes, reset_peak

# What a dashboard of one host asks, and one of the fleet. # is the dashboard's number, which is a host's.
HOST = 'instance=~"host-#.dc1.example.net:.*"'
QUERIES = [
    f"sum by (mode) (rate(node_cpu_seconds_total{{{HOST}}}[5m]))",
    f"node_memory_MemFree_bytes{{{HOST}}}",
    f"histogram_quantile(0.99, sum by (le, handler) (rate(http_request_duration_seconds_bucket{{{HOST}}}[5m])))",
    "topk(5, node_load1)",
]
STEP_MS = 15_000


def crowd(server, options, start_ms):
    """What the generator counted while everybody was there."""
    address = f"http://127.0.0.1:{server.port}/api/v1/"
    queries = [word for query in QUERIES for word in ("--query", query)]
    ended = subprocess.run(
        [os.path.join(options.build, "bench", "load", "nightlight-load"), "--url", address + "write", "--series", str(options.series),
         "--senders", str(options.clients), "--rate", str(options.rate), "--seconds", str(options.seconds), "--start-ms", str(start_ms),
         "--step-ms", str(STEP_MS), "--readers", str(options.clients), "--query-url", address + "query_range", *queries,
         "--give-up-s", "30"], capture_output=True, text=True, check=False)
    if not ended.stdout:
        raise AssertionError(f"{server.name}: {ended.stderr[-2000:]}")
    if ended.stderr:
        print(f"{server.name}: {ended.stderr[-2000:]}", file=sys.stderr)
    return json.loads(ended.stdout)


def measure(kind, options):
    with servers.started(kind, options) as (server, _):
        pid = server.process.child.pid
        # The crowd's samples must not be ahead of the clock.
        crowd_ticks = int(options.seconds * options.rate / options.series) + 2
        start_ms = int(time.time() * 1000) // STEP_MS * STEP_MS - crowd_ticks * STEP_MS
        servers.load(server, options, start_ms=start_ms - options.ticks * STEP_MS, rate=0)
        reset_peak(pid)
        used = cpu_seconds(pid)
        seen = crowd(server, options, start_ms)
        used = cpu_seconds(pid) - used
        if not server.process.running():
            raise AssertionError(f"{server.name} ended:\n{server.process.log()[-4000:]}")
        return {
            "failed queries": seen["failed_queries"],
            "refused writes": seen["refused_samples"] + seen["retries"],
            "queries answered per second": seen["queries"] / seen["seconds"],
            "answer, KiB": seen["answered_bytes"] / max(1, seen["queries"]) / 1024,
            "query, p50 ms": seen["query_ms"]["p50"],
            "query, p99 ms": seen["query_ms"]["p99"],
            "samples stored per second": seen["samples_per_second"],
            "write, p50 ms": seen["write_ms"]["p50"],
            "write, p99 ms": seen["write_ms"]["p99"],
            "CPU, cores": used / seen["seconds"],
            "CPU, ms per query and its share of the writes": used * 1000 / max(1, seen["queries"]),
            "generator beside it, cores": seen["cpu_seconds"] / seen["seconds"],
            "peak memory, MiB": peak_bytes(pid) / 2**20,
        }


def main():
    parser = servers.command_line(__doc__, series=20000, ticks=240, rate=20000)
    parser.add_argument("--clients", type=int, default=64, help="dashboards, and writers (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--most-mib", type=float, default=512, help="memory that Nightlight may take (default %(default)s)")
    options = parser.parse_args()
    results = servers.each(options, measure)
    print(f"{options.clients} dashboards and {options.clients} writers of {options.rate:,.0f} samples a second for {options.seconds:.0f} s, "
          f"{options.series:,} series, {options.ticks:,} samples each before\n")
    print(servers.table(results))
    ours = results.get(servers.Nightlight.name)
    if ours is None:
        return 0
    faults = [name for name, most in (("failed queries", 0), ("refused writes", 0), ("peak memory, MiB", options.most_mib))
              if ours[name] > most]
    if faults:
        print(f"Nightlight: {', '.join(faults)}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
