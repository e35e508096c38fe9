using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>What nobody configured is not loaded: a start stays as quick as it was.</summary>
public sealed class LoadedAssemblySpecs
{
    // The runtime maps every assembly that it loads, and so does the system its libraries.
    private static readonly string[] Database = ["ActorSockets.Storage.dll", "Microsoft.Data.Sqlite.dll", "SQLitePCLRaw.core.dll", "libe_sqlite3.so"];
    private static readonly string[] OnDemand = ["ActorSockets.Web.dll", "ActorSockets.Cluster.dll", "Akka.Cluster.dll", "Akka.Remote.dll", "System.Net.Http.dll", "Npgsql.dll", .. Database];

    private static readonly string[] OfTls = ["System.Net.Security.dll", "System.Security.Cryptography.X509Certificates.dll"];

    [Fact]
    public async Task A_plain_send_and_a_plain_server_load_no_TLS()
    {
        if (!OperatingSystem.IsLinux())
            return;

        await using var server = HostProcess.Start("serve", ":0", "--sink", "discard");
        var port = await server.PortOfAsync("server-1");
        // It stays until it has sent all.
        await using var sender = HostProcess.Start("send", "README.md", "--to", $":{port}", "--limit-rate", "1KiB");
        await sender.HearAsync("connected");
        await server.HearAsync("connected");
        Assert.Empty(Loaded(server).Intersect(OfTls));
        Assert.Empty(Loaded(sender).Intersect(OfTls));
    }

    [Fact]
    public async Task Only_a_server_that_stores_deliveries_loads_a_database_and_none_a_web_server()
    {
        if (!OperatingSystem.IsLinux())
            return;

        var inbox = Directory.CreateTempSubdirectory("loaded-specs-").FullName;
        var hello = Path.GetTempFileName();
        try
        {
            await using var server = HostProcess.Start("serve", ":0", "--sink", inbox, "--receipt");
            var port = await server.PortOfAsync("server-1");
            var (exitCode, said) = await HostProcess.RunAsync("send", hello, "--to", $":{port}", "--confirm", "receipt");
            Assert.True(exitCode == 0, said);
            Assert.Empty(Loaded(server).Intersect(OnDemand));
            Assert.Contains("ActorSockets.dll", Loaded(server));

            await using var unstored = HostProcess.Start("serve", ":0", "--sink", "discard", "--protocol", "deliveries");
            await unstored.PortOfAsync("server-1");
            Assert.Empty(Loaded(unstored).Intersect(OnDemand));

            await using var storing = HostProcess.Start("serve", ":0", "--sink", inbox, "--protocol", "deliveries");
            await storing.PortOfAsync("server-1");
            Assert.Equal(Database.Order(StringComparer.Ordinal), Loaded(storing).Intersect(OnDemand).Order(StringComparer.Ordinal));

            // No peer: it stays for a look.
            await using var sender = HostProcess.Start("send", hello, "--to", "127.0.0.1:1");
            await sender.HearAsync("refused");
            Assert.Empty(Loaded(sender).Intersect(OnDemand));
        }
        finally
        {
            Directory.Delete(inbox, recursive: true);
            File.Delete(hello);
        }
    }

    private static IEnumerable<string> Loaded(HostProcess process) =>
        File.ReadLines($"/proc/{process.Id}/maps").Select(line => Path.GetFileName(line)).Distinct();
}
