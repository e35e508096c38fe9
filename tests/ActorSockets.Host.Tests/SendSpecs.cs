using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>What <c>send</c> takes: files, pipes and standard input, with and without an expectation.</summary>
public sealed class SendSpecs : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("send-specs-").FullName;

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task Only_its_user_may_read_the_copy_of_standard_input()
    {
        var pipe = await CreateFifoAsync(_directory);
        await using var send = HostProcess.StartInShell("umask 0000;", $"0<>{pipe}", "send", "-", "--to", ":9");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(await SpoolOfAsync(send)));
    }

    [Theory]
    [InlineData("send /dev/stdin", "< LICENSE")]
    [InlineData("send -", "< <(cat LICENSE)")]
    [InlineData("send /dev/fd/7", "7< <(cat LICENSE)")]
    [InlineData("send LICENSE --expect-bytes 11358 --expect-digest sha256:CFC7749B96F63BD31C3C42B5C471BF756814053E847C10F3EB003417BC523D30", "")]
    [InlineData("send - --expect-bytes 11358 --expect-digest sha256:cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30", "< <(cat LICENSE)")]
    public async Task A_payload_may_come_from_anything_that_can_be_read(string arguments, string redirections)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        await using var server = HostProcess.Start("serve", ":0", "--sink", _directory);
        var port = await server.PortOfAsync("server-1");
        await using var send = HostProcess.StartInShell("", redirections, [.. arguments.Split(' '), "--to", string.Create(CultureInfo.InvariantCulture, $":{port}")]);
        Assert.Equal((0, ""), (await send.ExitCodeAsync(), send.Said.Contains("rror", StringComparison.Ordinal) ? send.Said : ""));
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(HostProcess.RepositoryRoot, "LICENSE")), await File.ReadAllBytesAsync(Assert.Single(Directory.GetFiles(_directory))));
    }

    [Fact]
    public async Task A_named_pipe_is_sent_to_each_target()
    {
        var content = RandomNumberGenerator.GetBytes(1_000_000);
        var pipe = await CreateFifoAsync(_directory);
        var inbox = Directory.CreateDirectory(Path.Combine(_directory, "inbox")).FullName;
        await using var server = HostProcess.Start("serve", ":0", ":0", "--sink", inbox);
        var (one, two) = (await server.PortOfAsync("server-1"), await server.PortOfAsync("server-2"));
        await using var send = HostProcess.Start("send", pipe, "--to", $":{one}", "--to", $":{two}");
        await Task.Run(() => File.WriteAllBytes(pipe, content)).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(0, await send.ExitCodeAsync());
        Assert.Equal(2, Directory.GetFiles(inbox).Length);
        Assert.All(Directory.GetFiles(inbox), stored => Assert.Equal(content, File.ReadAllBytes(stored)));
    }

    [Fact]
    public async Task A_file_that_is_not_the_expected_one_reaches_nobody()
    {
        await using var server = HostProcess.Start("serve", ":0", "--sink", _directory);
        var port = await server.PortOfAsync("server-1");
        await using var send = HostProcess.Start("send", "LICENSE", "--expect-bytes", "8", "--to", $":{port}");
        Assert.Equal(1, await send.ExitCodeAsync());
        await server.SignalAsync("TERM");
        Assert.Equal(0, await server.ExitCodeAsync());
        Assert.DoesNotContain("connected", server.Said, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    internal static async Task<string> CreateFifoAsync(string directory)
    {
        var pipe = Path.Combine(directory, "pipe");
        using var make = Process.Start("mkfifo", [pipe]);
        await make.WaitForExitAsync();
        return pipe;
    }

    /// <summary>Waits for the copy of standard input: its name is gone, its descriptor is there.</summary>
    internal static async Task<string> SpoolOfAsync(HostProcess send)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            foreach (var descriptor in Directory.GetFiles(string.Create(CultureInfo.InvariantCulture, $"/proc/{send.Id}/fd")))
            {
                if (Path.GetFileName(new FileInfo(descriptor).LinkTarget ?? "").StartsWith("actorsockets-", StringComparison.Ordinal))
                    return descriptor;
            }

            await Task.Delay(10, patience.Token);
        }
    }
}
