using System.Diagnostics;
using System.Text.RegularExpressions;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>The deliveries protocol against another implementation of it, which was written from its document.</summary>
public sealed class DeliveriesSpecs : IDisposable
{
    private static readonly string Peer = Path.Combine(HostProcess.RepositoryRoot, "tests/ActorSockets.Host.Tests/Support/deliveries.py");

    private readonly string _directory = Directory.CreateTempSubdirectory("deliveries-specs-").FullName;

    [Fact]
    public async Task A_file_arrives_under_its_name_after_a_lost_connection_and_once()
    {
        var file = Path.Combine(_directory, "a report.bin");
        var bytes = new byte[3_000_000];
        Random.Shared.NextBytes(bytes);
        await File.WriteAllBytesAsync(file, bytes);
        var stored = Directory.CreateDirectory(Path.Combine(_directory, "stored")).FullName;
        using var server = Process.Start(new ProcessStartInfo("python3", [Peer, "serve", stored, "cut=1000000"]) { RedirectStandardOutput = true })!;
        try
        {
            var port = (await server.StandardOutput.ReadLineAsync())!.Split(' ')[1];
            for (var run = 0; run < 2; run++)
            {
                var (exitCode, said) = await HostProcess.RunAsync("send", file, "--to", $":{port}", "--protocol", "deliveries", "--id", "report-4711",
                    "--set", "actor-sockets.target-defaults.backoff={ min = 10ms, max = 100ms }");
                Assert.Equal(0, exitCode);
                Assert.Matches(run == 0 ? @"resuming at .*DELIVERED 2\.9 MiB \(3000000 B\) in .*, resumed at" : "DELIVERED 2.9 MiB", said.ReplaceLineEndings(" "));
            }
        }
        finally
        {
            server.Kill();
        }

        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(stored, "a report.bin")));
        Assert.Equal(1, Regex.Count(await server.StandardOutput.ReadToEndAsync(), "stored report-4711"));
    }

    [Fact]
    public async Task The_other_implementation_delivers_to_our_server_and_is_resumed()
    {
        var file = Path.Combine(_directory, "payload.bin");
        var bytes = new byte[3_000_000];
        Random.Shared.NextBytes(bytes);
        await File.WriteAllBytesAsync(file, bytes);
        var inbox = Directory.CreateDirectory(Path.Combine(_directory, "inbox")).FullName;
        await using var server = HostProcess.Start("serve", ":0", "--sink", inbox, "--protocol", "deliveries");
        var port = await server.PortOfAsync("server-1");
        Assert.Contains("from report-1 0", await TalkAsync("cut=1234567"), StringComparison.Ordinal);
        await server.HearAsync("did not finish report-1: .*MiB .* kept for another connection");
        var said = await TalkAsync();
        Assert.Matches(@"(?m)^from report-1 [1-9]\d{5,}$", said);
        Assert.Matches(@"(?m)^received report-1 3000000 sha256:[0-9a-f]{64}$", said);
        Assert.Matches(@"(?m)^received report-1 3000000 sha256:[0-9a-f]{64}$", await TalkAsync());
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Assert.Single(Directory.GetFiles(inbox))));
        Assert.Equal("a report.bin", Path.GetFileName(Assert.Single(Directory.GetFiles(inbox))));

        async Task<string> TalkAsync(params string[] cut)
        {
            using var client = Process.Start(new ProcessStartInfo("python3", [Peer, "send", "127.0.0.1", $"{port}", "report-1", file, "a report.bin", .. cut]) { RedirectStandardOutput = true })!;
            var talk = await client.StandardOutput.ReadToEndAsync();
            await client.WaitForExitAsync();
            return talk;
        }
    }

    [Fact]
    public async Task A_raw_client_and_a_server_of_deliveries_say_what_is_wrong()
    {
        await using var server = HostProcess.Start("serve", ":0", "--sink", "discard", "--protocol", "deliveries");
        var port = await server.PortOfAsync("server-1");
        foreach (var confirm in new[] { "close", "receipt" })
        {
            var (exitCode, said) = await HostProcess.RunAsync("send", "LICENSE", "--to", $":{port}", "--confirm", confirm);
            Assert.Equal(1, exitCode);
            Assert.Contains("speaks the deliveries protocol: needs protocol = deliveries, or another port", said, StringComparison.Ordinal);
        }

        await server.HearAsync("broke off after .*: the client does not speak the deliveries protocol; is it raw\\?");
    }

    [Fact]
    public async Task A_raw_server_is_sent_nothing()
    {
        await using var server = HostProcess.Start("serve", ":0", "--sink", "discard", "--json");
        var port = Regex.Match((await server.HearAsync(@"""bound"".*")).Value, @":(\d+)""").Groups[1].Value;
        var (exitCode, said) = await HostProcess.RunAsync("send", "LICENSE", "--to", $":{port}", "--protocol", "deliveries",
            "--connect-timeout", "300ms", "--set", "actor-sockets.target-defaults.max-attempts=1");
        Assert.Equal(1, exitCode);
        Assert.Contains("does not speak the deliveries protocol; is it raw?", said, StringComparison.Ordinal);
        await server.SignalAsync("TERM");
        Assert.Equal(0, await server.ExitCodeAsync());
        Assert.DoesNotContain(server.Output, line => Regex.IsMatch(line, @"""bytes"":[1-9]"));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
