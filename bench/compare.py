#!/usr/bin/env python3
"""Nightlight, Prometheus and VictoriaMetrics on this machine, one after the other, with the same load: CPU per sample, memory per
series, bytes per sample on disk, and CPU per query, as a markdown table.

CPU is what the server's process used (utime + stime of /proc/PID/stat), so the load generator beside it does not count. Run it on a
quiet machine, with a release build:

    bench/compare.py --build build/release --series 50000 --ticks 240

NIGHTLIGHT_PROMETHEUS and NIGHTLIGHT_VICTORIA_METRICS name the peers' binaries (default: those on PATH); a peer that is not there is
left out.
"""

import argparse
import glob
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tests", "integration"))
import processes  # noqa: E402

TICKS_PER_S = os.sysconf("SC_CLK_TCK")

QUERIES = {
    "range, 1 h, sum of rates": "sum by (mode) (rate(node_cpu_seconds_total[5m]))",
    "range, 1 h, quantile of buckets": "histogram_quantile(0.99, sum by (le, handler) (rate(http_request_duration_seconds_bucket[5m])))",
    "range, 1 h, raw series": "node_load1",
    "range, 1 h, max over time": "max(max_over_time(node_memory_MemFree_bytes[10m]))",
}


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def rss_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


def disk_bytes(path):
    total, seen = 0, set()
    for directory, _, files in os.walk(path):
        for name in files:
            stat = os.lstat(os.path.join(directory, name))
            if (stat.st_dev, stat.st_ino) not in seen:
                seen.add((stat.st_dev, stat.st_ino))
                total += stat.st_blocks * 512
    return total


class Nightlight:
    name = "Nightlight"

    def __init__(self, directory, build):
        self.data = os.path.join(directory, "data")
        self.port = processes.free_port()
        processes.BINARY = os.path.join(build, "core", "app", "nightlight")
        paths = sorted({os.path.dirname(p) for p in glob.glob(os.path.join(build, "plugins", "*", "*.so"))})
        os.environ["NIGHTLIGHT_PLUGIN_PATH"] = ":".join(os.path.abspath(p) for p in paths)
        self.process = processes.nightlight(directory, f"""
server: {{http_addr: "127.0.0.1:{self.port}", grpc_addr: "127.0.0.1:{processes.free_port()}"}}
storage: {{data_dir: "{self.data}"}}
instances:
  api: {{enable_admin_api: true}}
""")

    def settle(self, http):
        """What is on disk when everything written so far stands in blocks."""
        status, _, body = http.request("POST", "/api/v1/admin/tsdb/snapshot", timeout_s=600)
        if status != 200:
            return None
        name = json.loads(body)["data"]["name"]
        found = [path for path, _, _ in os.walk(self.data) if os.path.basename(path) == name]
        return disk_bytes(found[0]) if found else None


class Prometheus:
    name = "Prometheus"

    def __init__(self, directory, _build):
        self.data = os.path.join(directory, "prometheus-data")
        self.port = processes.free_port()
        self.process = processes.prometheus(directory, "global:\n  scrape_interval: 15s\n", self.port,
                                            "--web.enable-remote-write-receiver", "--web.enable-admin-api",
                                            binary=self.binary())

    @staticmethod
    def binary():
        return os.environ.get("NIGHTLIGHT_PROMETHEUS") or shutil.which("prometheus")

    settle = Nightlight.settle


class VictoriaMetrics:
    name = "VictoriaMetrics"

    def __init__(self, directory, _build):
        self.data = os.path.join(directory, "vm-data")
        self.port = processes.free_port()
        self.process = processes.Process(
            [self.binary(), f"-storageDataPath={self.data}", f"-httpListenAddr=127.0.0.1:{self.port}", "-retentionPeriod=1y",
             "-search.latencyOffset=0s"],
            os.path.join(directory, "vm.log"), cwd=directory)

    @staticmethod
    def binary():
        return (os.environ.get("NIGHTLIGHT_VICTORIA_METRICS") or shutil.which("victoria-metrics")
                or shutil.which("victoria-metrics-prod"))

    def settle(self, http):
        http.request("GET", "/internal/force_flush", timeout_s=600)
        http.request("GET", "/internal/force_merge", timeout_s=600)
        previous = None
        for _ in range(60):
            size = disk_bytes(self.data)
            if size == previous:
                return size
            previous = size
            time.sleep(1)
        return previous


def wait_ready(server):
    http = processes.Http(server.port)
    path = "/health" if isinstance(server, VictoriaMetrics) else "/-/ready"

    def ready():
        if not server.process.running():
            raise AssertionError(server.process.log()[-4000:])
        try:
            return http.request("GET", path)[0] == 200
        except OSError:
            return False

    processes.wait_until(ready, f"{server.name} to be ready", 60)
    return http


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
    directory = tempfile.mkdtemp(prefix="compare-", dir=options.directory)
    server = kind(directory, options.build)
    try:
        server.process.start()
        http = wait_ready(server)
        pid = server.process.child.pid
        before_cpu, before_rss = cpu_seconds(pid), rss_bytes(pid)
        loaded = subprocess.run(
            [os.path.join(options.build, "bench", "load", "nightlight-load"), "--url", f"http://127.0.0.1:{server.port}/api/v1/write",
             "--series", str(options.series), "--ticks", str(options.ticks), "--senders", str(options.senders), "--rate",
             str(options.rate), "--churn", str(options.churn)],
            capture_output=True, text=True, check=False)
        if loaded.returncode != 0:
            raise AssertionError(f"{server.name}: {loaded.stdout}{loaded.stderr[-2000:]}")
        load = json.loads(loaded.stdout)
        written_s = cpu_seconds(pid) - before_cpu
        result = {
            "CPU, ns per sample written": written_s * 1e9 / load["acked_samples"],
            "samples per second (generator beside it)": load["samples_per_second"],
            "memory, bytes per series": rss_bytes(pid) / options.series,
            "memory, MiB at rest": before_rss / 2**20,
        }
        if isinstance(server, VictoriaMetrics):
            http.request("GET", "/internal/force_flush", timeout_s=600)  # Or the newest samples are not seen.
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
    finally:
        if server.process.running():
            server.process.kill()
        shutil.rmtree(directory, ignore_errors=True)


def table(results):
    names = list(results)
    ours = results.get(Nightlight.name)
    lines = ["| measure | " + " | ".join(names) + " |" + "".join(f" {n} / Nightlight |" for n in names if ours and n != Nightlight.name),
             "|---|" + "---|" * (len(names) + (len(names) - 1 if ours else 0))]
    measures = list(dict.fromkeys(m for result in results.values() for m in result))
    for measure_name in measures:
        cells = [f"{results[n][measure_name]:,.2f}" if measure_name in results[n] else "-" for n in names]
        for n in names:
            if not ours or n == Nightlight.name:
                continue
            both = measure_name in results[n] and ours.get(measure_name)
            cells.append(f"{results[n][measure_name] / ours[measure_name]:.2f}" if both else "-")
        lines.append(f"| {measure_name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release", help="meson's build directory (default %(default)s)")
    parser.add_argument("--series", type=int, default=20000)
    parser.add_argument("--ticks", type=int, default=240, help="samples of each series (default %(default)s)")
    parser.add_argument("--senders", type=int, default=2)
    parser.add_argument("--rate", type=float, default=0, help="samples a second; 0: as fast as it goes")
    parser.add_argument("--churn", type=float, default=0, help="percent of the series replaced per simulated hour")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each query")
    parser.add_argument("--only", action="append", help="a server's name; repeatable")
    parser.add_argument("--directory", help="where the data goes (default: the system's place for temporary files)")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    results = {}
    for kind in (Nightlight, Prometheus, VictoriaMetrics):
        if options.only and kind.name not in options.only:
            continue
        if kind is not Nightlight and not kind.binary():
            print(f"{kind.name} is not installed: left out", file=sys.stderr)
            continue
        results[kind.name] = measure(kind, options)
        print(f"{kind.name} is measured", file=sys.stderr)
    print(f"{options.series:,} series, {options.ticks:,} samples each, {options.senders} senders, churn {options.churn} % an hour\n")
    print(table(results))


if __name__ == "__main__":
    main()
