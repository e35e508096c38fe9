using System.Text;
using ActorSockets.Configuration;
using ActorSockets.Payloads;
using ActorSockets.Protocols;

namespace ActorSockets.Outbox;

/// <summary>A payload that an outbox keeps: small ones in memory, others in a file that nobody changes.</summary>
/// <param name="Bytes">The bytes; null: they are in the file.</param>
/// <param name="File">The file's path; null: they are in memory.</param>
/// <param name="Length">How many there are.</param>
/// <param name="Digest">Of all bytes, as <c>ALGORITHM:HEX</c>; null: nobody computed it.</param>
internal sealed record OutboxPayload(byte[]? Bytes, string? File, long Length, string? Digest) : Payload
{
    public override string Description => $"{Sizes.Format(Length)} of the outbox";

    /// <exception cref="IOException">It is not what was stored.</exception>
    public override Stream Open()
    {
        if (Bytes is null)
        {
            var file = new FilePayload(File!).Open();
            return Checked(file, file.Length);
        }

        var bytes = new MemoryStream(Bytes, writable: false);
        return Digest is null || Parsed is not { } digest || Hash(digest.Algorithm) == digest ? Checked(bytes, bytes.Length) : throw Damaged(bytes, "has another digest");
    }

    public override Task<Stream> OpenAsync() => Bytes is null ? base.OpenAsync() : Task.FromResult(Open());

    private Digest? Parsed => Protocols.Digest.Parse(Encoding.ASCII.GetBytes(Digest!));

    private Stream Checked(Stream stream, long length) =>
        length == Length ? stream : throw Damaged(stream, $"has {length} B");

    private IOException Damaged(Stream stream, string how)
    {
        stream.Dispose();
        return new IOException($"the outbox's copy of the payload is damaged: {File ?? "its row"} {how}, and {Length} B {Digest} were stored");
    }

    private Digest Hash(DigestAlgorithm algorithm)
    {
        using var hash = PayloadDigest.Of(algorithm);
        hash.Append(Bytes);
        return hash.Value();
    }
}
