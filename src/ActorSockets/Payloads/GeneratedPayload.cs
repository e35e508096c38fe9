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

    /// <inheritdoc />
    public override Task<Stream> OpenAsync() => Task.FromResult(Open());

    private sealed class PatternStream(long length) : Stream, ISliced
    {
        private const int Period = 27;

        private const int LongestSlice = 1 << 20;

        // A slice of that length begins at any place of the period.
        private static readonly byte[] Pattern = CreatePattern(LongestSlice + Period);

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => length;
        public override long Position { get; set; }

        public int Longest => LongestSlice;

        public ArraySegment<byte> Next(int count)
        {
            var slice = new ArraySegment<byte>(Pattern, (int)(Position % Period), count);
            Position += count;
            return slice;
        }

        public override int Read(Span<byte> buffer)
        {
            var slice = Next((int)Math.Min(Math.Min(buffer.Length, length - Position), LongestSlice));
            slice.AsSpan().CopyTo(buffer);
            return slice.Count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        private static byte[] CreatePattern(int length)
        {
            var pattern = new byte[length];
            for (var i = 0; i < length; i++)
                pattern[i] = i % Period == 26 ? (byte)'\n' : (byte)('A' + i % Period);
            return pattern;
        }
    }
}
