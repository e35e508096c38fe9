using System.Text;

namespace ActorSockets.Protocols.Deliveries;

/// <summary>The receiver's first line: what it speaks and how much it takes.</summary>
internal sealed record Greeting
{
    /// <summary>The protocol and its version.</summary>
    public const string Version = "deliveries/1";

    /// <summary>The most that <see cref="Window"/> can be.</summary>
    public const int MaxWindow = 1024;

    /// <summary>Deliveries that the sender may have unanswered at a time, 1 to <see cref="MaxWindow"/>.</summary>
    public int Window { get; init; } = 1;

    /// <summary>Bytes of the longest payload.</summary>
    public long MaxLength { get; init; } = long.MaxValue;

    /// <summary>How long the receiver knows an id again after it has stored it.</summary>
    public TimeSpan Remembers { get; init; }

    /// <summary>What it can hash with. The first is what it uses when a delivery names none.</summary>
    public IReadOnlyList<DigestAlgorithm> Digests { get; init; } = [DigestAlgorithm.Xxh128, DigestAlgorithm.Sha256];

    /// <param name="to">Room for <see cref="Line.MaxLength"/> bytes.</param>
    public int WriteTo(Span<byte> to) => new LineWriter(to).Add(Version).Add(" window="u8).Add(Window).Add(" max-length="u8).Add(MaxLength)
        .Add(" remembers="u8).Add(InUnits(Remembers)).Add(" digests="u8).Add(string.Join(',', Digests.Select(Digest.NameOf))).End();

    /// <summary>The greeting that a line is, or null when it is none; what it does not say has the value that promises least.</summary>
    public static Greeting? Parse(ReadOnlySpan<byte> text)
    {
        var line = new Line(text);
        if (!line.Next().SequenceEqual("deliveries/1"u8))
            return null;

        var greeting = new Greeting();
        while (!line.Rest.IsEmpty)
        {
            if (!Line.TryPair(line.Next(), out var key, out var value) || greeting.With(key, value) is not { } more)
                return null;
            greeting = more;
        }

        return greeting;
    }

    private Greeting? With(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.SequenceEqual("window"u8))
            return Line.TryCount(value, out var window) && window > 0 ? this with { Window = (int)Math.Min(window, MaxWindow) } : null;
        if (key.SequenceEqual("max-length"u8))
            return Line.TryCount(value, out var length) ? this with { MaxLength = length } : null;
        if (key.SequenceEqual("remembers"u8))
            return TryTime(value, out var time) ? this with { Remembers = time } : null;
        return key.SequenceEqual("digests"u8)
            ? this with { Digests = [.. Encoding.ASCII.GetString(value).Split(',').Select(n => Digest.AlgorithmOf(Encoding.ASCII.GetBytes(n))).OfType<DigestAlgorithm>()] }
            : this;
    }

    private static string InUnits(TimeSpan time) => time.Ticks switch
    {
        0 => "0s",
        var t when t % TimeSpan.TicksPerDay == 0 => $"{t / TimeSpan.TicksPerDay}d",
        var t when t % TimeSpan.TicksPerHour == 0 => $"{t / TimeSpan.TicksPerHour}h",
        var t when t % TimeSpan.TicksPerMinute == 0 => $"{t / TimeSpan.TicksPerMinute}m",
        var t => $"{t / TimeSpan.TicksPerSecond}s",
    };

    private static bool TryTime(ReadOnlySpan<byte> value, out TimeSpan time)
    {
        time = default;
        var unit = value.IsEmpty ? 0 : value[^1] switch
        {
            (byte)'s' => TimeSpan.TicksPerSecond,
            (byte)'m' => TimeSpan.TicksPerMinute,
            (byte)'h' => TimeSpan.TicksPerHour,
            (byte)'d' => TimeSpan.TicksPerDay,
            _ => 0,
        };
        if (unit == 0 || !Line.TryCount(value[..^1], out var count))
            return false;
        time = count > TimeSpan.MaxValue.Ticks / unit ? TimeSpan.MaxValue : TimeSpan.FromTicks(count * unit);
        return true;
    }
}
