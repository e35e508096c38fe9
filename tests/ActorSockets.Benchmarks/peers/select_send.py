# select_send.py PAYLOAD PORT [COUNT]: non-blocking sockets and select; COUNT connections to the same port.
import select
import socket
import sys

from common import Payload


class Connection:
    def __init__(self, payload, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.source = Payload(payload)
        self.rest = memoryview(self.source.next())

    def write(self):
        """False at the end."""
        self.rest = self.rest[self.socket.send(self.rest):] or memoryview(self.source.next())
        return len(self.rest) > 0


count = int(sys.argv[3]) if len(sys.argv) > 3 else 1
sending = {c.socket: c for c in (Connection(sys.argv[1], int(sys.argv[2])) for _ in range(count))}
closing = []
while sending:
    for ready in select.select([], list(sending), [])[1]:
        if not sending[ready].write():
            del sending[ready]
            ready.shutdown(socket.SHUT_WR)
            closing.append(ready)
for done in closing:
    done.setblocking(True)
    done.recv(1)
