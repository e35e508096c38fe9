using ActorSockets.Payloads;
using ActorSockets.Platform;

namespace ActorSockets.Tests.Payloads;

/// <summary>Files: which threads read them, and what tells that they changed.</summary>
public sealed class FilePayloadSpecs : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _directory = Directory.CreateTempSubdirectory("file-payload-specs-").FullName;

    [Fact]
    public async Task A_file_that_stays_as_it_is_has_not_changed()
    {
        await using var stream = await new FilePayload(Write("a", "abcdef")).OpenAsync();
        Assert.Equal(6, await stream.ReadAsync(new byte[10]));
        Assert.Equal(0, await stream.ReadAsync(new byte[10]));
        Assert.Null(await ((IChecked)stream).ChangedSinceOpenedAsync());
    }

    [Fact]
    public async Task A_file_that_grows_has_not_changed_as_far_as_it_is_sent()
    {
        var path = Write("a", "abcdef");
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddMinutes(-1));
        await using var stream = await new FilePayload(path).OpenAsync();
        await File.AppendAllTextAsync(path, "ghi");
        Assert.Null(await ((IChecked)stream).ChangedSinceOpenedAsync());
    }

    [Theory]
    [InlineData("ABCDEF")]
    [InlineData("abc")]
    public async Task A_file_that_is_overwritten_in_place_has_changed(string written)
    {
        var path = Write("a", "abcdef");
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddMinutes(-1));
        await using var stream = await new FilePayload(path).OpenAsync();
        await using (var same = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            same.SetLength(written.Length);
            await same.WriteAsync(System.Text.Encoding.ASCII.GetBytes(written));
        }

        Assert.Equal($"{path} changed while it was being sent", await ((IChecked)stream).ChangedSinceOpenedAsync());
    }

    [Fact]
    public async Task A_file_that_another_one_replaces_is_sent_as_it_was()
    {
        var path = Write("a", "abcdef");
        await using var stream = await new FilePayload(path).OpenAsync();
        File.Move(Write("b", "ABCDEF"), path, overwrite: true);
        var buffer = new byte[6];
        await stream.ReadExactlyAsync(buffer);
        Assert.Equal("abcdef"u8.ToArray(), buffer);
        Assert.Null(await ((IChecked)stream).ChangedSinceOpenedAsync());
    }

    [Fact]
    public async Task A_disk_that_hangs_holds_up_the_payloads_of_its_directory_and_no_others()
    {
        using var thaw = new ManualResetEventSlim();
        var frozen = Write("frozen/a", "abc");
        // Another lane, also when other specs have taken so many that directories share them.
        var healthy = Enumerable.Range(0, 1000).Select(i => Path.Combine(_directory, $"healthy-{i}", "a"))
            .First(path => PayloadThreads.Shared.OfFile(path) != PayloadThreads.Shared.OfFile(frozen));
        Write(healthy, "abc");
        await using var open = await new FilePayload(frozen).OpenAsync();
        var lane = PayloadThreads.Shared.OfFile(frozen);
        var hung = Enumerable.Range(0, 100).Select(_ => lane.Run(() => thaw.Wait(Patience))).ToArray();
        var reading = open.ReadAtLeastAsync(new byte[3], 3).AsTask();
        var opening = new FilePayload(frozen).OpenAsync();
        Assert.Equal(16, lane.Count);

        await using var other = await new FilePayload(healthy).OpenAsync().WaitAsync(Patience);
        Assert.Equal(3, await other.ReadAtLeastAsync(new byte[3], 3).AsTask().WaitAsync(Patience));
        Assert.Equal(3, (await new TextPayload("abc").OpenAsync()).Length);
        Assert.False(reading.IsCompleted || opening.IsCompleted);

        thaw.Set();
        Assert.All(await Task.WhenAll(hung), Assert.True);
        Assert.Equal(3, await reading);
        await (await opening).DisposeAsync();
    }

    [Fact]
    public async Task Disposing_waits_for_the_read_that_is_under_way()
    {
        using var thaw = new ManualResetEventSlim();
        var lane = new BlockingThreads("t", 1);
        var stream = new FilePayloadStream("a", File.OpenHandle(Write("a", "abc")), lane);
        var hung = lane.Run(() => thaw.Wait(Patience));
        var buffer = new byte[3];
        var reading = stream.ReadAsync(buffer).AsTask();
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await stream.ReadExactlyAsync(new byte[3]));
        var (disposing, again) = (stream.DisposeAsync().AsTask(), stream.DisposeAsync().AsTask());
        Assert.False(disposing.IsCompleted || again.IsCompleted || stream.Handle.IsClosed);

        thaw.Set();
        Assert.True(await hung);
        Assert.Equal(3, await reading);
        Assert.Equal("abc"u8.ToArray(), buffer);
        await Task.WhenAll(disposing, again).WaitAsync(Patience);
        Assert.True(stream.Handle.IsClosed);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await stream.ReadExactlyAsync(new byte[3]));
    }

    [Fact]
    public async Task A_payload_of_the_program_opens_off_the_dotnet_pool()
    {
        await using var stream = await new OwnPayload().OpenAsync();
        Assert.Equal(0, stream.Length);
    }

    [Fact]
    public void Directories_have_threads_of_their_own_up_to_64()
    {
        var threads = new PayloadThreads();
        var lanes = Enumerable.Range(0, 500).Select(i => threads.OfFile($"/specs/{i}/a")).ToArray();
        Assert.Equal(64, lanes.Take(64).Distinct().Count());
        Assert.Equal(64, lanes.Distinct().Count());
        Assert.Equal(lanes, Enumerable.Range(0, 500).Select(i => threads.OfFile($"/specs/{i}/b")));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string Write(string name, string text)
    {
        var path = Path.Combine(_directory, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    private sealed record OwnPayload : Payload
    {
        public override string Description => "own";

        public override Stream Open() => Thread.CurrentThread.IsThreadPoolThread ? throw new IOException("on the pool") : new MemoryStream();
    }
}
