using System.Security.Cryptography;
using ActorSockets.Configuration;

namespace ActorSockets.Host;

/// <summary>What a payload must be before anything of it is sent: a length, a SHA-256, both or neither.</summary>
internal sealed record Expectation(long? Bytes, string? Sha256)
{
    /// <summary>Reads the file if there is something to check.</summary>
    /// <exception cref="UnexpectedPayloadException">It is not what was expected.</exception>
    public async Task CheckAsync(string name, string path, CancellationToken cancellation)
    {
        // Missing and unreadable files are errors of the settings.
        if (Bytes is null && Sha256 is null || !File.Exists(path))
            return;
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        if (Bytes is { } bytes && file.Length != bytes)
            throw new UnexpectedPayloadException(name, $"has {file.Length} B, and --expect-bytes is {bytes}: nothing was sent");
        if (Sha256 is not { } expected)
            return;
        var digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellation));
        if (digest != expected)
            throw new UnexpectedPayloadException(name, $"has sha256:{digest}, and --expect-digest is sha256:{expected}: nothing was sent");
    }
}

/// <summary>A payload that is not what the command line expects.</summary>
internal sealed class UnexpectedPayloadException(string payload, string message) : Exception(message)
{
    /// <summary>Which payload, and what is wrong with it.</summary>
    public SettingError Error { get; } = new(payload, message);
}
