# asyncio_crowd.py PORT COUNT: 1 KiB to COUNT addresses in 127/8, 256 connects at a time.
import asyncio
import sys

import common  # noqa: F401


async def send(gate, address, port):
    async with gate:
        reader, writer = await asyncio.open_connection(address, port)
    writer.write(bytes(1024))
    writer.write_eof()
    await reader.read()
    writer.close()


async def main():
    gate = asyncio.Semaphore(256)
    addresses = (f"127.{1 + i // 62500}.{1 + i // 250 % 250}.{1 + i % 250}" for i in range(int(sys.argv[2])))
    await asyncio.gather(*(send(gate, address, int(sys.argv[1])) for address in addresses))


asyncio.run(main())
