"""A door in front of the portal's API: open, it hands bytes through both ways; closed, the kernel refuses who knocks."""

import socket
import threading


class Door:
    def __init__(self, port):
        self._behind = port
        self._listener = None
        self._lock = threading.Lock()
        self._inside = None
        self.port = 0
        self.open()

    def open(self):
        self._inside = []
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, args=(self._listener, self._inside), daemon=True).start()

    def close(self):
        """Whoever is inside is thrown out: a connection that is kept would be asked on and on."""
        # Wakes the thread that waits in accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            inside, self._inside = self._inside, None
            for one in inside:
                _shut(one)

    def _serve(self, listener, inside):
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            other = socket.create_connection(("127.0.0.1", self._behind))
            with self._lock:
                inside.append(one)
                if inside is not self._inside:
                    _shut(one)  # it came in while the door was closed
            for ways in ((one, other), (other, one)):
                threading.Thread(target=_hand_through, args=ways, daemon=True).start()


def _shut(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def _hand_through(source, target):
    try:
        while piece := source.recv(1 << 16):
            target.sendall(piece)
    except OSError:
        pass
    for end in (source, target):
        _shut(end)
