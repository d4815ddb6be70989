"""gRPC clients that do not have our protos, over mTLS: they list, describe, write and query with what the reflection service tells them.

One is made of PyPI's grpcio-reflection; the other is grpcurl, when there is one (NIGHTLIGHT_GRPCURL, or on PATH).
"""

import json
import math
import os
import re
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import python_packages  # noqa: E402
import secured_server  # noqa: E402

PACKAGE = "nightlight.v1"
CLIENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "reflection_client.py")
VALUES = [0.1 + 0.2, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, 42.0]
QUERY = f"{PACKAGE}.QueryService/Query"


def documented():
    """{service: {(method, request, response)}} as the .proto file has it; messages of a stream have the word before them."""
    with open(os.path.join(os.environ["NIGHTLIGHT_SOURCE_ROOT"], "proto/nightlight/v1/nightlight.proto"), encoding="utf-8") as file:
        text = file.read()
    found = {}
    for service, body in re.findall(r"^service (\w+) \{(.*?)^\}", text, re.M | re.S):
        methods = re.findall(r"rpc (\w+)\((stream )?(\w+)\) returns \((stream )?(\w+)\)", body)
        found[f"{PACKAGE}.{service}"] = {(name, f"{s1}{PACKAGE}.{m1}", f"{s2}{PACKAGE}.{m2}") for name, s1, m1, s2, m2 in methods}
    return found


def number(value):
    """A double as protobuf's JSON has it."""
    return {"Infinity": math.inf, "-Infinity": -math.inf}.get(value) or float(value)


class Foreign(secured_server.SecuredServer):
    def run_client(self, *arguments, stdin="", certificate="client"):
        """(exit status, standard output, standard error)"""
        keys = [self.path(certificate + suffix) if certificate else "" for suffix in (".crt", ".key")]
        ended = subprocess.run(self.command(f"localhost:{self.rpc_port}", self.path("ca.crt"), *keys, *arguments), input=stdin,
                               capture_output=True, text=True, timeout=60, check=False)
        return ended.returncode, ended.stdout, ended.stderr

    def succeed(self, *arguments, **options):
        status, out, err = self.run_client(*arguments, **options)
        self.assertEqual(status, 0, err)
        return out

    def call(self, method, *requests):
        return self.messages(self.succeed("call", method, stdin="\n".join(map(json.dumps, requests))))

    def write(self, name, values):
        """Writes a series, with a message of its own for each half of it, over one stream; the time of its newest sample."""
        now_ms = int(time.time()) * 1000
        times = [now_ms - 1000 * (len(values) - 1 - i) for i in range(len(values))]
        half = len(values) // 2
        answers = self.call(f"{PACKAGE}.IngestService/WriteStream", *(
            {"id": str(number_), "symbols": ["__name__", name, "client", "foreign"],
             "series": [{"label_refs": [0, 1, 2, 3], "timestamps_ms": times[part], "values": values[part]}]}
            for number_, part in ((7, slice(0, half)), (8, slice(half, None)))))
        self.assertEqual([(answer["id"], answer["samples_written"]) for answer in answers],
                         [("7", str(half)), ("8", str(len(values) - half))])
        return times

    def series_of(self, batch):
        """[(labels, [(time, value)])] of a SeriesBatch."""
        found = []
        for series in batch["series"]:
            refs, at, samples = series["label_refs"], 0, []
            for delta, value in zip(series["timestamp_deltas_ms"], series["values"]):
                at += int(delta)
                samples.append((at, number(value)))
            found.append(({batch["symbols"][name]: batch["symbols"][value] for name, value in zip(refs[::2], refs[1::2])}, samples))
        return found

    def check_list_and_describe(self):
        services = self.succeed("list").split()
        self.assertEqual({name for name in services if name.startswith("nightlight")}, set(documented()))
        for service, methods in documented().items():
            self.assertEqual(self.methods(self.succeed("describe", service)), methods, service)

    def check_write_and_query(self, name):
        spelled = [value if math.isfinite(value) else "-Infinity" if value < 0 else "Infinity" for value in VALUES]
        times = self.write(name, spelled)
        expected = [({"__name__": name, "client": "foreign"}, list(zip(times, VALUES)))]
        request = {"query": f"{name}[1h]", "time_ms": str(times[-1])}
        [answer] = self.call(QUERY, request)
        self.assertEqual(answer["header"]["type"], "RESULT_TYPE_MATRIX")
        got = self.series_of(answer["batch"])
        self.assertEqual(got, expected)
        self.assertEqual([math.copysign(1, value) for _, value in got[0][1]], [math.copysign(1, value) for value in VALUES])
        header, *batches, trailer = self.call(QUERY + "Stream", request)
        self.assertEqual(list(header), ["header"])
        self.assertEqual([one for batch in batches for one in self.series_of(batch["batch"])], expected)
        self.assertEqual(list(trailer), ["trailer"])
        [answer] = self.call(f"{PACKAGE}.MetadataService/LabelValues", {"name": "client", "selection": {"match": [name]}})
        self.assertEqual(answer["values"], ["foreign"])

    def check_mistakes(self):
        for query, text in (("up{", "parse error"), ("rate(up)", "expected type range vector")):
            status, _, err = self.run_client("call", QUERY, stdin=json.dumps({"query": query}))
            self.assertNotEqual(status, 0)
            self.assertRegex(err, r"INVALID_ARGUMENT|InvalidArgument")
            self.assertIn(text, err)
        status, _, err = self.run_client("call", f"{PACKAGE}.AdminService/Snapshot", stdin="{}")
        self.assertNotEqual(status, 0)
        self.assertRegex(err, r"UNIMPLEMENTED|Unimplemented", "what is switched off is no reason to try again")
        self.assertIn("admin APIs disabled", err)

    def check_certificates(self):
        self.succeed("list")
        for certificate in (None, "expired", "stranger", "self_signed", "server_use"):
            with self.subTest(certificate=certificate):
                status, out, _ = self.run_client("list", certificate=certificate)
                self.assertNotEqual(status, 0)
                self.assertEqual(out, "")


class Python(Foreign):
    @classmethod
    def setUpClass(cls):
        cls.tools = python_packages.directory_of(
            "grpc", "grpcio==1.76.0", "grpcio-reflection==1.76.0", "grpcio-health-checking==1.76.0")
        super().setUpClass()

    def command(self, *arguments):
        return [f"{self.tools}/bin/python", CLIENT, *arguments]

    def messages(self, out):
        return [json.loads(line) for line in out.splitlines()]

    def methods(self, out):
        return {tuple(re.fullmatch(r"(\w+) ((?:stream )?\S+) ((?:stream )?\S+)", line).groups()) for line in out.splitlines()}

    def test_lists_and_describes(self):
        self.check_list_and_describe()

    def test_writes_and_queries(self):
        self.check_write_and_query("from_python")

    def test_mistakes(self):
        self.check_mistakes()

    def test_only_clients_of_the_authority_are_served(self):
        self.check_certificates()

    def test_health(self):
        for service in ("", *documented()):
            self.assertEqual(self.succeed("health", service), "SERVING\n", service)
        status, _, err = self.run_client("health", f"{PACKAGE}.Nothing")
        self.assertEqual((status, err.split()[0]), (1, "NOT_FOUND"))


class Grpcurl(Foreign):
    @classmethod
    def setUpClass(cls):
        cls.binary = os.environ.get("NIGHTLIGHT_GRPCURL") or shutil.which("grpcurl")
        if not cls.binary:
            print("skipped: grpcurl is not installed (NIGHTLIGHT_GRPCURL)", file=sys.stderr)
            raise unittest.SkipTest("no grpcurl")
        super().setUpClass()

    def command(self, address, ca, certificate, key, action, *arguments):
        keys = ["-cert", certificate, "-key", key] if certificate else []
        options = [self.binary, "-cacert", ca, *keys, "-max-time", "30"]
        if action == "call":
            return [*options, "-d", "@", address, *arguments]
        return [*options, address, action, *arguments]

    def messages(self, out):
        decoder, found, at = json.JSONDecoder(parse_int=lambda text: -0.0 if text == "-0" else int(text)), [], 0
        while out[at:].strip():
            message, at = decoder.raw_decode(out, len(out) - len(out[at:].lstrip()))
            found.append(message)
        return found

    def methods(self, out):
        found = re.findall(r"rpc (\w+) \( (stream )?\.(\S+) \) returns \( (stream )?\.(\S+) \);", out)
        return {(name, s1 + m1, s2 + m2) for name, s1, m1, s2, m2 in found}

    def test_lists_and_describes(self):
        self.check_list_and_describe()

    def test_writes_and_queries(self):
        self.check_write_and_query("from_grpcurl")

    def test_mistakes(self):
        self.check_mistakes()

    def test_only_clients_of_the_authority_are_served(self):
        self.check_certificates()


if __name__ == "__main__":
    unittest.main(verbosity=2)
