"""A test case with a server of its own, on loopback and in plain text."""

import os
import shutil
import tempfile
import unittest

import processes


class LocalServer(unittest.TestCase):
    """`http` is a client of the server, `directory` goes with it."""

    CONFIG = """\
server: {{http_addr: "127.0.0.1:{port}", grpc_addr: "127.0.0.1:{rpc_port}"}}
storage: {{data_dir: "{directory}/data"}}
"""
    MORE = ""  # Further YAML.

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="nightlight-server-")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.port, cls.rpc_port = processes.free_port(), processes.free_port()
        cls.http = processes.Http(cls.port, cls.client_tls())
        config = cls.CONFIG.format(directory=cls.directory, port=cls.port, rpc_port=cls.rpc_port)
        cls.server = processes.nightlight(cls.directory, config + cls.MORE).start()
        cls.addClassCleanup(cls.server.kill)
        cls.http.wait_ready(cls.server)

    @classmethod
    def client_tls(cls):
        """What `http` shows, made before the server starts."""
        return None

    @classmethod
    def path(cls, name):
        return os.path.join(cls.directory, name)
