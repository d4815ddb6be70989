"""The servers that the benchmarks start one after the other, each with its defaults, and what they cost: CPU, memory, disk."""

import argparse
import contextlib
import glob
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tests", "integration"))
import processes  # noqa: E402

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def status_bytes(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith(field):
                return int(line.split()[1]) * 1024
    return 0


def rss_bytes(pid):
    return status_bytes(pid, "VmRSS:")


def reset_peak(pid):
    """Makes peak_bytes() start from now."""
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as refs:
        refs.write("5")


def peak_bytes(pid):
    return status_bytes(pid, "VmHWM:")


def wait_idle(pid, timeout_s=120):
    """Until the process has used next to no CPU for three seconds: its own work on what was written is no query's."""
    since, used, end = time.monotonic(), cpu_seconds(pid), time.monotonic() + timeout_s
    while time.monotonic() - since < 3 and time.monotonic() < end:
        time.sleep(0.5)
        now = cpu_seconds(pid)
        if now - used > 0.05:
            since, used = time.monotonic(), now


class KeptHttp(processes.Http):
    """Requests over connections that stay open, one of each thread, as Grafana's do."""

    def __init__(self, port):
        super().__init__(port)
        self.of_thread = threading.local()

    def request(self, method, path, body=None, headers=None, timeout_s=30):
        connection = getattr(self.of_thread, "connection", None)
        self.of_thread.connection = None  # Until it has answered.
        if connection is not None:
            connection.timeout = timeout_s
            if connection.sock:
                connection.sock.settimeout(timeout_s)
            try:
                connection.request(method, path, body, headers or {})
                return self.answer(connection)
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                connection.close()  # Meanwhile the server had closed it, or it is another server.
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        connection.request(method, path, body, headers or {})
        return self.answer(connection)

    def answer(self, connection):
        answer = connection.getresponse()
        body = answer.read()
        self.of_thread.connection = connection
        return answer.status, answer.headers, body


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
    http = KeptHttp(server.port)
    path = "/health" if isinstance(server, VictoriaMetrics) else "/-/ready"

    def ready():
        if not server.process.running():
            raise AssertionError(server.process.log()[-4000:])
        try:
            return http.request("GET", path)[0] == 200
        except OSError:
            return False

    processes.wait_until(ready, f"{server.name} to be ready", 600)
    return http


@contextlib.contextmanager
def started(kind, options):
    """(a fresh server that is ready, an HTTP client of it); it is killed, and its data removed, at the end."""
    directory = tempfile.mkdtemp(prefix="bench-", dir=options.directory)
    server = kind(directory, options.build)
    try:
        server.process.start()
        yield server, wait_ready(server)
    finally:
        if server.process.running():
            server.process.kill()
        shutil.rmtree(directory, ignore_errors=True)


def show_newest(server, http):
    """Makes VictoriaMetrics show what it was just given, as the others do by themselves."""
    if isinstance(server, VictoriaMetrics):
        http.request("GET", "/internal/force_flush", timeout_s=600)


def load(server, options, churn=0, start_ms=0, rate=None):
    """Writes the made-up fleet's samples, the last of them now unless a start is given; returns what the generator counted."""
    loaded = subprocess.run(
        [os.path.join(options.build, "bench", "load", "nightlight-load"), "--url", f"http://127.0.0.1:{server.port}/api/v1/write",
         "--series", str(options.series), "--ticks", str(options.ticks), "--senders", str(options.senders), "--rate",
         str(options.rate if rate is None else rate), "--churn", str(churn), "--start-ms", str(start_ms)],
        capture_output=True, text=True, check=False)
    if loaded.returncode != 0:
        raise AssertionError(f"{server.name}: {loaded.stdout}{loaded.stderr[-2000:]}")
    return json.loads(loaded.stdout)


def table(results):
    """A markdown table of {server's name: {measure: figure}}, with the peers' figures divided by ours."""
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


def command_line(doc, series, ticks, rate=0, senders=2):
    """A parser of what every benchmark can be told, with these defaults."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=os.path.abspath, default="build/release", help="meson's build directory (default %(default)s)")
    parser.add_argument("--series", type=int, default=series)
    parser.add_argument("--ticks", type=int, default=ticks, help="samples of each series (default %(default)s)")
    parser.add_argument("--senders", type=int, default=senders)
    parser.add_argument("--rate", type=float, default=rate, help="samples a second; 0: as fast as it goes (default %(default)s)")
    parser.add_argument("--only", action="append", help="a server's name; repeatable")
    parser.add_argument("--directory", help="where the data goes (default: the system's place for temporary files)")
    return parser


def each(options, measure):
    """Calls measure(kind, options) for every server that is wanted and installed; returns its results by name."""
    results = {}
    for kind in (Nightlight, Prometheus, VictoriaMetrics):
        if options.only and kind.name not in options.only:
            continue
        if kind is not Nightlight and not kind.binary():
            print(f"{kind.name} is not installed: left out", file=sys.stderr)
            continue
        results[kind.name] = measure(kind, options)
        print(f"{kind.name} is measured", file=sys.stderr)
    return results


def compare(parser, measure, *more):
    """Prints the table of what `measure` finds of each server, below what the load was; `more` are words of it, with options in braces."""
    options = parser.parse_args()
    results = each(options, measure)
    load_was = ", ".join(["{series:,} series", "{ticks:,} samples each", *more])
    print(load_was.format(**vars(options)) + "\n")
    print(table(results))
