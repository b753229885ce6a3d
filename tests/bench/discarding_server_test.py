"""The server that keeps nothing: strict where a client may be wrong, right where it is asked for bytes, over both transports."""

import hashlib
import http.client
import os
import re
import socket
import ssl
import subprocess
import tempfile
import unittest

from tests import runner

BLOB = bytes(range(256)) * 4096


class DiscardingServerTest(unittest.TestCase):
    options = ()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "blob")
        with open(path, "wb") as file:
            file.write(BLOB)
        self.server = subprocess.Popen([os.path.abspath(os.environ["DISCARDING_SERVER"]), "--blob", path, "--die-with-parent",
                                        *self.options], stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.stop)
        self.port = int(re.fullmatch(r"http (\d+)\n", self.server.stdout.readline())[1])
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        self.addCleanup(self.connection.close)

    def stop(self):
        self.server.terminate()
        self.assertEqual(self.server.wait(20), 0)
        self.server.stdout.close()

    def ask(self, method, path, body=None, **more):
        """On one connection, which the server must not close."""
        headers = {name.replace("_", "-"): value for name, value in more.items()}
        self.connection.request(method, path, body, headers, encode_chunked=headers.get("Transfer-Encoding") == "chunked")
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def raw(self, text, until):
        """What comes back for bytes that no library would send."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as peer:
            peer.sendall(text)
            got = b""
            while until not in got and (more := peer.recv(65536)):
                got += more
            return got

    def test_a_body_is_counted_whichever_way_it_comes(self):
        for path, more in (("/b/length", {}), ("/b/chunks", {"Transfer_Encoding": "chunked"})):
            body = BLOB if not more else iter([BLOB[:70000], BLOB[70000:]])
            status, headers, _ = self.ask("PUT", path, body, **more)
            self.assertEqual((status, headers["ETag"]), (200, f'"{len(BLOB)}-1"'))
            status, headers, _ = self.ask("HEAD", path)
            self.assertEqual((status, headers["Content-Length"]), (200, str(len(BLOB))))
        self.assertEqual(self.ask("HEAD", "/b/other")[0], 404)
        self.assertEqual(self.ask("GET", "/b/length")[0], 410)

    def test_what_describes_an_object_comes_back(self):
        self.ask("PUT", "/b/o", b"x", **{"X_Amz_Meta_Md5chksum": "abc=="})
        self.assertEqual(self.ask("HEAD", "/b/o")[1]["x-amz-meta-md5chksum"], "abc==")

    def test_a_put_without_a_length_is_refused(self):
        self.assertIn(b" 411 ", self.raw(b"PUT /b/o HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n\r\n"))

    def test_what_is_no_request_is_refused(self):
        for text in (b"PUT /b/o HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n",
                     b"PUT /b/o HTTP/1.1\r\nContent-Length: 1x\r\n\r\n", b"GET / HTTP/1.1\r\nno header\r\n\r\n"):
            self.assertIn(b" 400 ", self.raw(text, b"\r\n\r\n"))

    def test_who_waits_for_100_gets_it_before_the_body(self):
        head = b"PUT /b/o HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n\r\n"
        self.assertEqual(self.raw(head, b"\r\n\r\n"), b"HTTP/1.1 100 Continue\r\n\r\n")

    def test_a_body_that_ends_early_is_no_object(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as peer:
            peer.sendall(b"PUT /b/cut HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")
            peer.shutdown(socket.SHUT_WR)
            self.assertEqual(peer.recv(100), b"")
        self.assertEqual(self.ask("HEAD", "/b/cut")[0], 404)

    def test_parts_make_an_object(self):
        begun = self.ask("POST", "/b/o?uploads", **{"X_Amz_Meta_Mtime": "1"})[2].decode()
        upload = re.search("<UploadId>(.*)</UploadId>", begun)[1]
        for number, size in ((2, 100), (1, 300)):
            self.assertEqual(self.ask("PUT", f"/b/o?partNumber={number}&uploadId={upload}", b"p" * size)[0], 200)
        status, _, text = self.ask("POST", f"/b/o?uploadId={upload}", b"<CompleteMultipartUpload/>")
        self.assertEqual((status, b"<ETag>" in text), (200, True))
        _, headers, _ = self.ask("HEAD", "/b/o")
        self.assertEqual((headers["Content-Length"], headers["x-amz-meta-mtime"]), ("400", "1"))
        self.assertEqual(self.ask("POST", f"/b/o?uploadId={upload}", b"")[0], 404)

    def test_an_upload_with_a_hole_is_not_completed_and_can_be_aborted(self):
        upload = re.search("<UploadId>(.*)</UploadId>", self.ask("POST", "/b/o?uploads")[2].decode())[1]
        self.ask("PUT", f"/b/o?partNumber=2&uploadId={upload}", b"p")
        self.assertEqual(self.ask("POST", f"/b/o?uploadId={upload}", b"")[0], 400)
        self.assertEqual(self.ask("DELETE", f"/b/o?uploadId={upload}")[0], 204)
        self.assertEqual(self.ask("DELETE", f"/b/o?uploadId={upload}")[0], 404)

    def test_a_part_of_no_upload_is_refused(self):
        self.assertIn(b" 404 ", self.raw(b"PUT /b/o?partNumber=1&uploadId=x HTTP/1.1\r\nContent-Length: 1\r\n\r\n", b"\r\n\r\n"))

    def test_a_file_is_given_whole_and_in_ranges(self):
        path = f"/blob/{len(BLOB)}"
        status, headers, body = self.ask("GET", path)
        etag = headers["ETag"]
        self.assertEqual((status, etag, body == BLOB), (200, f'"{hashlib.md5(BLOB).hexdigest()}"', True))
        for wanted, first, last in (("bytes=5-9", 5, 9), ("bytes=1000000-", 1000000, len(BLOB) - 1),
                                    ("bytes=-3", len(BLOB) - 3, len(BLOB) - 1)):
            status, headers, body = self.ask("GET", path, Range=wanted, If_Range=etag)
            self.assertEqual((status, headers["Content-Range"]), (206, f"bytes {first}-{last}/{len(BLOB)}"))
            self.assertEqual(body, BLOB[first:last + 1])
        self.assertEqual(self.ask("GET", path, Range="bytes=5-9", If_Range='"other"')[0], 200)
        status, headers, _ = self.ask("GET", path, Range=f"bytes={len(BLOB)}-")
        self.assertEqual((status, headers["Content-Range"]), (416, f"bytes */{len(BLOB)}"))
        self.assertEqual(self.ask("GET", "/blob/1")[0], 404)


class HashingServerTest(DiscardingServerTest):
    """Asked to, it tells the MD5 of single objects, as S3 does."""

    options = ("--md5",)

    def test_a_body_is_counted_whichever_way_it_comes(self):
        for body, more in ((BLOB, {}), (iter([BLOB[:70000], BLOB[70000:]]), {"Transfer_Encoding": "chunked"})):
            self.assertEqual(self.ask("PUT", "/b/o", body, **more)[1]["ETag"], f'"{hashlib.md5(BLOB).hexdigest()}"')


class TlsTest(unittest.TestCase):
    def test_bytes_come_and_go_over_tls_1_3_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            blob, cert, key = (os.path.join(folder, name) for name in ("blob", "cert.pem", "key.pem"))
            with open(blob, "wb") as file:
                file.write(BLOB)
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                            "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert], check=True,
                           capture_output=True)
            with subprocess.Popen([os.path.abspath(os.environ["DISCARDING_SERVER"]), "--blob", blob, "--cert", cert, "--key", key,
                                   "--die-with-parent"], stdout=subprocess.PIPE, text=True) as server:
                try:
                    self.play([server.stdout.readline() for _ in range(2)][1], cert)
                finally:
                    server.terminate()

    def play(self, line, cert):
        context = ssl.create_default_context(cafile=cert)
        connection = http.client.HTTPSConnection("127.0.0.1", int(line.split()[1]), timeout=20, context=context)
        connection.request("PUT", "/b/o", BLOB)
        answer = connection.getresponse()
        answer.read()
        self.assertEqual((answer.status, connection.sock.version()), (200, "TLSv1.3"))
        connection.request("GET", f"/blob/{len(BLOB)}", headers={"Range": "bytes=7-"})
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.read() == BLOB[7:]), (206, True))
        connection.close()
        old = ssl.create_default_context(cafile=cert)
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaises(ssl.SSLError):
            http.client.HTTPSConnection("127.0.0.1", int(line.split()[1]), timeout=20, context=old).connect()


if __name__ == "__main__":
    runner.main()
