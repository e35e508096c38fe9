# busy_loop.py PORT COUNT: non-blocking sockets that are tried again and again, without waiting for them.
import socket
import sys

import common  # noqa: F401

sockets = []
for _ in range(int(sys.argv[2])):
    opened = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    opened.setblocking(False)
    sockets.append(opened)

data = bytes(256 * 1024)
while True:
    for target in sockets:
        try:
            target.send(data)
        except BlockingIOError:
            pass
