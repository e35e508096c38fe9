using System.Text;
using ActorSockets.Configuration;
using ActorSockets.Payloads;
using ActorSockets.Protocols;

namespace ActorSockets.Outbox;

/// <summary>A payload that an outbox keeps: small ones in memory, others in a file that nobody changes.</summary>
/// <param name="Bytes">The bytes; null: they are in the file.</param>
/// <param name="File">The file's path; null: they are in memory.</param>
/// <param name="Length">How many there are.</param>
/// <param name="Digest">Of all bytes, as <c>ALGORITHM:HEX</c>.</param>
internal sealed record OutboxPayload(byte[]? Bytes, string? File, long Length, string Digest) : Payload
{
    public override string Description => $"{Sizes.Format(Length)} of the outbox";

    /// <exception cref="IOException">It is not what was stored. The digest of a file is compared when it has been read.</exception>
    public override Stream Open()
    {
        if (Bytes is null)
        {
            var file = (FilePayloadStream)new FilePayload(File!).Open();
            if (file.Length == Length)
                return new StoredFileStream(file, Expected, this);
            file.Dispose();
            throw new IOException(Damaged($"has {file.Length} B"));
        }

        return Bytes.Length == Length && Hash() == Expected
            ? new MemoryStream(Bytes, writable: false)
            : throw new IOException(Damaged("has other bytes"));
    }

    public override Task<Stream> OpenAsync() => Bytes is null ? PayloadThreads.Shared.OfFile(File!).Run(Open) : Task.FromResult(Open());

    /// <summary>A sentence about a payload that is not what was stored.</summary>
    /// <param name="how">What is wrong with it.</param>
    public string Damaged(string how) => $"the outbox's copy of the payload is damaged: {File ?? "its row"} {how}; {Length} B with {Digest} were stored";

    private Digest Expected => Protocols.Digest.Parse(Encoding.ASCII.GetBytes(Digest)) ?? throw new IOException(Damaged("has a digest that is none"));

    private Digest Hash()
    {
        using var hash = PayloadDigest.Of(Expected.Algorithm);
        hash.Append(Bytes);
        return hash.Value();
    }
}
