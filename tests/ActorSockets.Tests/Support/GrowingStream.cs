using System.Buffers;
using System.IO.Pipelines;
using ActorSockets.Payloads;

namespace ActorSockets.Tests.Support;

/// <summary>A stream that grows when a spec says so, and a payload that reads it.</summary>
internal sealed class GrowingStream : IDisposable
{
    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: 0));

    public GrowingStream(SpoolSettings? spool = null) => Payload = ActorSockets.Payloads.Payload.FromStream(() => _pipe.Reader.AsStream(), "growing", spool);

    public StreamPayload Payload { get; }

    public void Grow(string text) => Grow(System.Text.Encoding.ASCII.GetBytes(text));

    public void Grow(byte[] bytes)
    {
        _pipe.Writer.Write(bytes);
        _ = _pipe.Writer.FlushAsync().AsTask();
    }

    public void End() => _pipe.Writer.Complete();

    public void Fail(string reason) => _pipe.Writer.Complete(new IOException(reason));

    public void Dispose() => Payload.Dispose();
}
