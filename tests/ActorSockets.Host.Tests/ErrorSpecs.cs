using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>
/// A user's mistake ends with a line that names what and where, the right exit code, and never a stack trace.
/// <c>errors.txt</c> has every one of them as a user sees it: a command, what it says, its exit code.
/// </summary>
public sealed class ErrorSpecs
{
    private static readonly string Transcript = Path.Combine(HostProcess.RepositoryRoot, "tests/ActorSockets.Host.Tests/errors.txt");

    public static TheoryData<string> Cases => [.. File.ReadAllText(Transcript).Split("\n\n").Select(c => c.Trim())];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_mistake_is_told_as_the_transcript_has_it(string expected)
    {
        ArgumentNullException.ThrowIfNull(expected);
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        // Bound and not listening: who connects is refused.
        using var free = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        free.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var ports = new Dictionary<string, string> { ["PORT_IN_USE"] = Port(taken.LocalEndpoint), ["FREE_PORT"] = Port(free.LocalEndPoint!) };

        var command = expected.Split('\n')[0][2..];
        var start = new ProcessStartInfo("bash",
            ["-c", $"exec 2>&1; set -o pipefail; actorsockets() {{ '{HostProcess.Program}' \"$@\"; }}; {command}\necho exit $?"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = HostProcess.RepositoryRoot,
        };
        foreach (var (name, port) in ports)
            start.Environment[name] = port;
        using var bash = Process.Start(start)!;
        bash.StandardInput.Close();
        var said = await bash.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(60));
        foreach (var (name, port) in ports)
            said = said.Replace(port, name, StringComparison.Ordinal);
        said = Regex.Replace(said, @"(?m)^\d{4}-\d\d-\d\dT[0-9:.]+Z ", "");
        Assert.Equal(expected, $"$ {command}\n{said.TrimEnd()}");
    }

    private static string Port(EndPoint endpoint) => ((IPEndPoint)endpoint).Port.ToString(CultureInfo.InvariantCulture);
}
