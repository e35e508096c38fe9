using System.Text;
using ActorSockets.Configuration;
using ActorSockets.Payloads;
using ActorSockets.Protocols;

namespace ActorSockets.Outbox;

/// <summary>A payload that an outbox keeps: small ones in memory, others where nobody changes them.</summary>
/// <param name="Bytes">The bytes; null: they are at <paramref name="Place"/>.</param>
/// <param name="Place">A file, or rows, as a payload whose description names the place; null: the bytes are in memory.</param>
/// <param name="Length">How many there are.</param>
/// <param name="Digest">Of all bytes, as <c>ALGORITHM:HEX</c>.</param>
internal sealed record OutboxPayload(byte[]? Bytes, Payload? Place, long Length, string Digest) : Payload
{
    public override string Description => $"{Sizes.Format(Length)} of the outbox";

    /// <exception cref="IOException">It is not what was stored. The digest of one that is elsewhere is compared when it has been read.</exception>
    public override Stream Open()
    {
        if (Bytes is null)
            return Checked(Place!.Open());
        return Bytes.Length == Length && Hash() == Expected
            ? new MemoryStream(Bytes, writable: false)
            : throw new IOException(Damaged("has other bytes"));
    }

    public override Task<Stream> OpenAsync() => Bytes is null ? OpenPlaceAsync() : Task.FromResult(Open());

    /// <summary>A sentence about a payload that is not what was stored.</summary>
    /// <param name="how">What is wrong with it.</param>
    public string Damaged(string how) => $"the outbox's copy of the payload is damaged: {Place?.Description ?? "its row"} {how}; {Length} B with {Digest} were stored";

    private async Task<Stream> OpenPlaceAsync()
    {
        try
        {
            return Checked(await Place!.OpenAsync());
        }
        catch (Exception e) when (e is DirectoryNotFoundException or UnauthorizedAccessException or IOException { HResult: > 0 })
        {
            // What the system says of a disk or a network: the file may be there. One that is not is a FileNotFoundException.
            throw new PlaceAwayException($"{Place!.Description} cannot be read: {e.Message}", e);
        }
    }

    private Stream Checked(Stream bytes)
    {
        if (bytes.Length == Length)
            return bytes is FilePayloadStream file ? new StoredFileStream(file, Expected, this) : new StoredStream(bytes, Expected, this);
        bytes.Dispose();
        throw new IOException(Damaged($"has {bytes.Length} B"));
    }

    private Digest Expected => Protocols.Digest.Parse(Encoding.ASCII.GetBytes(Digest)) ?? throw new IOException(Damaged("has a digest that is none"));

    private Digest Hash()
    {
        using var hash = PayloadDigest.Of(Expected.Algorithm);
        hash.Append(Bytes);
        return hash.Value();
    }
}
