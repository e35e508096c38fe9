using System.Text;

namespace ActorSockets.Payloads;

/// <summary>
/// Where the bytes of a delivery come from. Plain data, so that a delivery could cross a wire; opened once per attempt,
/// and read chunk by chunk, never whole.
/// </summary>
public abstract record Payload
{
    /// <summary>What people call it: <c>report.pdf</c>, <c>text of 5 B</c>.</summary>
    public abstract string Description { get; }

    /// <summary>What the receiver is to call it: one element of a path (<c>protocol = deliveries</c>); null: whatever it likes.</summary>
    public virtual string? Name { get; init; }

    /// <summary>
    /// The bytes from the beginning. <see cref="Stream.Length"/> says how many will be sent. May block, as on a slow disk:
    /// <see cref="OpenAsync"/> calls it on a thread that is there for that. The stream's ReadAsync must not block.
    /// </summary>
    /// <exception cref="IOException">It cannot be read; the message tells a person why.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public abstract Stream Open();

    /// <summary><see cref="Open"/>, on one of 16 threads that all payloads of the type share.</summary>
    /// <remarks>A payload whose <see cref="Open"/> never blocks can answer at once.</remarks>
    public virtual Task<Stream> OpenAsync() => PayloadThreads.Shared.Of(GetType().ToString()).Run(Open);

    /// <summary>A payload that is sent while it grows, and whose length is not known before its end.</summary>
    /// <param name="open">
    /// Opens the stream. Called once, when the first delivery begins. The stream's ReadAsync must not block; the library
    /// disposes the stream.
    /// </param>
    /// <param name="description">What people call it.</param>
    /// <param name="spool">Where the stream is copied, such as <see cref="ActorSocketsSettings.Spool"/>; null: the defaults.</param>
    public static StreamPayload FromStream(Func<Stream> open, string description = "stream", SpoolSettings? spool = null) =>
        new(open, description, spool ?? new SpoolSettings());
}

/// <summary>A payload's stream whose bytes are in memory already, and are sent from where they are.</summary>
internal interface ISliced
{
    /// <summary>The most that one slice can have.</summary>
    int Longest { get; }

    /// <summary>As many of the next bytes; nobody may change them.</summary>
    ArraySegment<byte> Next(int count);
}

/// <summary>A text, sent as UTF-8.</summary>
public sealed record TextPayload(string Text) : Payload
{
    /// <inheritdoc />
    public override string Description => $"text of {Encoding.UTF8.GetByteCount(Text)} B";

    /// <inheritdoc />
    public override Stream Open() => new MemoryStream(Encoding.UTF8.GetBytes(Text), writable: false);

    /// <inheritdoc />
    public override Task<Stream> OpenAsync() => Task.FromResult(Open());
}

/// <summary>Bytes held in memory. Whoever sends them leaves them unchanged until the outcome.</summary>
public sealed record BytesPayload(byte[] Bytes) : Payload
{
    /// <inheritdoc />
    public override string Description => $"{Bytes.Length} B";

    /// <inheritdoc />
    public override Stream Open() => new MemoryStream(Bytes, writable: false);

    /// <inheritdoc />
    public override Task<Stream> OpenAsync() => Task.FromResult(Open());
}
