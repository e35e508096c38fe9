using System.IO.Hashing;
using System.Security.Cryptography;

namespace ActorSockets.Protocols;

/// <summary>The digest of bytes that come piece by piece.</summary>
internal abstract class PayloadDigest : IDisposable
{
    public static PayloadDigest Of(DigestAlgorithm algorithm) => algorithm == DigestAlgorithm.Xxh128 ? new Xxh128() : new Sha256();

    /// <summary>Adds the next bytes.</summary>
    public abstract void Append(ReadOnlySpan<byte> bytes);

    /// <summary>Of all bytes so far; more may follow.</summary>
    public abstract Digest Value();

    public abstract void Dispose();

    // Each in a class of its own: the assembly of an algorithm that is not used is not loaded.
    private sealed class Xxh128 : PayloadDigest
    {
        private readonly XxHash128 _hash = new();

        public override void Append(ReadOnlySpan<byte> bytes) => _hash.Append(bytes);

        public override Digest Value()
        {
            Span<byte> value = stackalloc byte[16];
            _hash.GetCurrentHash(value);
            return new Digest(DigestAlgorithm.Xxh128, value);
        }

        public override void Dispose()
        {
        }
    }

    private sealed class Sha256 : PayloadDigest
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public override void Append(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

        public override Digest Value()
        {
            Span<byte> value = stackalloc byte[32];
            _hash.GetCurrentHash(value);
            return new Digest(DigestAlgorithm.Sha256, value);
        }

        public override void Dispose() => _hash.Dispose();
    }
}
