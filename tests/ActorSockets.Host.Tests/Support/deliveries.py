"""Both ends of the deliveries protocol, from docs/deliveries-protocol.md alone. Standard library only.

  deliveries.py send HOST PORT ID FILE [NAME] [cut=BYTES]
                                                  one delivery; prints the answers; with cut, closes inside the body after so many bytes
  deliveries.py serve DIR [cut=BYTES]             prints "listening PORT"; stores deliveries, printing each; with cut, closes the first
                                                  connection after so many bytes of a body, and keeps what came
"""
import hashlib, os, socket, sys, urllib.parse


def lines(stream):
    while line := stream.readline(1025):
        if len(line) > 1024 or not line.endswith(b"\n"):
            raise SystemExit("line too long or cut off")
        yield line.rstrip(b"\r\n").decode()


def send(host, port, identity, path, name=None, cut=None):
    data = open(path, "rb").read()
    stream = socket.create_connection((host, int(port))).makefile("rwb")
    answers = lines(stream)
    print(next(answers))
    named = f" name={urllib.parse.quote(name)}" if name else ""
    stream.write(f"resume {identity} {len(data)} digest=sha256{named}\n".encode())
    stream.flush()
    answer = next(answers)
    print(answer)
    if not answer.startswith("from "):
        return
    rest = data[int(answer.split()[2]):][:int(cut.split("=")[1]) if cut else None]
    for at in range(0, len(rest), 50_000):
        chunk = rest[at:at + 50_000]
        stream.write(b"%d\n%s\n" % (len(chunk), chunk))
    if cut:
        return
    stream.write(b"end sha256:%s\n" % hashlib.sha256(data).hexdigest().encode())
    stream.flush()
    print(next(answers))


def serve(directory, cut=None):
    listener = socket.create_server(("127.0.0.1", 0))
    print("listening", listener.getsockname()[1], flush=True)
    partial, stored = {}, {}
    while True:
        connection, _ = listener.accept()
        stream = connection.makefile("rwb")
        stream.write(b"deliveries/1 window=16 remembers=1h digests=sha256\n")
        stream.flush()
        for line in lines(stream):
            verb, identity, length, *fields = line.split(" ")
            fields = dict(field.split("=", 1) for field in fields)
            have = partial.get(identity, b"") if verb == "resume" else b""
            if identity in stored and verb == "resume":
                stream.write(stored[identity])
                stream.flush()
                continue
            if verb == "resume":
                stream.write(b"from %s %d\n" % (identity.encode(), len(have)))
                stream.flush()
                print("from", identity, len(have), flush=True)
            while (chunk := next(lines(stream))).isdigit():
                body = stream.read(int(chunk))
                assert stream.read(1) == b"\n"
                have += body
                partial[identity] = have
                if cut is not None and len(have) >= cut:
                    break
            if cut is not None and len(have) >= cut:
                cut = None
                break
            digest = hashlib.sha256(have).hexdigest()
            assert len(have) == int(length) and chunk == f"end sha256:{digest}", chunk
            name = urllib.parse.unquote(fields.get("name", identity))
            with open(os.path.join(directory, os.path.basename(name)), "wb") as file:
                file.write(have)
            stored[identity] = b"received %s %d sha256:%s\n" % (identity.encode(), len(have), digest.encode())
            stream.write(stored[identity])
            stream.flush()
            print("stored", identity, name, len(have), flush=True)
        stream.close()
        connection.close()


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(*sys.argv[2:])
    else:
        serve(sys.argv[2], int(sys.argv[3].split("=")[1]) if len(sys.argv) > 3 else None)
