# asyncio_send.py PAYLOAD PORT [COUNT]: streams, with drain; COUNT connections to the same port.
import asyncio
import sys

from common import Payload


async def send(payload, port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    source = Payload(payload)
    while chunk := source.next():
        writer.write(chunk)
        await writer.drain()
    writer.write_eof()
    await reader.read()
    writer.close()


async def main():
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    await asyncio.gather(*(send(sys.argv[1], int(sys.argv[2])) for _ in range(count)))


asyncio.run(main())
