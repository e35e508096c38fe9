using ActorSockets.Configuration;

namespace ActorSockets.Payloads;

/// <summary>Where streams are copied while they are sent; units, ranges and defaults stand in <c>reference.conf</c>, spool.</summary>
public sealed record SpoolSettings
{
    /// <summary>For the copies; empty: TMPDIR, or the system's directory for temporary files.</summary>
    public string Directory { get; init; } = "";

    /// <summary>Bytes that one stream may have; a longer one fails.</summary>
    public long MaxBytes { get; init; } = 1L << 40;

    internal string Path => Directory.Length > 0 ? Directory : System.IO.Path.GetTempPath();

    /// <summary>What to set when there is no room.</summary>
    internal string Remedy => $"set {(Directory.Length > 0 ? "spool.directory" : "TMPDIR, or spool.directory,")} to a directory with room";

    internal static SpoolSettings From(SettingsSection section) => new()
    {
        Directory = section.Text("directory"),
        MaxBytes = section.Bytes("max-size", 1, 1L << 60),
    };
}
