"""The two servers that everybody is measured on, and a CA of their own. They end with this process."""

import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time

CERTIFICATE = """[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[server]
basicConstraints = critical,CA:FALSE
subjectAltName = IP:127.0.0.1,DNS:localhost
"""

# As a server would be set up for large uploads; without its own log, and with bodies moved, not copied, into the store. A part's answer
# has an ETag, as S3's has, without which no upload is whole.
NGINX = """daemon off;
worker_processes {workers};
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 256; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000;
  client_max_body_size 0;
  client_body_buffer_size 256k;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/unused;
  fastcgi_temp_path {folder}/unused;
  uwsgi_temp_path {folder}/unused;
  scgi_temp_path {folder}/unused;
  server {{
    listen 127.0.0.1:{port};
    listen 127.0.0.1:{tls_port} ssl;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
    ssl_protocols TLSv1.3;
    root {folder}/root;
    location /blob/ {{ }}
    location /store/ {{ dav_methods PUT; create_full_put_path on; add_header ETag '"bench"'; }}
  }}
}}
"""


def make_certificates(folder):
    """ca.pem, cert.pem and key.pem in `folder`."""
    config = os.path.join(folder, "openssl.cnf")
    with open(config, "w", encoding="ascii") as file:
        file.write(CERTIFICATE)

    def request(name, subject, *more):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "10",
                        "-config", config, "-subj", f"/CN={subject}", "-keyout", os.path.join(folder, f"{name}key.pem"), *more],
                       check=True, capture_output=True)

    ca = os.path.join(folder, "ca.pem")
    request("ca-", "tegodrop bench CA", "-extensions", "ca", "-out", ca)
    request("", "localhost", "-extensions", "server", "-CA", ca, "-CAkey", os.path.join(folder, "ca-key.pem"),
            "-out", os.path.join(folder, "cert.pem"))
    return ca


class _Server:
    """A running server: `urls` by transport."""

    def __init__(self, name, command, folder):
        self.name = name
        self._log = os.path.join(folder, f"{name}.out")
        with open(self._log, "wb") as out:
            # setpriv: it ends with this process, however that ends.
            self._process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command], stdin=subprocess.DEVNULL, stdout=out,
                                             stderr=subprocess.STDOUT, start_new_session=True)
        self.urls = {}

    def said(self):
        with open(self._log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def runs(self):
        return self._process.poll() is None

    def close(self):
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait(self, condition):
        end = time.monotonic() + 20
        while not condition():
            if not self.runs() or time.monotonic() > end:
                self.close()
                raise RuntimeError(f"{self.name} does not listen: {self.said()}")
            time.sleep(0.02)

    def _listen(self, http_port, https_port):
        self.urls = {"plain": f"http://127.0.0.1:{http_port}", "tls": f"https://127.0.0.1:{https_port}"}


class Discarding(_Server):
    """The program of this folder: counts what it gets and throws it away."""

    def __init__(self, program, folder, blobs):
        super().__init__("discarding", [program, "--cert", os.path.join(folder, "cert.pem"), "--key", os.path.join(folder, "key.pem"),
                                        *[word for blob in blobs for word in ("--blob", blob)]], folder)
        self._wait(lambda: "https " in self.said())
        self._listen(*re.search(r"http (\d+)\nhttps (\d+)", self.said()).groups())

    def begin(self, name):
        """The id of a new multipart upload."""
        return re.search("<UploadId>(.*)</UploadId>", self._ask("POST", f"/bucket/{name}?uploads")[1])[1]

    def received(self, name, upload_id):
        """How many bytes it got, of all parts where there is an upload."""
        if upload_id:
            self._ask("POST", f"/bucket/{name}?uploadId={upload_id}")
        return int(self._ask("HEAD", f"/bucket/{name}")[0]["Content-Length"])

    def forget(self, name):
        """Nothing: only numbers were kept."""

    def differs(self, name, source):
        """False: there is nothing to compare."""
        return False

    def _ask(self, method, path):
        connection = http.client.HTTPConnection("127.0.0.1", int(self.urls["plain"].rpartition(":")[2]), timeout=30)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {text}")
        return answer.headers, text


class Nginx(_Server):
    """Debian's nginx with PUT, by a configuration of its own and as whoever runs this."""

    def __init__(self, folder, blobs):
        self._store = os.path.join(folder, "root", "store")
        os.makedirs(self._store)
        os.makedirs(os.path.join(folder, "root", "blob"))
        for blob in blobs:
            # No hard link: what is sent may lie on another file system than the folder.
            os.symlink(os.path.abspath(blob), os.path.join(folder, "root", "blob", str(os.path.getsize(blob))))
        ports = _free_ports(2)
        config = os.path.join(folder, "nginx.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(NGINX.format(folder=folder, port=ports[0], tls_port=ports[1], workers=os.cpu_count()))
        super().__init__("nginx", [shutil.which("nginx", path="/usr/sbin:/usr/bin"), "-c", config, "-e",
                                   os.path.join(folder, "nginx.log")], folder)
        self._wait(lambda: all(_accepts(port) for port in ports))
        self._listen(*ports)

    def begin(self, name):
        """Nothing needs to be begun: parts are objects of their own."""
        return ""

    def _objects(self, name):
        parts = [one for one in os.listdir(self._store) if one == name or one.startswith(name + ".part.")]
        return [os.path.join(self._store, one) for one in sorted(parts, key=lambda one: int(one.rpartition(".part.")[2] or 0)
                                                                 if ".part." in one else 0)]

    def received(self, name, upload_id):
        return sum(os.path.getsize(path) for path in self._objects(name))

    def forget(self, name):
        for path in self._objects(name):
            os.remove(path)

    def differs(self, name, source):
        with open(source, "rb") as whole:
            for path in self._objects(name):
                with open(path, "rb") as part:
                    while piece := part.read(1 << 20):
                        if whole.read(len(piece)) != piece:
                            return True
            return whole.read(1) != b""


def _free_ports(count):
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return ports


def _accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def trusts(url, ca):
    """Whether the server at an https URL speaks TLS 1.3 with a certificate of that CA."""
    host, _, port = url.removeprefix("https://").partition(":")
    context = ssl.create_default_context(cafile=ca)
    with socket.create_connection((host, int(port)), timeout=10) as plain, context.wrap_socket(plain, server_hostname=host) as tls:
        return tls.version() == "TLSv1.3"
