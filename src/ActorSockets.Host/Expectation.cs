using System.Security.Cryptography;
using ActorSockets.Configuration;

namespace ActorSockets.Host;

/// <summary>What a payload must be: a length, a SHA-256, both or neither.</summary>
internal sealed record Expectation(long? Bytes, string? Sha256)
{
    /// <summary>What is wrong with a payload of that length, as the predicate of a sentence; null: nothing.</summary>
    public string? Reject(long bytes) => Bytes is { } expected && bytes != expected ? $"has {bytes} B, and --expect-bytes is {expected}" : null;

    /// <inheritdoc cref="Reject(long)"/>
    public string? Reject(byte[] sha256) => Convert.ToHexStringLower(sha256) is var digest && Sha256 is not null && digest != Sha256
        ? $"has sha256:{digest}, and --expect-digest is sha256:{Sha256}"
        : null;

    /// <summary>Reads the file, before anything of it is sent, if there is something to check.</summary>
    /// <exception cref="UnexpectedPayloadException">It is not what was expected.</exception>
    public async Task CheckAsync(string path, CancellationToken cancellation)
    {
        // Missing and unreadable files are errors of the settings.
        if (Bytes is null && Sha256 is null || !File.Exists(path))
            return;
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var wrong = Reject(file.Length) ?? (Sha256 is null ? null : Reject(await SHA256.HashDataAsync(file, cancellation)));
        if (wrong is not null)
            throw new UnexpectedPayloadException(path, $"{wrong}: nothing was sent");
    }
}

/// <summary>A payload that is not what the command line expects.</summary>
internal sealed class UnexpectedPayloadException(string payload, string message) : Exception(message)
{
    /// <summary>Which payload, and what is wrong with it.</summary>
    public SettingError Error { get; } = new(payload, message);
}
