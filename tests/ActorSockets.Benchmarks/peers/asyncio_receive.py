# asyncio_receive.py: streams; reads and forgets.
import asyncio

import common  # noqa: F401


async def receive(reader, writer):
    try:
        while await reader.read(256 * 1024):
            pass
        writer.close()
    except ConnectionError:
        pass


async def main():
    server = await asyncio.start_server(receive, "127.0.0.1", 0, backlog=4096)
    await server.serve_forever()


asyncio.run(main())
