"""TLS as real clients meet it: who is refused with which alert and counted under which reason, sessions that are resumed, certificates
that change, and requests that two readers could understand differently.
"""

import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import pki  # noqa: E402
import processes  # noqa: E402

CONFIG = """\
server: {{http_addr: "127.0.0.1:{port}", grpc_addr: "127.0.0.1:0"}}
storage: {{data_dir: "{directory}/data"}}
tls:
  cert_file: "{directory}/server.crt"
  key_file: "{directory}/server.key"
  ca_file: "{directory}/ca.crt"
  require_client_cert: true
instances:
  tls: {{reload_interval: 100ms}}
  other_http: {{type: http, listen: "127.0.0.1:{other_port}", tls: tls}}
  write: {{listener: other_http}}
"""


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="nightlight-tls-")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        pki.generate(cls.directory)
        cls.port, cls.other_port = processes.free_port(), processes.free_port()
        config = CONFIG.format(directory=cls.directory, port=cls.port, other_port=cls.other_port)
        cls.server = processes.nightlight(cls.directory, config).start()
        cls.addClassCleanup(cls.server.kill)
        cls.http = processes.Http(cls.port, cls.context())
        cls.http.wait_ready(cls.server)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.directory, name)

    @classmethod
    def context(cls, name="client"):
        return processes.client_of(cls.directory, name)

    def failures(self, reason):
        return self.http.metric("nightlight_http_handshake_failures_total", f'reason="{reason}"')

    @contextlib.contextmanager
    def connected(self, context=None, port=None, session=None):
        with socket.create_connection(("127.0.0.1", port or self.port), timeout=30) as plain:
            with (context or self.context()).wrap_socket(plain, server_hostname="localhost", session=session) as secured:
                yield secured

    def exchange(self, context=None, port=None, session=None):
        """One request on a connection of its own: (status, the session, whether it was resumed)."""
        with self.connected(context, port, session) as secured:
            secured.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
            status = int(secured.recv(4096).split()[1])
            return status, secured.session, secured.session_reused

    def refused(self, context, reason):
        """The alert that a client of `context` gets; the server counts it under `reason`."""
        before = self.failures(reason)
        with self.assertRaises(ssl.SSLError) as raised, self.connected(context) as secured:
            secured.recv(1)  # With TLS 1.3, the client believes in its handshake until it reads.
        processes.wait_until(lambda: self.failures(reason) == before + 1, f"the count of {reason}")
        return str(raised.exception)

    def test_a_certificate_is_not_compared_with_the_address_that_it_comes_from(self):
        # The certificate names a DNS name and a SPIFFE id, neither of which is 127.0.0.1.
        self.assertEqual(self.exchange()[0], 200)

    def test_who_is_refused_learns_why(self):
        self.assertIn("alert certificate required", self.refused(self.context(None), "no_certificate"))
        for name, alert, reason in (("stranger", "alert unknown ca", "unknown_authority"),
                                    ("self_signed", "alert unknown ca", "unknown_authority"),
                                    ("expired", "alert certificate expired", "certificate_expired"),
                                    ("server_use", "alert unsupported certificate", "wrong_purpose")):
            with self.subTest(name):
                self.assertIn(alert, self.refused(self.context(name), reason))

    def test_old_versions_weak_ciphers_and_other_protocols_are_refused(self):
        old = self.context()
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        self.assertIn("alert protocol version", self.refused(old, "version_or_cipher"))
        for cipher in ("AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "AES256-GCM-SHA384", "NULL", "aNULL"):
            with self.subTest(cipher):
                weak = self.context()
                weak.maximum_version = ssl.TLSVersion.TLSv1_2
                weak.set_ciphers(cipher + ":@SECLEVEL=0")
                self.assertIn("alert handshake failure", self.refused(weak, "version_or_cipher"))
        h2 = self.context()
        h2.set_alpn_protocols(["h2"])
        self.assertIn("alert no application protocol", self.refused(h2, "alpn"))

    def test_plain_text_is_refused(self):
        before = self.failures("plain_text")
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as plain:
            plain.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                self.assertNotIn(b"HTTP/1.1 200", plain.recv(4096))
        processes.wait_until(lambda: self.failures("plain_text") == before + 1, "the count of plain text")

    def test_renegotiation_is_refused(self):
        # `R` on a line of its own asks s_client to renegotiate.
        client = subprocess.Popen(
            ["openssl", "s_client", "-connect", f"localhost:{self.port}", "-tls1_2", "-CAfile", self.path("ca.crt"),
             "-cert", self.path("client.crt"), "-key", self.path("client.key")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, _ = client.communicate(b"R\n", timeout=30)
        self.assertIn(b"RENEGOTIATING", output)
        self.assertIn(b"no renegotiation", output)

    def test_sessions_are_resumed_again_and_again(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version.name):
                context = self.context()
                context.minimum_version = context.maximum_version = version
                status, session, reused = self.exchange(context)
                self.assertEqual((status, reused), (200, False))
                for _ in range(6):
                    status, session, reused = self.exchange(context, session=session)
                    self.assertEqual((status, reused), (200, True))

    def test_a_session_is_not_valid_on_another_listener(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version.name):
                context = self.context()
                context.minimum_version = context.maximum_version = version
                _, session, _ = self.exchange(context)
                try:
                    status, _, reused = self.exchange(context, self.other_port, session)
                except ssl.SSLError:
                    continue  # Refused: as good as verified anew.
                self.assertFalse(reused)
                self.assertEqual(status, 200)

    def test_a_body_that_nobody_reads_is_no_request(self):
        smuggled = b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for size in (len(smuggled), 200_000):
            body = smuggled.ljust(size, b"\n")
            with self.connected() as secured:
                secured.sendall(b"POST /nobody-is-here HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size)
                with contextlib.suppress(OSError):
                    secured.sendall(body)
                    secured.settimeout(2)
                    answer = b""
                    while piece := secured.recv(65536):
                        answer += piece
            self.assertEqual(answer.count(b"HTTP/1.1 "), 1, answer)
            self.assertTrue(answer.startswith(b"HTTP/1.1 404"), answer)

    def test_lengths_that_can_be_read_in_two_ways_are_refused(self):
        for lines in (b"Content-Length: 5\r\nContent-Length: 6", b"Content-Length: -1", b"Content-Length: 5, 5", b"Content-Length: +5",
                      b"Content-Length: 0x5", b"Content-Length: 5\r\nTransfer-Encoding: chunked",
                      b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", b"Content-Length: 99999999999999999999"):
            with self.subTest(lines):
                with self.connected() as secured:
                    secured.sendall(b"POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\n" + lines + b"\r\n\r\nhello")
                    answer = b""
                    with contextlib.suppress(ConnectionResetError):
                        while piece := secured.recv(65536):
                            answer += piece
                self.assertEqual(answer.count(b"HTTP/1.1 "), 1, answer)
                self.assertRegex(answer, b"^HTTP/1.1 (400|413|501) ")
                self.assertIn(b"Connection: close", answer)

    def test_new_certificates_are_taken_and_wrong_ones_are_not(self):
        def serial():
            with self.connected() as secured:
                return secured.getpeercert()["serialNumber"]

        first = serial()
        refused = lambda: self.http.metric("nightlight_tls_reloads_total", 'result="failure"')  # noqa: E731
        before = refused()
        shutil.copy(self.path("client.key"), self.path("server.key"))
        processes.wait_until(lambda: refused() > before, "the refusal")
        self.assertEqual(serial(), first)
        self.assertIn("the last good ones stay", self.server.log())

        fresh = tempfile.mkdtemp(dir=self.directory)
        for name in ("ca.crt", "ca.key"):
            shutil.copy(self.path(name), fresh)
        pki.signed_server(fresh)
        for name in ("server.key", "server.crt"):
            os.replace(os.path.join(fresh, name), self.path(name))
        processes.wait_until(lambda: serial() != first, "the new certificate")
        self.assertEqual(self.exchange()[0], 200)


class Start(unittest.TestCase):
    """What cannot be served safely does not start, and nobody is asked on the terminal."""

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="nightlight-tls-")
        self.addCleanup(shutil.rmtree, self.directory)
        pki.generate(self.directory)

    def ends(self, *words, changes=()):
        config = CONFIG.format(directory=self.directory, port=processes.free_port(), other_port=processes.free_port())
        for old, new in changes:
            self.assertIn(old, config)
            config = config.replace(old, new)
        path = os.path.join(self.directory, "nightlight.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(config)
        # A terminal that stays open and says nothing: a question on it would wait for ever.
        child = subprocess.Popen([processes.BINARY, "serve", "--dev", "--config", path], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.directory)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.stdin.close)
        try:
            self.assertEqual(child.wait(30), 1)
        finally:
            child.kill()
        output = child.stdout.read().decode()
        for word in words:
            self.assertIn(word, output)

    def test_a_key_of_another_certificate(self):
        shutil.copy(os.path.join(self.directory, "client.key"), os.path.join(self.directory, "server.key"))
        self.ends("server.key", "is not the key of the certificate in")

    def test_a_key_with_a_passphrase(self):
        key = os.path.join(self.directory, "server.key")
        subprocess.run(["openssl", "pkcs8", "-topk8", "-in", key, "-out", key + ".new", "-passout", "pass:secret"], check=True)
        os.chmod(key + ".new", 0o600)
        os.replace(key + ".new", key)
        self.ends("server.key", "passphrase")

    def test_a_key_that_others_may_read(self):
        os.chmod(os.path.join(self.directory, "server.key"), 0o644)
        self.ends("server.key", "chmod 600")

    def test_a_cipher_that_does_not_exist(self):
        self.ends("unknown cipher", "ECDHE-NOTHING",
                  changes=[("reload_interval: 100ms", "ciphers: ECDHE-NOTHING")])

    def test_an_expired_server_certificate(self):
        maker_end = os.path.join(self.directory, "expired")
        for suffix in (".crt", ".key"):
            shutil.copy(maker_end + suffix, os.path.join(self.directory, "server" + suffix))
        self.ends("server.crt", "expired")


if __name__ == "__main__":
    unittest.main()
