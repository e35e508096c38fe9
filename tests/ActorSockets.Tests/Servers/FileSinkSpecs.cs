using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using ActorSockets.Configuration;
using ActorSockets.Servers.Sinks;
using ActorSockets.Tests.Support;

namespace ActorSockets.Tests.Servers;

/// <summary>What becomes of a connection's file. Nothing runs beside these: one limits the file size of the process.</summary>
[Collection(nameof(FaultSpecs)), UnsupportedOSPlatform("windows")]
public sealed class FileSinkSpecs : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _directory = Directory.CreateTempSubdirectory("file-sink-specs-").FullName;

    [Fact]
    public async Task What_came_before_a_connection_broke_off_is_kept_to_its_last_byte()
    {
        var sink = Create();
        await sink.WriteAsync("abc"u8.ToArray());
        await sink.WriteAsync("def"u8.ToArray());
        var kept = await sink.BreakOffAsync();
        await sink.DisposeAsync();
        Assert.Equal(Assert.Single(Directory.GetFiles(_directory)), kept);
        Assert.EndsWith(".partial", kept, StringComparison.Ordinal);
        Assert.Equal("abcdef", await File.ReadAllTextAsync(kept!));
        Assert.Null(sink.StoredAs);
    }

    [Fact]
    public async Task What_came_before_a_connection_broke_off_is_deleted_when_told_so()
    {
        await using var sink = Create("on-broken-off = delete");
        await sink.WriteAsync("abc"u8.ToArray());
        Assert.Null(await sink.BreakOffAsync());
        Assert.Empty(Directory.GetFiles(_directory));
    }

    [Theory]
    [InlineData("receipt = off", false)]
    [InlineData("receipt = on", true)]
    public async Task A_clean_end_without_a_byte_leaves_a_file_only_with_receipts(string hocon, bool isFile)
    {
        await using var sink = Create(hocon);
        await sink.CompleteAsync();
        Assert.Equal(isFile ? [sink.StoredAs!] : [], Directory.GetFiles(_directory));
        Assert.Equal(isFile, sink.StoredAs is not null);
    }

    [Fact]
    public async Task A_sink_that_is_only_disposed_leaves_the_partial_file()
    {
        var sink = Create("on-broken-off = delete");
        await sink.WriteAsync("abc"u8.ToArray());
        await sink.DisposeAsync();
        Assert.EndsWith(".partial", Assert.Single(Directory.GetFiles(_directory)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", UnixFileMode.UserRead | UnixFileMode.UserWrite)]
    [InlineData("file-mode = 0666", (UnixFileMode)0b110_110_110)]
    [InlineData("file-mode = 640", (UnixFileMode)0b110_100_000)]
    [InlineData("file-mode = \"0400\"", UnixFileMode.UserRead)]
    public async Task Files_have_the_mode_that_is_set_whatever_the_umask(string hocon, UnixFileMode mode)
    {
        Assert.Equal(mode, await ModeAsync(hocon));
    }

    [Fact]
    public async Task Files_have_the_mode_that_the_umask_leaves_when_told_so()
    {
        var other = Path.Combine(_directory, "other");
        await File.WriteAllTextAsync(other, "");
        Assert.Equal(File.GetUnixFileMode(other), await ModeAsync("file-mode = umask"));
    }

    [Theory]
    [InlineData("rw")]
    [InlineData("0888")]
    [InlineData("4755")]
    [InlineData("66")]
    public void A_mode_is_octal(string mode) =>
        Assert.Contains($"'{mode}' is not umask and not three octal digits", Assert.Throws<SettingsException>(() =>
            Specs.Server($"file-mode = \"{mode}\"")).Message, StringComparison.Ordinal);

    [Fact]
    public async Task An_error_names_the_file_and_the_reason()
    {
        await using var sink = Create();
        Directory.Delete(_directory);
        var failure = await Assert.ThrowsAsync<IOException>(async () => await sink.WriteAsync("abc"u8.ToArray()));
        Assert.Matches(@"^/.*/file-sink-specs-\w+/\w.*\.partial cannot be created: No such file or directory$", failure.Message);
        Assert.Null(await sink.BreakOffAsync());
        Directory.CreateDirectory(_directory);
    }

    [Fact]
    public async Task A_disk_that_takes_no_more_bytes_fails_the_sink_and_keeps_what_it_took()
    {
        using var limit = new FileSizeLimit(1 << 20);
        await using var sink = Create("receipt = on");
        await sink.WriteAsync(new byte[1_000_000]);
        var failure = await Assert.ThrowsAsync<IOException>(async () => await sink.WriteAsync(new byte[100_000]));
        Assert.Matches(@"\.partial cannot be written: File too large$", failure.Message);
        var kept = await sink.BreakOffAsync();
        Assert.Equal(1 << 20, new FileInfo(Assert.Single(Directory.GetFiles(_directory))).Length);
        Assert.EndsWith(".partial", kept, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disk_that_hangs_holds_up_its_own_server_and_nothing_else()
    {
        using var thaw = new ManualResetEventSlim();
        var server = Specs.Server($"sink = file\n disk-threads = 2\n directory = \"{_directory}\"");
        var store = new FileStore(server);
        var frozen = Enumerable.Range(0, 2).Select(_ => store.Threads.Run(() => thaw.Wait(Patience))).ToArray();
        var uploads = Enumerable.Range(0, 100).Select(i => UploadAsync(Sink(server, store))).ToArray();

        // The calls neither block their caller nor use a thread of the pool.
        var healthy = Create();
        await healthy.WriteAsync("abc"u8.ToArray()).AsTask().WaitAsync(Patience);
        await healthy.CompleteAsync().AsTask().WaitAsync(Patience);
        Assert.Equal(2, store.Threads.Count);
        Assert.All(uploads, upload => Assert.False(upload.IsCompleted));
        Assert.Single(Directory.GetFiles(_directory));

        thaw.Set();
        Assert.All(await Task.WhenAll(frozen), Assert.True);
        await Task.WhenAll(uploads).WaitAsync(Patience);
        Assert.Equal(101, Directory.GetFiles(_directory).Length);

        static async Task UploadAsync(ISink sink)
        {
            await sink.WriteAsync("abc"u8.ToArray());
            await sink.CompleteAsync();
            await sink.DisposeAsync();
        }
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private async Task<UnixFileMode> ModeAsync(string hocon)
    {
        await using var sink = Create(hocon);
        await sink.WriteAsync("abc"u8.ToArray());
        await sink.WriteAsync("def"u8.ToArray());
        await sink.CompleteAsync();
        return File.GetUnixFileMode(sink.StoredAs!);
    }

    private ISink Create(string hocon = "")
    {
        var server = Specs.Server($"sink = file\n directory = \"{_directory}\"\n{hocon}");
        return Sink(server, new FileStore(server));
    }

    private static ISink Sink(ActorSockets.Servers.ServerSettings server, FileStore store) =>
        SinkFactory.Create(new SinkContext(server, "peer", _ => ValueTask.CompletedTask, store));

    /// <summary>What ulimit -f sets: writes beyond it fail, as they do on a full disk.</summary>
    private sealed class FileSizeLimit : IDisposable
    {
        private const int OfFileSize = 1;

        private readonly ulong[] _before = new ulong[2];

        public FileSizeLimit(ulong bytes)
        {
            Assert.Equal(0, GetLimit(OfFileSize, _before));
            Assert.Equal(0, SetLimit(OfFileSize, [bytes, _before[1]]));
        }

        public void Dispose() => Assert.Equal(0, SetLimit(OfFileSize, _before));

        [DllImport("libc", EntryPoint = "getrlimit"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int GetLimit(int resource, [Out] ulong[] limits);

        [DllImport("libc", EntryPoint = "setrlimit"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int SetLimit(int resource, ulong[] limits);
    }
}
