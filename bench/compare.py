#!/usr/bin/env python3
"""Nightlight, Prometheus and VictoriaMetrics on this machine, one after the other, with the same load: CPU per sample, memory per
series, bytes per sample on disk, and CPU per query, as a markdown table.

CPU is what the server's process used (utime + stime of /proc/PID/stat), so the load generator beside it does not count. Run it on a
quiet machine, with a release build:

    bench/compare.py --build build/release --series 50000 --ticks 240

NIGHTLIGHT_PROMETHEUS and NIGHTLIGHT_VICTORIA_METRICS name the peers' binaries (default: those on PATH); a peer that is not there is
left out.
"""

import statistics
import time
import urllib.parse

import servers
from servers import cpu_seconds, disk_bytes, rss_bytes

QUERIES = {
    "range, 1 h, sum of rates": "sum by (mode) (rate(node_cpu_seconds_total[5m]))",
    "range, 1 h, quantile of buckets": "histogram_quantile(0.99, sum by (le, handler) (rate(http_request_duration_seconds_bucket[5m])))",
    "range, 1 h, raw series": "node_load1",
    "range, 1 h, max over time": "max(max_over_time(node_memory_MemFree_bytes[10m]))",
}


def query(server, http, load, where, repeat, result):
    pid, end = server.process.child.pid, load["end_ms"] / 1000
    for name, text in QUERIES.items():
        path = "/api/v1/query_range?" + urllib.parse.urlencode(
            {"query": text, "start": max(end - 3600, load["start_ms"] / 1000), "end": end, "step": 15, "nocache": 1})
        latencies, used = [], cpu_seconds(pid)
        for _ in range(repeat):
            began = time.monotonic()
            status, _, body = http.request("GET", path, timeout_s=300)
            latencies.append(time.monotonic() - began)
            if status != 200:
                raise AssertionError(f"{server.name}: {text}: {status} {body[:300]}")
        result[f"{name}, {where}, CPU ms"] = (cpu_seconds(pid) - used) * 1000 / repeat
        result[f"{name}, {where}, median ms"] = statistics.median(latencies) * 1000


def measure(kind, options):
    with servers.started(kind, options) as (server, http):
        pid = server.process.child.pid
        before_cpu, before_rss = cpu_seconds(pid), rss_bytes(pid)
        load = servers.load(server, options, options.churn)
        written_s = cpu_seconds(pid) - before_cpu
        result = {
            "CPU, ns per sample written": written_s * 1e9 / load["acked_samples"],
            "samples per second (generator beside it)": load["samples_per_second"],
            "memory, bytes per series": rss_bytes(pid) / options.series,
            "memory, MiB at rest": before_rss / 2**20,
        }
        servers.show_newest(server, http)
        query(server, http, load, "just written", options.repeat, result)
        used = cpu_seconds(pid)
        settled = server.settle(http)
        result["CPU, ns per sample written and moved to disk"] = (
            (written_s + cpu_seconds(pid) - used) * 1e9 / load["acked_samples"])
        query(server, http, load, "from disk", options.repeat, result)
        if settled is not None:
            result["disk in blocks, bytes per sample"] = settled / load["acked_samples"]
        server.process.stop(120)
        result["disk after stop, bytes per sample"] = disk_bytes(server.data) / load["acked_samples"]
        return result


def main():
    parser = servers.command_line(__doc__, series=20000, ticks=240)
    parser.add_argument("--churn", type=float, default=0, help="percent of the series replaced per simulated hour")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each query")
    servers.compare(parser, measure, "{senders} senders", "churn {churn} % an hour")


if __name__ == "__main__":
    main()
