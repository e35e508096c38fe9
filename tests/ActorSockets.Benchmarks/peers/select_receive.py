# select_receive.py: non-blocking sockets and select; reads and forgets.
import select
import socket

import common  # noqa: F401

listener = socket.create_server(("127.0.0.1", 0))
listener.setblocking(False)
sockets = [listener]
while True:
    for ready in select.select(sockets, [], [])[0]:
        if ready is listener:
            accepted = listener.accept()[0]
            accepted.setblocking(False)
            sockets.append(accepted)
        elif not ready.recv(256 * 1024):
            sockets.remove(ready)
            ready.close()
