using ActorSockets.Configuration;

namespace ActorSockets.Payloads;

/// <summary>As many bytes as asked for: <c>ABC…XYZ\n</c> over and over, so that a person sees at once what is missing.</summary>
/// <param name="SizeBytes">0 and more.</param>
public sealed record GeneratedPayload(long SizeBytes) : Payload
{
    /// <inheritdoc />
    public override string Description => $"generated {Sizes.Format(SizeBytes)}";

    /// <inheritdoc />
    public override Stream Open() => new PatternStream(SizeBytes);

    private sealed class PatternStream(long length) : Stream
    {
        private const int Period = 27;

        // Some periods at once, so that a chunk is a few large copies.
        private static readonly byte[] Pattern = [.. Enumerable.Range(0, Period * 4096).Select(i => i % Period == 26 ? (byte)'\n' : (byte)('A' + i % Period))];

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => length;
        public override long Position { get; set; }

        public override int Read(Span<byte> buffer)
        {
            var wanted = (int)Math.Min(buffer.Length, length - Position);
            for (var done = 0; done < wanted;)
            {
                var offset = (int)((Position + done) % Period);
                var count = Math.Min(wanted - done, Pattern.Length - offset);
                Pattern.AsSpan(offset, count).CopyTo(buffer[done..]);
                done += count;
            }

            Position += wanted;
            return wanted;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
