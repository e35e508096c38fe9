using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>
/// TLS with the programs that docs/tls.md names, with and without client certificates. One that is not installed is left out,
/// unless <c>INTEROP_REQUIRED</c> is set, as in <c>.ci/run</c>.
/// </summary>
public sealed class TlsInteropSpecs : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory("interop-specs-").FullName;
    private readonly byte[] _payload = new byte[1_000_000];

    private string Payload => Path.Combine(_directory, "payload");

    public async Task InitializeAsync()
    {
        Random.Shared.NextBytes(_payload);
        await File.WriteAllBytesAsync(Payload, _payload);
        var (exitCode, said) = await HostProcess.RunAsync("init", "--tls", Path.Combine(_directory, "pki"));
        Assert.True(exitCode == 0, said);
    }

    public Task DisposeAsync()
    {
        Directory.Delete(_directory, recursive: true);
        return Task.CompletedTask;
    }

    /// <summary>Clients: $1 is the port; the payload is standard input.</summary>
    [Theory]
    [InlineData("openssl", "exec openssl s_client -connect localhost:$1 -CAfile pki/ca.crt -verify_return_error -quiet -no_ign_eof -nocommands CERT", "-cert pki/client.crt -key pki/client.key")]
    [InlineData("socat", "exec socat -u - OPENSSL:localhost:$1,cafile=pki/ca.crtCERT", ",cert=pki/client.crt,key=pki/client.key")]
    [InlineData("python3", "exec python3 -c \"$PYTHON_CLIENT\" $1 CERT", "pki/client.crt pki/client.key")]
    public async Task What_it_sends_is_stored_whole(string program, string command, string certificate)
    {
        if (!IsThere(program))
            return;
        foreach (var mutual in (bool[])[false, true])
        {
            var inbox = Directory.CreateDirectory(Path.Combine(_directory, $"inbox-{mutual}")).FullName;
            string[] authority = mutual ? ["--ca", Pki("ca.crt")] : [];
            await using var server = HostProcess.Start(["serve", ":0", "--sink", inbox, "--tls", "--cert", Pki("server.crt"), "--key", Pki("server.key"), .. authority]);
            var port = await server.PortOfAsync("server-1");
            using var client = Start($"{command.Replace("CERT", mutual ? certificate : "", StringComparison.Ordinal)} < payload", $"{port}");
            await EndAsync(client);
            await server.HearAsync("closed after .* \\(1000000 B\\)");
            Assert.Equal(_payload, await File.ReadAllBytesAsync(Assert.Single(Directory.GetFiles(inbox))));
            Assert.Equal(mutual, server.Said.Contains("connected, certificate of CN=client-1", StringComparison.Ordinal));
        }
    }

    /// <summary>Ncat 7.93 half-closes its socket before it ends TLS.</summary>
    [Fact]
    public async Task What_ncat_sends_without_an_end_of_TLS_is_kept_as_a_partial_file()
    {
        if (!IsThere("ncat"))
            return;
        var inbox = Directory.CreateDirectory(Path.Combine(_directory, "inbox")).FullName;
        await using var server = HostProcess.Start("serve", ":0", "--sink", inbox, "--tls", "--cert", Pki("server.crt"), "--key", Pki("server.key"));
        var port = await server.PortOfAsync("server-1");
        using var client = Start("exec ncat --ssl --ssl-verify --ssl-trustfile pki/ca.crt localhost $1 < payload", $"{port}");
        await EndAsync(client, mayFail: true);
        await server.HearAsync("broke off after");
        Assert.EndsWith(".partial", Assert.Single(Directory.GetFiles(inbox)), StringComparison.Ordinal);
    }

    /// <summary>Servers: $1 is the port; standard output is what came; standard input never ends.</summary>
    [Theory]
    [InlineData("openssl", "exec openssl s_server -accept 127.0.0.1:$1 -cert pki/server.crt -key pki/server.key -quiet -naccept 1 CERT", "-Verify 1 -verify_return_error -CAfile pki/ca.crt")]
    [InlineData("socat", "exec socat -u OPENSSL-LISTEN:$1,bind=127.0.0.1,reuseaddr,cert=pki/server.crt,key=pki/server.key,CERT -", "verify=1,cafile=pki/ca.crt", "verify=0")]
    [InlineData("ncat", "exec ncat --ssl --ssl-cert pki/server.crt --ssl-key pki/server.key -l 127.0.0.1 $1 --recv-only", null)]
    [InlineData("python3", "exec python3 -c \"$PYTHON_SERVER\" $1 CERT", "pki/ca.crt")]
    public async Task What_it_receives_is_whole(string program, string command, string? required, string otherwise = "")
    {
        if (!IsThere(program))
            return;
        foreach (var mutual in required is null ? (bool[])[false] : [false, true])
        {
            // It is ours until the program, which reuses addresses too, listens on it: nobody else gets it meanwhile.
            using var reserved = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            reserved.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            reserved.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            var port = ((IPEndPoint)reserved.LocalEndPoint!).Port;
            using var server = Start($"{command.Replace("CERT", mutual ? required : otherwise, StringComparison.Ordinal)} > got", $"{port}", holdsInput: true);
            var (exitCode, said) = await SendAsync(port, ["--ca", Pki("ca.crt"), .. mutual ? (string[])["--cert", Pki("client.crt"), "--key", Pki("client.key")] : []]);
            Assert.True(exitCode == 0, $"{said}\n{(server.HasExited ? await server.StandardError.ReadToEndAsync() : "")}");
            Assert.Contains("connected to CN=localhost", said, StringComparison.Ordinal);
            await EndAsync(server, mayFail: true);
            Assert.Equal(_payload, await File.ReadAllBytesAsync(Path.Combine(_directory, "got")));
        }
    }

    /// <summary>In front of a server that speaks no TLS: what is $1 forwards to $2.</summary>
    [Theory]
    [InlineData("stunnel4", "printf '%s\\n' foreground=yes pid= '[s]' accept=127.0.0.1:$1 connect=127.0.0.1:$2 cert=$PWD/pki/server.crt key=$PWD/pki/server.key > s.conf; exec stunnel4 s.conf")]
    [InlineData("haproxy", """
        cat pki/server.crt pki/server.key > both.pem
        printf '%s\n' defaults ' mode tcp' ' timeout connect 9s' ' timeout client 60s' ' timeout server 60s' 'frontend f' " bind 127.0.0.1:$1 ssl crt both.pem" ' default_backend b' 'backend b' " server s 127.0.0.1:$2" > h.cfg
        exec haproxy -db -f h.cfg
        """)]
    public async Task A_receipt_comes_through_a_terminator(string program, string command)
    {
        if (!IsThere(program))
            return;
        await using var server = HostProcess.Start("serve", ":0", "--sink", "discard", "--receipt");
        var behind = await server.PortOfAsync("server-1");
        using var reserved = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        reserved.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        reserved.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)reserved.LocalEndPoint!).Port;
        using var terminator = Start(command, $"{port} {behind}", holdsInput: true);
        var (exitCode, said) = await SendAsync(port, ["--ca", Pki("ca.crt"), "--confirm", "receipt"]);
        Assert.True(exitCode == 0, said);
        Assert.Contains("DELIVERED", said, StringComparison.Ordinal);
        await EndAsync(terminator, kills: true);
    }

    private static bool IsThere(string program)
    {
        var isThere = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Any(p => File.Exists(Path.Combine(p, program)));
        return isThere || Environment.GetEnvironmentVariable("INTEROP_REQUIRED") is not { Length: > 0 }
            ? isThere
            : throw new InvalidOperationException($"INTEROP_REQUIRED is set, and {program} is not installed");
    }

    private string Pki(string name) => Path.Combine(_directory, "pki", name);

    /// <summary>Refused until the server listens: it tries again.</summary>
    private Task<(int ExitCode, string Said)> SendAsync(int port, params IEnumerable<string> more) => HostProcess.RunAsync(
        ["send", Payload, "--to", $"localhost:{port}", "--set", "actor-sockets.target-defaults.backoff.max=50ms", "--give-up-after", "50s", .. more]);

    private Process Start(string command, string arguments, bool holdsInput = false)
    {
        var start = new ProcessStartInfo("bash", ["-c", command, "bash", .. arguments.Split(' ')])
        {
            WorkingDirectory = _directory,
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] += ":/usr/sbin";
        start.Environment["PYTHON_CLIENT"] = """
            import socket, ssl, sys
            context = ssl.create_default_context(cafile="pki/ca.crt")
            if len(sys.argv) > 2: context.load_cert_chain(sys.argv[2], sys.argv[3])
            with context.wrap_socket(socket.create_connection(("localhost", int(sys.argv[1]))), server_hostname="localhost") as tls:
                tls.sendall(sys.stdin.buffer.read())
                tls.unwrap()
            """;
        start.Environment["PYTHON_SERVER"] = """
            import socket, ssl, sys
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain("pki/server.crt", "pki/server.key")
            if len(sys.argv) > 2:
                context.load_verify_locations(sys.argv[2])
                context.verify_mode = ssl.CERT_REQUIRED
            with context.wrap_socket(socket.create_server(("127.0.0.1", int(sys.argv[1]))).accept()[0], server_side=True) as tls:
                while data := tls.recv(65536): sys.stdout.buffer.write(data)
                tls.unwrap()
            """;
        var process = Process.Start(start)!;
        if (!holdsInput)
            process.StandardInput.Close();
        return process;
    }

    private static async Task EndAsync(Process process, bool mayFail = false, bool kills = false)
    {
        if (kills)
            process.Kill();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(Patience);
        Assert.True(mayFail || kills || process.ExitCode == 0, await errors);
    }
}
