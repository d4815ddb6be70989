"""Real processes for integration tests: free ports, start, wait until ready, kill, and HTTP over TLS or without.

Environment: NIGHTLIGHT_BINARY (the server), NIGHTLIGHT_PLUGIN_PATH (its plugins), NIGHTLIGHT_PROMETHEUS (default: the one on PATH).
Every process listens on loopback only and ends with the test.
"""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.parse

BINARY = os.environ.get("NIGHTLIGHT_BINARY", "nightlight")


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, timeout_s=30):
    """Polls until `condition()` is true."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s} s for {what}")
        time.sleep(0.02)


class Process:
    """A child whose output goes to a file; `stop` and `kill` wait for its end."""

    def __init__(self, argv, log_path, cwd=None, env=None):
        self.argv, self.log_path, self.cwd, self.env = argv, log_path, cwd, env
        self.child = None

    def start(self):
        with open(self.log_path, "ab") as log:
            self.child = subprocess.Popen(
                self.argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.cwd, env=self.env)
        return self

    def running(self):
        return self.child is not None and self.child.poll() is None

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def _end(self, number, timeout_s):
        if self.child is None:
            return None
        if self.child.poll() is None:
            self.child.send_signal(number)
        try:
            return self.child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise AssertionError(f"{self.argv[0]} did not stop in {timeout_s} s; its log:\n{self.log()[-4000:]}")

    def stop(self, timeout_s=30):
        return self._end(signal.SIGTERM, timeout_s)

    def kill(self):
        return self._end(signal.SIGKILL, 30)


def client_tls(ca, cert=None, key=None):
    """What a client needs to talk to a server of the test authority."""
    context = ssl.create_default_context(cafile=ca)
    if cert:
        context.load_cert_chain(cert, key)
    return context


def client_of(directory, name="client"):
    """The TLS of a client of pki.generate(directory); None: without a certificate."""
    keys = [os.path.join(directory, name + suffix) for suffix in (".crt", ".key")] if name else []
    return client_tls(os.path.join(directory, "ca.crt"), *keys)


class Http:
    """Requests to one server. `tls` is an ssl.SSLContext or None."""

    def __init__(self, port, tls=None):
        self.port, self.tls = port, tls

    def request(self, method, path, body=None, headers=None, timeout_s=30):
        """(status, headers, body)"""
        if self.tls:
            connection = http.client.HTTPSConnection("localhost", self.port, context=self.tls, timeout=timeout_s)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def api(self, endpoint, **parameters):
        """The decoded JSON of GET /api/v1/ENDPOINT; lists become repeated parameters."""
        query = urllib.parse.urlencode({k.rstrip("_"): v for k, v in parameters.items()}, doseq=True)
        _, _, body = self.request("GET", f"/api/v1/{endpoint}?{query}")
        return json.loads(body)

    def metric(self, name, *labels):
        """The sum over the samples of /metrics with this name and all of these labels, each as `name="value"`."""
        page = self.request("GET", "/metrics")[2].decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in page.splitlines()
                   if re.match(re.escape(name) + r"[ {]", line) and all(label in line for label in labels))

    def wait_ready(self, process, timeout_s=60, path="/-/ready"):
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if not process.running():
                raise AssertionError(f"{process.argv[0]} ended with {process.child.returncode}:\n{process.log()[-4000:]}")
            try:
                if self.request("GET", path, timeout_s=5)[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"{process.argv[0]} was not ready within {timeout_s} s:\n{process.log()[-4000:]}")


def nightlight(directory, config, *arguments):
    """A server with `config` (YAML text); `--dev` lets it take its plugins from NIGHTLIGHT_PLUGIN_PATH."""
    path = os.path.join(directory, "nightlight.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(config)
    return Process([BINARY, "serve", "--dev", "--config", path, *arguments], os.path.join(directory, "nightlight.log"),
                   cwd=directory)


def prometheus(directory, config, port, *arguments, binary=None):
    """A Prometheus with `config` (YAML text) and its data under `directory`."""
    binary = binary or os.environ.get("NIGHTLIGHT_PROMETHEUS") or shutil.which("prometheus")
    path = os.path.join(directory, "prometheus.yml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(config)
    return Process(
        [binary, f"--config.file={path}", f"--storage.tsdb.path={os.path.join(directory, 'prometheus-data')}",
         f"--web.listen-address=127.0.0.1:{port}", *arguments],
        os.path.join(directory, "prometheus.log"), cwd=directory)
