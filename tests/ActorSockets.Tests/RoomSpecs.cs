using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace ActorSockets.Tests;

/// <summary>The rooms of the library and the direction of the arrows between them, as the README draws them.</summary>
public sealed partial class RoomSpecs
{
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Platform"] = [],
        ["Configuration"] = ["Platform"],
        ["Transport"] = ["Configuration", "Platform"],
        ["Payloads"] = ["Configuration", "Platform"],
        ["Protocols"] = ["Transport", "Configuration", "Platform"],
        ["Outbox"] = ["Payloads", "Protocols", "Configuration", "Platform"],
        ["Events"] = ["Payloads", "Outbox", "Protocols", "Configuration", "Platform"],
        ["Ticker"] = ["Events", "Configuration", "Platform"],
        ["Clients"] = ["Events", "Outbox", "Payloads", "Protocols", "Transport", "Configuration", "Platform"],
        ["Servers"] = ["Events", "Outbox", "Protocols", "Transport", "Configuration", "Platform"],
    };

    private static string Library => Path.Combine(Directory.GetParent(Here())!.Parent!.Parent!.FullName, "src", "ActorSockets");

    public static TheoryData<string> Rooms => [.. MayUse.Keys];

    [Fact]
    public void Every_folder_of_the_library_is_a_room() =>
        Assert.Empty(Directory.GetDirectories(Library).Select(d => Path.GetFileName(d)!).Except([.. MayUse.Keys, "bin", "obj"]));

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_room_uses_only_the_rooms_below_it(string room)
    {
        var folder = Path.Combine(Library, room);
        var uses = from file in Directory.Exists(folder) ? Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories) : []
                   from Match match in RoomName().Matches(Code(file))
                   let used = match.Groups["room"].Value
                   where used != room && MayUse.ContainsKey(used) && !MayUse[room].Contains(used)
                   select $"{Path.GetRelativePath(Library, file)} uses {used}";
        Assert.Empty(uses.Distinct());
    }

    [Theory]
    [InlineData(@"\bAkka\.IO\b")]
    [InlineData(@"\bSystem\.Net\.Sockets\b")]
    [InlineData(@"\bSystem\.Net\.Security\b")]
    public void Only_Transport_knows_sockets(string name)
    {
        // AddressFamily and SocketException are plain data.
        var users = from file in Directory.GetFiles(Library, "*.cs", SearchOption.AllDirectories)
                    let path = Path.GetRelativePath(Library, file)
                    where !path.StartsWith("Transport", StringComparison.Ordinal) && !path.StartsWith("obj", StringComparison.Ordinal)
                    where Regex.IsMatch(Code(file), name) && Regex.IsMatch(Code(file), @"\b(Socket|SslStream|Tcp|TcpExt|NetworkStream)\b")
                    select path;
        Assert.Empty(users);
    }

    [Fact]
    public void A_clock_that_is_set_changes_no_wait()
    {
        // Times that people read, the age of files and records, the validity of certificates; every wait is measured by a monotonic clock.
        string[] wallClock =
        [
            "CertificateWatchActor.cs", "Clients/LineActor.cs", "Clients/OutboxActor.cs", "Events/JsonLines.cs", "Events/Overview/OverviewActor.cs",
            "Events/Overview/OverviewState.cs", "Platform/TimerScheduler.cs", "Servers/Arrivals/FileArrival.cs", "Servers/Arrivals/RelayArrivals.cs",
            "Servers/Arrivals/SinkArrivals.cs", "Servers/ServerActor.cs", "Servers/Sinks/CutFileSink.cs", "Servers/Sinks/FileSink.cs",
            "Transport/Tls/PeerCheck.cs", "Transport/Tls/TlsFiles.cs",
        ];
        Assert.Empty(from file in Directory.GetFiles(Library, "*.cs", SearchOption.AllDirectories)
                     let path = Path.GetRelativePath(Library, file).Replace('\\', '/')
                     where !path.StartsWith("obj/", StringComparison.Ordinal) && !wallClock.Contains(path)
                     where Regex.IsMatch(Code(file), @"\bDateTime(Offset)?\.(Utc)?Now\b|\bGetUtcNow\b|\bTickCount\b")
                     select path);
    }

    /// <summary>A file without its comments.</summary>
    private static string Code(string file) => string.Join('\n', File.ReadLines(file).Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal)));

    private static string Here([CallerFilePath] string path = "") => path;

    [GeneratedRegex(@"\bActorSockets\.(?<room>[A-Z]\w+)")]
    private static partial Regex RoomName();
}
