"""The API does what /api/v1/openapi.yaml says of it: schemathesis makes requests from the description, right ones and wrong ones, and holds
every answer against it. They are the same requests each time.
"""

import collections
import os
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import differential_series  # noqa: E402
import python_packages  # noqa: E402
import remote_write  # noqa: E402
import secured_server  # noqa: E402

SEED = 1
EXAMPLES = os.environ.get("NIGHTLIGHT_OPENAPI_EXAMPLES", "8")
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
          "response_schema_conformance", "unsupported_method", "allow_header_conformance")
# There is nothing that these could find.
NEVER_FOUND = {"GET /scrape_pools/config", "GET /targets/relabel_steps"}


class Described(secured_server.SecuredServer):
    MORE = "instances: {api: {enable_admin_api: true}, store: {retention: 0s}}\n"

    @classmethod
    def setUpClass(cls):
        cls.tools = python_packages.directory_of("openapi", "schemathesis==4.32.5", "openapi-spec-validator==0.9.0")
        super().setUpClass()
        differential_series.load(cls.http, differential_series.build(SEED))
        now_ms = int(time.time()) * 1000
        status, body = remote_write.write(cls.http, [({"__name__": "up", "job": "node"}, [(now_ms, 1.0)], [({"trace": "a"}, now_ms, 0.5)])],
                                          [("up", 2, "Whether it runs."), ("requests_total", 1, "Requests.", "requests")])
        assert status == 204, body

    def run_on(self, *filters):
        """Runs schemathesis; {"METHOD /path": {status: [series in each answer]}}."""
        answers_path = self.path("answers")
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": os.path.dirname(os.path.abspath(__file__)),
                       "NIGHTLIGHT_ANSWERS": answers_path}
        ended = subprocess.run(
            [f"{self.tools}/bin/schemathesis", "run", f"https://localhost:{self.port}/api/v1/openapi.yaml", "--no-color",
             "--generation-deterministic", f"--max-examples={EXAMPLES}", "--continue-on-failure", "--warnings=off",
             f"--checks={','.join(CHECKS)}", f"--tls-verify={self.path('ca.crt')}", f"--request-cert={self.path('client.crt')}",
             f"--request-cert-key={self.path('client.key')}", *filters],
            capture_output=True, text=True, env=environment, cwd=self.directory, timeout=500, check=False)
        self.assertEqual(ended.returncode, 0, ended.stdout[-8000:] + ended.stderr[-2000:])
        answers = collections.defaultdict(lambda: collections.defaultdict(list))
        with open(answers_path, encoding="utf-8") as file:
            for line in file:
                method, path, status, series = line.split()
                answers[f"{method} {path}"][int(status)].append(int(series))
        os.remove(answers_path)
        self.assertTrue(self.server.running(), self.server.log()[-4000:])
        return answers

    def assert_successes(self, answers, least):
        served = {operation for operation, statuses in answers.items() if statuses.keys() != {405} and not operation.startswith("OPTIONS")}
        found = {operation for operation in served if 200 in answers[operation] or 204 in answers[operation]}
        self.assertEqual(served - found - NEVER_FOUND, set(), "operations without one success prove little")
        self.assertGreaterEqual(len(found), least)


class Queries(Described):
    def test_the_description_is_openapi(self):
        for version in ("3.1", "3.2"):
            status, _, text = self.http.request("GET", f"/api/v1/openapi.yaml?openapi_version={version}")
            self.assertEqual((status, text.splitlines()[0]), (200, f"openapi: {version}.0".encode()))
            with open(self.path("openapi.yaml"), "wb") as file:
                file.write(text)
            ended = subprocess.run([f"{self.tools}/bin/openapi-spec-validator", self.path("openapi.yaml")],
                                   capture_output=True, text=True, check=False)
            self.assertEqual(ended.returncode, 0, (ended.stdout + ended.stderr)[:4000])

    def test_answers_to_queries_are_as_described(self):
        answers = self.run_on("--exclude-path-regex=/admin/|/notifications/live")
        self.assert_successes(answers, 38)
        for operation in ("GET /query", "POST /query", "GET /query_range", "POST /query_range"):
            self.assertGreater(sum(map(bool, answers[operation][200])), 5, f"{operation}: hardly an answer has anything in it")


class Administration(Described):
    def test_answers_of_the_administration_are_as_described(self):
        self.assert_successes(self.run_on("--include-path-regex=/admin/"), 6)


if __name__ == "__main__":
    unittest.main(verbosity=2)
