"""When requests arrive, to the microsecond: a proxy in front of a server that stamps what it passes on."""

import queue
import socket
import threading
import time


class Stamps:
    """Listens on `address`; everything goes to and from `server`, another (host, port). Of each piece from a client that names `what`,
    as the line that a request begins with does, the time of its arrival is kept: time.monotonic(), taken before it is passed on."""

    def __init__(self, server, what):
        self._server = server
        self._what = what
        self._times = queue.SimpleQueue()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        _thread(self._accept)

    def next(self, seconds):
        """The time of the earliest that was not asked for yet; queue.Empty when none arrives within `seconds`."""
        return self._times.get(timeout=seconds)

    def none_left(self):
        return self._times.empty()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _thread(self._pass_on, client, server, self._look)
            _thread(self._pass_on, server, client, lambda piece, now: None)

    def _look(self, piece, now):
        if self._what in piece:
            self._times.put(now)

    @staticmethod
    def _pass_on(source, sink, look):
        try:
            while piece := source.recv(1 << 16):
                look(piece, time.monotonic())
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one of them is gone, and so is what was to be passed on


def _thread(work, *arguments):
    threading.Thread(target=work, args=arguments, daemon=True).start()
