using System.Security.Cryptography;
using ActorSockets.Payloads;
using ActorSockets.Platform;

namespace ActorSockets.Host.Inputs;

/// <summary>
/// A pipe or standard input, read on a thread of its own: .NET's own asynchronous reads of them block a thread of the .NET pool for
/// as long as the writer is silent. Its end is an error unless what came is what was expected.
/// </summary>
internal sealed class InputStream : Stream
{
    private readonly Stream _source;
    private readonly string _name;
    private readonly Expectation _expected;
    private readonly IncrementalHash? _hash;
    private readonly BlockingCall<Memory<byte>, int> _read;
    private long _bytes;

    public InputStream(Stream source, string name, Expectation expected)
    {
        (_source, _name, _expected) = (source, name, expected);
        _hash = expected.Sha256 is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        _read = new BlockingCall<Memory<byte>, int>(new BlockingThreads("input", 1), buffer => source.Read(buffer.Span));
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>One read at a time. The token ends the wait, and not the read.</summary>
    /// <exception cref="SourceException">The end has come, and what came before was not expected.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await _read.RunAsync(buffer).AsTask().WaitAsync(cancellationToken);
        _bytes += count;
        _hash?.AppendData(buffer.Span[..count]);
        if (count == 0 && (_expected.Reject(_bytes) ?? (_hash is null ? null : _expected.Reject(_hash.GetCurrentHash()))) is { } wrong)
            throw new SourceException($"{_name} {wrong}: no target was told that it ended");
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _hash?.Dispose();
        _source.Dispose();
        base.Dispose(disposing);
    }
}
