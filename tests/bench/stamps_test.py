"""A stamp is the time at which a request arrived, not that of its answer, and everything arrives as it was sent."""

import queue
import socket
import threading
import time
import unittest

from tests import runner
from tests.bench.stamps import Stamps


class StampsTest(unittest.TestCase):
    def setUp(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.server.close)
        self.stamps = Stamps(self.server.getsockname(), b"/wanted ")
        self.addCleanup(self.stamps.close)
        self.client = socket.create_connection(self.stamps.address)
        self.addCleanup(self.client.close)
        self.inside, _ = self.server.accept()
        self.addCleanup(self.inside.close)

    def test_the_time_is_that_of_the_arrival(self):
        before = time.monotonic()
        self.client.sendall(b"POST /wanted HTTP/1.1\r\n\r\n")
        self.assertEqual(self.inside.recv(100), b"POST /wanted HTTP/1.1\r\n\r\n")
        arrived = time.monotonic()
        # The answer comes later, and a stamp does not.
        threading.Event().wait(0.05)
        self.inside.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        self.assertEqual(self.client.recv(100), b"HTTP/1.1 200 OK\r\n\r\n")
        self.assertTrue(before <= self.stamps.next(1) <= arrived)

    def test_other_requests_and_answers_have_none(self):
        self.client.sendall(b"POST /other HTTP/1.1\r\n\r\n")
        self.inside.recv(100)
        self.inside.sendall(b"/wanted ")
        self.client.recv(100)
        self.assertTrue(self.stamps.none_left())
        with self.assertRaises(queue.Empty):
            self.stamps.next(0.01)

    def test_each_request_of_a_connection_has_one(self):
        for _ in range(2):
            self.client.sendall(b"POST /wanted HTTP/1.1\r\n\r\n")
            self.inside.recv(100)
        first, second = self.stamps.next(1), self.stamps.next(1)
        self.assertLess(first, second)

    def test_an_end_is_passed_on(self):
        self.client.shutdown(socket.SHUT_WR)
        self.assertEqual(self.inside.recv(100), b"")
        self.inside.close()
        self.assertEqual(self.client.recv(100), b"")


if __name__ == "__main__":
    runner.main()
