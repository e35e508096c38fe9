# What the Python peers share. PAYLOAD is a file, or a number of bytes that are made up.
import os
import signal

# For one whose starter was killed before it could end it.
signal.alarm(900)


class Payload:
    def __init__(self, payload, buffer_bytes=256 * 1024):
        self._buffer = bytes(buffer_bytes)
        self._file = None if payload.isdigit() else open(payload, "rb", buffering=0)
        self._left = int(payload) if payload.isdigit() else os.path.getsize(payload)

    def next(self):
        """The next bytes; empty at the end."""
        if self._file:
            return self._file.read(len(self._buffer))
        count = min(self._left, len(self._buffer))
        self._left -= count
        return self._buffer if count == len(self._buffer) else self._buffer[:count]
