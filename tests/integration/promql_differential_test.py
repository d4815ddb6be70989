"""Random queries over random series, to a real Prometheus and to Nightlight: the same answers, errors and annotations, to the bit.

NIGHTLIGHT_PROMETHEUS names the Prometheus. Only 3.16 is an oracle for the whole language; an older one is not compared with.
NIGHTLIGHT_DIFFERENTIAL_QUERIES says how many queries (default 10000), NIGHTLIGHT_DIFFERENTIAL_SEED which.
A query that shows a difference is made smaller before it is printed.
answer_comparison.py tells what is the same answer.
"""

import collections
import http.client
import os
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

import answer_comparison
import differential_series
import processes
import query_generator
import query_tree

QUERIES = int(os.environ.get("NIGHTLIGHT_DIFFERENTIAL_QUERIES", "10000"))
SEED = int(os.environ.get("NIGHTLIGHT_DIFFERENTIAL_SEED", "1"))
MOST_DIFFERENCES = int(os.environ.get("NIGHTLIGHT_DIFFERENTIAL_MOST", "10"))

FEATURES = "promql-experimental-functions,promql-binop-fill-modifiers"
# How often Prometheus is asked again, to see whether it contradicts itself.
REPEATS = 12


class Connection:
    """Requests to one server over one connection."""

    def __init__(self, port):
        self.port = port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def send(self, path, parameters):
        body = urllib.parse.urlencode(parameters)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            self.connection.request("POST", "/api/v1/" + path, body, headers)
        except (BrokenPipeError, ConnectionResetError, http.client.CannotSendRequest):  # Closed while it was idle.
            self.connection.close()
            self.connection.request("POST", "/api/v1/" + path, body, headers)

    def receive(self):
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def close(self):
        self.connection.close()


def parameters(query, when):
    start_ms, end_ms, step_ms, lookback_ms = when
    out = {"query": query}
    if lookback_ms:
        out["lookback_delta"] = f"{lookback_ms / 1000:.3f}"
    if step_ms:
        out.update(start=f"{start_ms / 1000:.3f}", end=f"{end_ms / 1000:.3f}", step=f"{step_ms / 1000:.3f}")
        return "query_range", out
    out["time"] = f"{start_ms / 1000:.3f}"
    return "query", out


def version_of(binary):
    """(2, 42); () when there is no such program, None when it does not know, as one that `go install` has built."""
    try:
        answer = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        return ()
    found = re.search(r"version (\d+)\.(\d+)", answer.stdout + answer.stderr)
    return tuple(map(int, found.groups())) if found else None


class DifferentialTest(unittest.TestCase):
    loose = 0

    @classmethod
    def setUpClass(cls):
        binary = os.environ.get("NIGHTLIGHT_PROMETHEUS", "prometheus")
        version = version_of(binary)
        if version is not None and version < (3, 16):
            reason = f"the oracle is Prometheus 3.16; {binary} is {'.'.join(map(str, version)) or 'not there'}"
            print(f"skipped: {reason}", file=sys.stderr)
            raise unittest.SkipTest(reason)
        cls.directory = tempfile.TemporaryDirectory()
        port = processes.free_port()
        cls.oracle = processes.prometheus(
            cls.directory.name, "global:\n  scrape_interval: 15s\n", port, "--web.enable-remote-write-receiver",
            "--storage.tsdb.retention.time=100y", f"--enable-feature={FEATURES}", "--query.max-samples=5000000", binary=binary).start()
        theirs = processes.Http(port)
        theirs.wait_ready(cls.oracle)
        cls.theirs = Connection(port)

        port = processes.free_port()
        config = f"""
server: {{http_addr: "127.0.0.1:{port}", grpc_addr: "127.0.0.1:{processes.free_port()}"}}
storage: {{data_dir: "{cls.directory.name}/nightlight-data", retention_days: 36500}}
"""
        cls.server = processes.nightlight(cls.directory.name, config).start()
        ours = processes.Http(port)
        ours.wait_ready(cls.server)
        cls.ours = Connection(port)
        all_series = differential_series.build(SEED)
        for http_client in (ours, theirs):
            differential_series.load(http_client, all_series)

    @classmethod
    def tearDownClass(cls):
        cls.ours.close()
        cls.theirs.close()
        cls.server.stop()
        cls.oracle.stop()
        cls.directory.cleanup()

    def answers(self, query, when):
        """Both answers to a query: (ours, theirs)."""
        path, form = parameters(query, when)
        self.ours.send(path, form)
        self.theirs.send(path, form)
        return (answer_comparison.essence(*self.ours.receive(), query), answer_comparison.essence(*self.theirs.receive(), query))

    def differs(self, query, when):
        ours, theirs = self.answers(query, when)
        if ours == theirs or answer_comparison.same_but_for_mathematics(ours, theirs, query):
            return False
        if answer_comparison.same_but_for_order(ours, theirs, query):
            return False
        path, form = parameters(query, when)
        several = [theirs]
        for _ in range(REPEATS):
            self.theirs.send(path, form)
            several.append(answer_comparison.essence(*self.theirs.receive(), query))
        if ours in several:
            return False
        if all(answer == theirs for answer in several):
            return True
        self.loose += 1
        return not answer_comparison.loosely_same(ours, several)

    def smallest(self, tree, when):
        """A smaller query and time with a difference."""
        tree = query_tree.shrink(tree, lambda query: self.differs(query, when))
        start_ms, end_ms, step_ms, lookback_ms = when
        if step_ms:
            for at_ms in range(start_ms, end_ms + 1, step_ms):
                if self.differs(str(tree), (at_ms, at_ms, 0, lookback_ms)):
                    when = (at_ms, at_ms, 0, lookback_ms)
                    return query_tree.shrink(tree, lambda query: self.differs(query, when), 60), when
        return tree, when

    def test_every_answer_is_the_oracles(self):
        differences, statuses, loose = {}, collections.Counter(), 0
        for number in range(QUERIES):
            tree, when = query_generator.question(SEED, number)
            ours, theirs = self.answers(str(tree), when)
            statuses[theirs[0]] += 1
            if ours == theirs:
                continue
            self.loose = 0
            if not self.differs(str(tree), when):
                loose += self.loose
                continue
            small, small_when = self.smallest(tree, when)
            ours, theirs = self.answers(str(small), small_when)
            path, form = parameters(str(small), small_when)
            differences.setdefault(str(small), f"{number}: {path} {form}\n   ours:   {ours}"[:1500] + f"\n   theirs: {theirs}"[:1500])
            if len(differences) >= MOST_DIFFERENCES:
                break
        print(f"{number + 1} queries, answered {dict(statuses)}, {loose} to which Prometheus contradicts itself, "
              f"{len(differences)} differences", file=sys.stderr)
        if differences:
            self.fail(f"{len(differences)} differences:\n" + "\n".join(differences.values()))


if __name__ == "__main__":
    unittest.main()
