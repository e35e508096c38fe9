using ActorSockets.Configuration;

namespace ActorSockets.Servers.Sinks;

/// <summary>Where a file may end although its connection goes on.</summary>
public enum CutAt
{
    /// <summary>Behind any byte.</summary>
    Byte,

    /// <summary>Behind a line's end.</summary>
    Line,
}

/// <summary>When the file sink begins a new file; units, ranges and defaults stand in <c>reference.conf</c>, cut.</summary>
/// <param name="AtBytes">Bytes after which a file ends; 0: any number.</param>
/// <param name="After">Time after a file's first byte when it ends; zero: any time.</param>
/// <param name="At">Where.</param>
/// <param name="MaxLineBytes">How much longer a file may get when no line ends.</param>
public sealed record CutSettings(long AtBytes, TimeSpan After, CutAt At, int MaxLineBytes)
{
    /// <summary>Whether a connection can have more than one file.</summary>
    public bool IsOn => AtBytes > 0 || After > TimeSpan.Zero;

    /// <param name="server">The server's settings, some of which leave nothing to cut.</param>
    internal static CutSettings From(SettingsSection server)
    {
        var section = server.Merged("cut");
        var cut = new CutSettings(
            section.Bytes("at-bytes", 0, 1L << 60), section.Duration("after", TimeSpan.Zero, TimeSpan.FromDays(365)), section.Choice<CutAt>("at"), (int)section.Bytes("max-line", 1, 1 << 30));
        if (!cut.IsOn)
            return cut;

        var set = cut.AtBytes > 0 ? "at-bytes" : "after";
        if (server.Is("protocol", "deliveries"))
            section.Reject(set, "is set with protocol = deliveries, where the client says where a delivery ends: needs 0, or protocol = raw");
        else if (server.Switch("receipt"))
            section.Reject(set, "is set with receipt = on, and a receipt is for all that a connection brings: needs 0, or receipt = off");
        return cut;
    }
}
