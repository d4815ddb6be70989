#!/usr/bin/env python3
"""What a day's work costs beside the peers: 2 h of samples written, two dozen range queries as dashboards ask them, from memory and
from disk. One server after the other, with the same load, as a markdown table; result caches are off (nocache=1).

    bench/dashboard.py --series 100000 --ticks 480     # 48 million samples; about half an hour with all three servers

CPU is what the server's process used (utime + stime of /proc/PID/stat). NIGHTLIGHT_PROMETHEUS and NIGHTLIGHT_VICTORIA_METRICS name the
peers' binaries (default: those on PATH); a peer that is not there is left out.
"""

import time
import urllib.parse

import servers
from servers import cpu_seconds

QUERIES = [
    'sum by (mode) (rate(node_cpu_seconds_total[5m]))',
    '100 - 100 * avg by (cluster) (rate(node_cpu_seconds_total{mode="idle"}[5m]))',
    'avg by (cluster) (node_load1)',
    'node_load5{instance=~"host-0000.*"}',
    'topk(5, node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)',
    'sum by (region) (rate(node_network_receive_bytes_total{device!="lo"}[5m])) * 8',
    'histogram_quantile(0.99, sum by (le, handler) (rate(http_request_duration_seconds_bucket[5m])))',
    'histogram_quantile(0.5, sum by (le) (rate(http_request_duration_seconds_bucket{handler="/api/v1/login"}[5m])))',
    'sum by (handler) (rate(http_request_duration_seconds_count[5m]))',
    'sum by (handler) (rate(http_request_duration_seconds_sum[5m])) / sum by (handler) (rate(http_request_duration_seconds_count[5m]))',
    'max by (cluster) (max_over_time(node_memory_MemFree_bytes[10m]))',
    'avg by (sensor) (avg_over_time(node_hwmon_temp_celsius[5m]))',
    'min by (mountpoint) (node_filesystem_avail_bytes / node_filesystem_size_bytes)',
    'count(predict_linear(node_filesystem_avail_bytes[1h], 4 * 3600) > 0)',
    'count by (region) (up == 1)',
    'sum by (device) (increase(node_disk_written_bytes_total[1h]))',
    'max by (cluster) (irate(node_disk_io_time_seconds_total{device="sda"}[5m]))',
    'quantile(0.95, node_load5)',
    'stddev by (region) (node_load15)',
    'sum by (cluster) (process_resident_memory_bytes)',
    'max(delta(node_hwmon_temp_celsius{sensor="temp1"}[30m]))',
    'max_over_time(sum(rate(node_context_switches_total[5m]))[30m:1m])',
    'avg(time() - node_boot_time_seconds)',
    'sum(changes(node_network_up[15m]))',
]


def ask(server, http, text, load, step_s):
    """One range query over the whole load; returns its time in seconds."""
    path = "/api/v1/query_range?" + urllib.parse.urlencode(
        {"query": text, "start": load["start_ms"] / 1000, "end": load["end_ms"] / 1000, "step": step_s, "nocache": 1})
    began = time.monotonic()
    status, _, body = http.request("GET", path, timeout_s=600)
    if status != 200:
        raise AssertionError(f"{server.name}: {text}: {status} {body[:300]}")
    return time.monotonic() - began


def suite(server, http, load, where, options, result):
    pid = server.process.child.pid
    servers.wait_idle(pid)
    servers.reset_peak(pid)
    before_bytes = servers.rss_bytes(pid)
    used = cpu_seconds(pid)
    for text in QUERIES:
        ask(server, http, text, load, options.step)
    result[f"all queries, {where}, first time, CPU ms"] = (cpu_seconds(pid) - used) * 1000
    total = 0
    for text in QUERIES:
        used, waited = cpu_seconds(pid), []
        for _ in range(options.repeat):
            waited.append(ask(server, http, text, load, options.step))
        cost = (cpu_seconds(pid) - used) * 1000 / options.repeat
        total += cost
        result[f"`{text}`, {where}, CPU ms"] = cost
        result[f"`{text}`, {where}, median ms"] = sorted(waited)[len(waited) // 2] * 1000
    result[f"all queries, {where}, again, CPU ms"] = total
    peak_bytes = servers.peak_bytes(pid)
    result[f"peak memory of the process, {where}, MiB"] = peak_bytes / 2**20
    result[f"peak memory of the process, {where}, above that before the queries, MiB"] = (peak_bytes - before_bytes) / 2**20


def measure(kind, options):
    with servers.started(kind, options) as (server, http):
        pid = server.process.child.pid
        used = cpu_seconds(pid)
        load = servers.load(server, options)
        result = {"CPU, ns per sample written": (cpu_seconds(pid) - used) * 1e9 / load["acked_samples"],
                  "memory after the load, bytes per series": servers.rss_bytes(pid) / options.series}
        servers.show_newest(server, http)
        suite(server, http, load, "just written", options, result)
        settled = server.settle(http)
        suite(server, http, load, "from disk", options, result)
        if settled is not None:
            result["disk in blocks, bytes per sample"] = settled / load["acked_samples"]
        return result


def main():
    parser = servers.command_line(__doc__, series=100000, ticks=480)
    parser.add_argument("--step", type=int, default=15, help="seconds (default %(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each query after the first (default %(default)s)")
    servers.compare(parser, measure, "steps of {step} s")


if __name__ == "__main__":
    main()
