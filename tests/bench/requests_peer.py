"""How the API page's example moves files, and how one who minds the memory does. Its trust comes by $REQUESTS_CA_BUNDLE.

requests_peer.py put FILE URL | content URL FILE | stream URL FILE
"""

import sys

import requests


def put(path, url):
    with open(path, "rb") as app_file:
        requests.put(url, data=app_file, headers={
            "Content-Type": "application/octet-stream",
        }).raise_for_status()


def content(url, path):
    protected = requests.get(url)
    protected.raise_for_status()
    open(path, "wb").write(protected.content)


def stream(url, path):
    with requests.get(url, stream=True) as protected, open(path, "wb") as out:
        protected.raise_for_status()
        for piece in protected.iter_content(1 << 20):
            out.write(piece)


if __name__ == "__main__":
    {"put": put, "content": content, "stream": stream}[sys.argv[1]](*sys.argv[2:])
