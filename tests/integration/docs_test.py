"""What docs/ says of the program is what the program says of itself."""

import os
import subprocess
import unittest

SOURCE = os.environ["NIGHTLIGHT_SOURCE_ROOT"]
PLUGINS = {"gorilla", "promql_std", "remote_write", "remote_read", "prometheus_api", "grpc_api"}


class Docs(unittest.TestCase):
    def test_the_generated_config_documents_are_up_to_date(self):
        built = {os.path.basename(path.rstrip("/")) for path in os.environ["NIGHTLIGHT_PLUGIN_PATH"].split(":")}
        if not PLUGINS <= built:
            self.skipTest(f"built without {', '.join(sorted(PLUGINS - built))}")
        ended = subprocess.run([os.path.join(SOURCE, "tools", "generate-docs"), "--check"], capture_output=True, text=True,
                               timeout=60, check=False)
        self.assertEqual(ended.returncode, 0, ended.stdout[-4000:] + ended.stderr)

    def test_links_lead_somewhere(self):
        ended = subprocess.run([os.path.join(SOURCE, "tools", "check-links")], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(ended.returncode, 0, ended.stdout[-4000:] + ended.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
