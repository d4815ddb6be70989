"""The suite of stores can fail: each of its tests finds the store that has the fault which it is there to find.

faults_found.py SUITE FAULTY_STORE: the suite's program, and the library of faulty_store.cc.
"""

import os
import subprocess
import sys
import unittest

# A test's first words -> the fault of faulty_store.cc that fails it.
FAULTS = {
    "every bit of a float": "one NaN for all",
    "histograms come back": "zero buckets lost",
    "start timestamps stay": "no start timestamps",
    "a batch may leave out": "needs references",
    "a key names its series": "keys mixed up",
    "a repeated sample counts": "takes everything",
    "late samples are taken": "everything is out of order",
    "late floats and histograms": "a float beside a histogram",
    "what is refused is counted": "rejections backwards",
    "all or nothing": "all or some",
    "times at the ends": "everything is too old",
    "matchers of all four kinds": "no negative matchers",
    "a regular expression that is none": "bad expressions are its own fault",
    "both ends of a range": "ends before the end",
    "sorted series are in the order": "unsorted",
    "a set is read in parts": "parts lack their last series",
    "a limit leaves": "one series is enough",
    "a set is a view": "looks again at each cursor",
    "label names and values": "names unsorted",
    "a receiver that fails": "deaf to receivers",
    "a caller that has gone": "reads for whom has gone",
    "a write whose caller": "writes for whom has gone",
    "tenants do not see": "one tenant for all",
    "the generation of a time": "one generation",
    "what was acknowledged is there": "every third write lost",
    "the rules of order hold": "takes everything",
    "a store that has not started": "writes after the end",
    "two write while one reads": "requests in halves",
    "many write the same series": "one sample too few counted",
    "exemplars come back": "exemplars of all times",
    "exemplars that cannot": "everything is too old",
    "metadata comes back": "no help texts",
    "deleted samples are gone": "spares the last deleted",
    "a snapshot is a data directory": "snapshots without the newest",
    "what a store says of itself": "says nothing of itself",
    "what is beside samples": "exemplars for whom has gone",
}

SUITE, FAULTY = sys.argv[1:3]


def run(*arguments, fault=""):
    environment = dict(os.environ, NIGHTLIGHT_FAULTY_STORE_OF=os.environ["NIGHTLIGHT_CONTRACT_PLUGINS"],
                       NIGHTLIGHT_CONTRACT_PLUGINS=FAULTY, NIGHTLIGHT_FAULTY_STORE_FAULT=fault)
    return subprocess.run([SUITE, *arguments], env=environment, stdout=subprocess.PIPE, text=True, timeout=120)


class FaultsFound(unittest.TestCase):
    def test_every_test_has_a_fault(self):
        listed = [line for line in run("--list-test-cases").stdout.splitlines() if line and line[0] not in "[="]
        self.assertGreater(len(listed), 30)
        self.assertEqual([name for name in listed if not any(name.startswith(words) for words in FAULTS)], [])

    def test_without_a_fault_nothing_fails(self):
        done = run()
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_every_fault_is_found_by_its_test(self):
        for words, fault in FAULTS.items():
            with self.subTest(fault):
                done = run(f"--test-case={words}*", fault=fault)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn("| 0 passed | 1 failed |", " ".join(done.stdout.split()))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
