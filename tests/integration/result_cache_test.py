"""The result cache never shows: while samples come in order and late, and are deleted, every answer is to the byte what the same question
gets with nocache=1. Random queries over random series; a question comes again and again over a window that moves on.
"""

import os
import random
import sys
import unittest
import urllib.parse

import differential_series
import local_server
import query_generator
import remote_write
from differential_series import END_MS, INTERVAL_MS, START_MS

ROUNDS = int(os.environ.get("NIGHTLIGHT_CACHE_ROUNDS", "100"))
SEED = int(os.environ.get("NIGHTLIGHT_CACHE_SEED", "1"))
QUERIES_PER_ROUND = 25
# Beside the generated ones, of which many are not kept: what dashboards ask.
DASHBOARD = (
    "temperature", "sum by (job) (rate(requests_total[2m]))", "topk(2, temperature)", "avg_over_time(level[3m])",
    "histogram_quantile(0.9, sum by (le) (rate(latency_bucket[5m])))", "temperature > 20 or level", "level offset 1m",
    "max_over_time(sum(rate(requests_total[1m]))[5m:30s])", "count_values(\"v\", constant)", "absent(sparse)", "sparse", "up == 0",
    '{job="api", __name__=~"temperature|level"}', "stddev(temperature) by (instance)", "-level", "quantile(0.3, temperature)",
)


class ResultCacheTest(local_server.LocalServer):
    MORE = "instances: {api: {enable_admin_api: true}, store: {retention: 0s, seal_interval: 2s}}\n"

    def ask(self, query, start_ms, end_ms, step_ms, **more):
        form = {"query": query, "start": start_ms / 1000, "end": end_ms / 1000, "step": step_ms / 1000, **more}
        status, _, body = self.http.request("POST", "/api/v1/query_range", urllib.parse.urlencode(form).encode(),
                                            {"Content-Type": "application/x-www-form-urlencoded"})
        return status, body

    def check(self, question):
        # With a reason to differ in between there must be no writer: this test is the only client.
        kept, fresh = self.ask(*question), self.ask(*question, nocache=1)
        self.assertEqual(kept, fresh, question)
        return kept

    def queries(self, rnd, number):
        if rnd.random() < 0.5:
            return rnd.choice(DASHBOARD)
        return str(query_generator.question(SEED, number)[0])

    def test_answers_are_those_of_no_cache(self):
        rnd = random.Random(SEED)
        # Every series' samples in order, to be written as time goes by; of each a few are held back and come late.
        waiting = [(labels, list(samples)) for labels, samples in differential_series.build(SEED)]
        held_back = []
        questions = []
        now_ms = START_MS
        for round_number in range(ROUNDS):
            now_ms += (END_MS - START_MS) // ROUNDS
            batch = []
            for labels, samples in waiting:
                due = [s for s in samples if s[0] <= now_ms]
                del samples[:len(due)]
                late = [s for s in due if rnd.random() < 0.02 and isinstance(s[1], float)]
                held_back += [(labels, s) for s in late]
                due = [s for s in due if s not in late]
                if due:
                    batch.append((labels, due))
            if held_back and rnd.random() < 0.3:
                labels, sample = held_back.pop(rnd.randrange(len(held_back)))
                batch.append((labels, [sample]))
            rnd.shuffle(batch)
            if batch:
                remote_write.write(self.http, batch)
            if rnd.random() < 0.2:
                begin_ms = rnd.randrange(START_MS, now_ms)
                status, _, body = self.http.request("POST", "/api/v1/admin/tsdb/delete_series?" + urllib.parse.urlencode(
                    {"match[]": rnd.choice(("temperature", 'requests_total{job="api"}', "level", "latency_bucket")),
                     "start": begin_ms / 1000, "end": (begin_ms + rnd.randrange(120_000)) / 1000}))
                self.assertEqual(status, 204, body)
            for i in range(QUERIES_PER_ROUND):
                if questions and rnd.random() < 0.7:
                    query, length_ms, step_ms = rnd.choice(questions[-20:])
                else:
                    query = self.queries(rnd, round_number * QUERIES_PER_ROUND + i)
                    step_ms = rnd.choice((1000, 15_000, 15_000, 30_000, 60_000))
                    length_ms = rnd.choice((1, 2, 10, 40, 100)) * step_ms
                    questions.append((query, length_ms, step_ms))
                end_ms = rnd.choice((now_ms, now_ms, now_ms + 60_000, rnd.randrange(START_MS, now_ms + 1)))
                if rnd.random() < 0.8:
                    end_ms -= end_ms % step_ms
                self.check((query, end_ms - length_ms, end_ms, step_ms))
        found = {outcome: int(self.http.metric("nightlight_promql_result_cache_requests_total", f'found="{outcome}"'))
                 for outcome in ("whole", "part", "none")}
        print(f"{ROUNDS * QUERIES_PER_ROUND} questions, found {found}", file=sys.stderr)
        # Otherwise nothing was tested.
        self.assertGreater(found["part"], ROUNDS)
        self.assertGreater(found["whole"], ROUNDS // 4)

    def test_a_change_in_the_past_is_seen_at_once(self):
        start_ms = END_MS - 60 * INTERVAL_MS
        times = [start_ms + i * INTERVAL_MS for i in range(61)]
        series = {"__name__": "step"}
        remote_write.write(self.http, [(series, [(t, 1.0) for t in times if t != times[30]])])
        question = ("count_over_time(step[1m])", start_ms, END_MS, INTERVAL_MS)
        before = self.check(question)
        self.assertEqual(self.ask(*question), before)
        remote_write.write(self.http, [(series, [(times[30], 2.0)])])
        after = self.check(question)
        self.assertNotEqual(after, before)
        status, _, _ = self.http.request("POST", "/api/v1/admin/tsdb/delete_series?" + urllib.parse.urlencode(
            {"match[]": "step", "start": times[30] / 1000, "end": times[30] / 1000}))
        self.assertEqual(status, 204)
        self.assertEqual(self.check(question), before)

    def test_what_is_asked_otherwise_is_answered_otherwise(self):
        start_ms = END_MS - 60 * INTERVAL_MS
        remote_write.write(self.http, [({"__name__": "gaps"}, [(start_ms + i * INTERVAL_MS, float(i)) for i in range(0, 61, 5)])])
        ways = ({}, {"lookback_delta": 2 * INTERVAL_MS / 1000}, {"lookback_delta": 3 * INTERVAL_MS / 1000})
        answers = []
        for shift_ms, step_ms in ((0, INTERVAL_MS), (INTERVAL_MS // 2, INTERVAL_MS), (0, 2 * INTERVAL_MS)):
            for more in ways:
                question = ("gaps + 0", start_ms + shift_ms, END_MS + shift_ms, step_ms)
                answers.append(self.ask(*question, **more))
                self.assertEqual(answers[-1], self.ask(*question, **more, nocache=1))
        self.assertEqual(len(set(answers)), len(answers), "the ways to ask do not differ")


if __name__ == "__main__":
    unittest.main()
