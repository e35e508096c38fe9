using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>Exactly once, whoever dies: in small. In large: <c>ActorSockets.Benchmarks kills</c>.</summary>
public sealed class KillSpecs : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kill-specs-").FullName;

    [Fact]
    public async Task Payloads_are_stored_once_and_byte_for_byte_though_sender_and_server_are_killed_and_connections_reset()
    {
        var figures = await new KillRun(HostProcess.Program, _directory, kills: 25, longest: 30_000_000, senders: 2, TimeSpan.FromSeconds(110), seed: Environment.TickCount)
            .RunAsync(CancellationToken.None);
        Assert.True(figures is { Senders: > 0, Servers: > 0, Payloads: > 0 }, figures.ToString());
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
