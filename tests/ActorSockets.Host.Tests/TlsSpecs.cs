using System.Text.RegularExpressions;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>TLS as a user meets it: the commands of <c>init --tls</c>, what is refused, and what no output ever shows.</summary>
public sealed class TlsSpecs : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tls-specs-").FullName;

    [Fact]
    public async Task The_commands_that_init_prints_deliver_a_file_with_proof_and_name_both_ends()
    {
        var pki = await InitAsync();
        var said = (await HostProcess.RunAsync("init", "--tls", Path.Combine(_directory, "another"))).Said;
        Assert.Contains($"next: actorsockets serve :9000 --tls --cert {_directory}/another/server.crt --key {_directory}/another/server.key --ca {_directory}/another/ca.crt", said, StringComparison.Ordinal);
        Assert.Contains("For a trial on this machine, and for nothing else", said, StringComparison.Ordinal);

        await using var server = Serve(pki, "--json");
        var port = Regex.Match((await server.HearAsync(@"""bound"".*$")).Value, @":(\d+)""").Groups[1].Value;
        var (exitCode, sent) = await HostProcess.RunAsync("send", "README.md", "--to", $":{port}", "--confirm", "receipt",
            "--tls", "--ca", $"{pki}/ca.crt", "--cert", $"{pki}/client.crt", "--key", $"{pki}/client.key");
        Assert.True(exitCode == 0, sent);
        Assert.Contains("connected to CN=localhost, sending ", sent, StringComparison.Ordinal);
        Assert.Matches(@"""event"":""accepted"",.*""identity"":\{""subject"":""CN=client-1"",""names"":\[""client-1""\]\}", (await server.HearAsync("\"accepted\".*$")).Value.Insert(0, "\"event\":"));
        await server.HearAsync("\"completed\"");
    }

    [Fact]
    public async Task A_client_without_a_certificate_fails_and_the_server_says_why()
    {
        var pki = await InitAsync();
        await using var server = Serve(pki);
        var port = await server.PortOfAsync("server-1");
        var (exitCode, said) = await HostProcess.RunAsync("send", "README.md", "--to", $":{port}", "--ca", $"{pki}/ca.crt",
            "--set", "actor-sockets.target-defaults.max-attempts=1");
        Assert.Equal(1, exitCode);
        Assert.Contains("the server may require a client certificate (tls.certificate, tls.key)", said, StringComparison.Ordinal);
        await server.HearAsync(@"refused 1 connection, .*: TLS: it showed no certificate \(tls\.client-certificates = required\)$");
    }

    [Fact]
    public async Task Changed_certificates_are_used_by_new_connections_and_bad_ones_are_reported()
    {
        var (pki, other) = (await InitAsync(), await InitAsync("other"));
        await using var server = Serve(pki, "--set", "actor-sockets.tls.reload-interval=20ms");
        var port = await server.PortOfAsync("server-1");
        File.Copy($"{other}/server.key", $"{pki}/server.key", overwrite: true);
        await server.HearAsync("server server-1: the changed TLS files do not load, new connections use the former ones: tls.key: '.*' is not the key of the certificate");
        Assert.Equal(0, (await SendAsync(port, pki, pki)).ExitCode);

        File.Copy($"{other}/server.crt", $"{pki}/server.crt", overwrite: true);
        await server.HearAsync("server server-1: new connections use the changed TLS files; the certificate expires on ");
        Assert.Equal(0, (await SendAsync(port, pki, other)).ExitCode);
        Assert.Contains("its certificate is not signed by a CA of", (await SendAsync(port, pki, pki)).Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_warns_of_a_certificate_that_expires_soon_and_a_run_does_so_at_its_start()
    {
        var pki = await InitAsync();
        var file = Path.Combine(_directory, "a.conf");
        await File.WriteAllTextAsync(file, $"actor-sockets {{ tls.expiry-warning = 100d\n servers.s {{ port = 0, tls {{ certificate = \"{pki}/server.crt\", key = \"{pki}/server.key\" }} }} }}");
        var (exitCode, said) = await HostProcess.RunAsync("check", file);
        Assert.Equal(0, exitCode);
        Assert.Matches(@"(?m)^warning: .*a\.conf:2: actor-sockets\.servers\.s\.tls\.certificate: the certificate expires on \d{4}-\d\d-\d\d \d\d:\d\d UTC: renew it$", said);
        await using var run = HostProcess.Start("run", file);
        await run.HearAsync(@"^warning: server s: its certificate expires on \d{4}-\d\d-\d\d \d\d:\d\d UTC: renew it$");
    }

    [Fact]
    public async Task Nothing_that_the_program_prints_has_a_part_of_a_key()
    {
        var pki = await InitAsync();
        var secrets = Directory.GetFiles(pki, "*.key").SelectMany(File.ReadLines).Where(l => !l.StartsWith('-')).ToArray();
        Assert.NotEmpty(secrets);
        await using var server = Serve(pki, "--json");
        var port = Regex.Match((await server.HearAsync(@"""bound"".*$")).Value, @":(\d+)""").Groups[1].Value;
        string[] tls = ["--ca", $"{pki}/ca.crt", "--cert", $"{pki}/client.crt", "--key", $"{pki}/client.key"];
        var said = (await HostProcess.RunAsync(["send", "README.md", "--to", $":{port}", "--json", "--set", "akka.loglevel=DEBUG", .. tls])).Said;
        await server.HearAsync("\"completed\"");
        await File.WriteAllTextAsync(Path.Combine(_directory, "a.conf"), $"actor-sockets.servers.s {{ port = 0, tls {{ certificate = \"{pki}/server.crt\", key = \"{pki}/server.key\" }} }}");
        said += (await HostProcess.RunAsync("check", Path.Combine(_directory, "a.conf"))).Said;
        said += (await HostProcess.RunAsync("check", Path.Combine(_directory, "a.conf"), "--json")).Said;
        // A certificate that is no key, and a key in the place of a certificate: their errors name the files.
        said += (await HostProcess.RunAsync("serve", ":0", "--cert", $"{pki}/server.key", "--key", $"{pki}/client.key", "--json")).Said;
        said += (await HostProcess.RunAsync("serve", ":0", "--cert", $"{pki}/server.crt", "--key", $"{pki}/client.key")).Said;
        said += server.Said;
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, said, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Init_overwrites_nothing_and_keeps_keys_to_its_user()
    {
        var pki = await InitAsync();
        var (exitCode, said) = await HostProcess.RunAsync("init", "--tls", pki);
        Assert.Equal((1, $"error: {pki}/ca.crt: already exists; not overwritten"), (exitCode, said.Trim()));
        if (OperatingSystem.IsWindows())
            return;
        foreach (var key in Directory.GetFiles(pki, "*.key"))
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(key));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private async Task<string> InitAsync(string name = "pki")
    {
        var pki = Path.Combine(_directory, name);
        var (exitCode, said) = await HostProcess.RunAsync("init", "--tls", pki);
        Assert.True(exitCode == 0, said);
        return pki;
    }

    private static HostProcess Serve(string pki, params string[] more) =>
        HostProcess.Start(["serve", ":0", "--sink", "discard", "--receipt", "--tls", "--cert", $"{pki}/server.crt", "--key", $"{pki}/server.key", "--ca", $"{pki}/ca.crt", .. more]);

    private static Task<(int ExitCode, string Said)> SendAsync(int port, string pki, string ca) =>
        HostProcess.RunAsync("send", "README.md", "--to", $":{port}", "--confirm", "receipt", "--ca", $"{ca}/ca.crt", "--cert", $"{pki}/client.crt", "--key", $"{pki}/client.key",
            "--set", "actor-sockets.target-defaults.max-attempts=1");
}
