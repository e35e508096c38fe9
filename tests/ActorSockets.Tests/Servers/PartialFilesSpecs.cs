using ActorSockets.Servers.Sinks;
using ActorSockets.Tests.Support;

namespace ActorSockets.Tests.Servers;

public sealed class PartialFilesSpecs : IDisposable
{
    private static readonly DateTime Now = new(2030, 1, 10, 0, 0, 0, DateTimeKind.Utc);

    private readonly string _directory = Directory.CreateTempSubdirectory("partial-files-specs-").FullName;

    [Fact]
    public void Nothing_is_deleted_unless_told_so()
    {
        Leave(daysAgo: 1000);
        Assert.Empty(new PartialFiles(_directory, TimeSpan.Zero, 0).Clean(Now));
        Assert.Single(Directory.GetFiles(_directory));
    }

    [Fact]
    public void Files_older_than_the_age_are_deleted()
    {
        var (old, justOld, young) = (Leave(daysAgo: 9), Leave(daysAgo: 2), Leave(daysAgo: 1));
        Assert.Equal([old, justOld], new PartialFiles(_directory, TimeSpan.FromDays(2), 0).Clean(Now));
        Assert.Equal([young], Directory.GetFiles(_directory));
    }

    [Fact]
    public void The_oldest_are_deleted_until_the_others_fit()
    {
        var (oldest, older, young) = (Leave(3, bytes: 10), Leave(2, bytes: 50), Leave(1, bytes: 50));
        Assert.Equal([oldest], new PartialFiles(_directory, TimeSpan.Zero, 100).Clean(Now));
        Assert.Equal([older], new PartialFiles(_directory, TimeSpan.Zero, 99).Clean(Now));
        Assert.Empty(new PartialFiles(_directory, TimeSpan.Zero, 50).Clean(Now));
        Assert.Equal([young], Directory.GetFiles(_directory));
    }

    [Fact]
    public void Files_of_other_names_stay()
    {
        var id = new string('a', 32);
        string[] others =
        [
            "report.pdf", "report.pdf.partial", $"20300101T000000.000Z-10.0.0.1_4711-{id}", $"20300101T000000.000Z-{id}.partial",
            $"20300101T000000.000Z-peer-{id}.partial.bak", $"x20300101T000000.000Z-peer-{id}.partial", $"20300101T000000.000Z-peer-{id}.partial\n",
        ];
        foreach (var name in others)
            Leave(daysAgo: 100, name: name);
        Assert.Empty(new PartialFiles(_directory, TimeSpan.FromDays(1), 1).Clean(Now));
        Assert.Equal(others.Length, Directory.GetFiles(_directory).Length);
    }

    [Fact]
    public async Task A_file_that_is_being_written_stays_until_its_connection_has_ended()
    {
        var server = Specs.Server($"sink = file\n directory = \"{_directory}\"\n keep-partial = 1s\n max-partial = 1");
        var store = new FileStore(server);
        Assert.True(store.Cleans);
        await using var sink = SinkFactory.Create(new SinkContext(server, "[::1]:4711", _ => ValueTask.CompletedTask, store));
        await sink.WriteAsync("abc"u8.ToArray());
        var future = DateTime.UtcNow.AddDays(1);
        Assert.Empty(await store.CleanAsync(future));
        Assert.Equal([(await sink.BreakOffAsync())!], await store.CleanAsync(future));
        Assert.Empty(Directory.GetFiles(_directory));
    }

    [Fact]
    public void A_file_that_another_process_writes_stays()
    {
        var path = Leave(daysAgo: 100);
        using (new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.Read))
            Assert.Empty(new PartialFiles(_directory, TimeSpan.FromDays(1), 0).Clean(Now));
        Assert.Equal([path], new PartialFiles(_directory, TimeSpan.FromDays(1), 0).Clean(Now));
    }

    [Fact]
    public void A_directory_that_is_gone_is_an_error()
    {
        var gone = Path.Combine(_directory, "gone");
        Assert.Throws<DirectoryNotFoundException>(() => new PartialFiles(gone, TimeSpan.FromDays(1), 0).Clean(Now));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string Leave(int daysAgo, int bytes = 3, string? name = null)
    {
        var path = Path.Combine(_directory, name ?? $"20300101T000000.000Z-10.0.0.1_4711-{Guid.NewGuid():N}.partial");
        File.WriteAllBytes(path, new byte[bytes]);
        File.SetLastWriteTimeUtc(path, Now.AddDays(-daysAgo));
        return path;
    }
}
