# asyncio_ticks.py SECONDS CONNECTIONS STALLED_PORT: a tick every 10 ms beside bulk streams, which go to itself when
# STALLED_PORT is 0.
import asyncio
import os
import sys
import time

import common  # noqa: F401

INTERVAL = 0.01


async def receive(reader, writer):
    while await reader.read(256 * 1024):
        pass


async def send(port):
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    data = bytes(256 * 1024)
    while True:
        writer.write(data)
        await writer.drain()


async def main():
    seconds, connections, port = map(int, sys.argv[1:])
    server = await asyncio.start_server(receive, "127.0.0.1", 0)
    port = port or server.sockets[0].getsockname()[1]
    sending = [asyncio.create_task(send(port)) for _ in range(connections)]

    late = []
    started = time.monotonic()
    while (now := time.monotonic() - started) < seconds:
        due = (len(late) + 1) * INTERVAL
        await asyncio.sleep(max(0, due - now))
        late.append(max(0, time.monotonic() - started - due) * 1000)

    late.sort()
    at = [late[int(q * (len(late) - 1))] for q in (0.5, 0.99, 0.999, 1)]
    print("ticker: %d ticks, late by p50 %.1f ms, p99 %.1f ms, p99.9 %.1f ms, max %.1f ms" % (len(late), *at), flush=True)
    assert not any(task.done() for task in sending), "a stream ended"
    os._exit(0)


asyncio.run(main())
