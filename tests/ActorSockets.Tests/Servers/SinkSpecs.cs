using System.Text;
using ActorSockets.Servers.Sinks;
using ActorSockets.Tests.Support;

namespace ActorSockets.Tests.Servers;

/// <summary>What every sink promises, for each name that a configuration can use; then what is each one's own.</summary>
public sealed class SinkSpecs : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("sink-specs-").FullName;
    private readonly List<string> _printed = [];
    private int _longestPrint;

    // A relay needs a store: RelaySpecs of ActorSockets.Storage.Tests.
    public static TheoryData<string> All => [.. SinkFactory.Names.Except(["relay"])];

    [Theory]
    [MemberData(nameof(All))]
    public async Task Takes_chunks_of_any_size_and_completes(string name)
    {
        await using var sink = Create($"sink = {name}");
        foreach (var size in (int[])[0, 1, 27, 65_536])
            await sink.WriteAsync(new byte[size]);
        await sink.CompleteAsync();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Can_be_disposed_at_any_time(string name)
    {
        await Create($"sink = {name}").DisposeAsync();
        var sink = Create($"sink = {name}");
        await sink.WriteAsync("abc"u8.ToArray());
        await sink.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Breaks_off_at_any_time(string name)
    {
        foreach (var chunk in (byte[][])[[], [1, 2, 3]])
        {
            await using var sink = Create($"sink = {name}");
            await sink.WriteAsync(chunk);
            Assert.Equal(name == "file" && chunk.Length > 0, await sink.BreakOffAsync() is not null);
            Assert.Null(sink.StoredAs);
        }
    }

    [Fact]
    public async Task Echo_gives_back_what_it_gets()
    {
        await using var sink = Create("sink = echo");
        Assert.Equal("abc"u8.ToArray(), (await sink.WriteAsync("abc"u8.ToArray())).ToArray());
    }

    [Fact]
    public async Task File_has_its_name_only_after_the_clean_end()
    {
        await using var sink = Create("sink = file");
        await sink.WriteAsync("abc"u8.ToArray());
        Assert.EndsWith(".partial", Assert.Single(Directory.GetFiles(_directory)), StringComparison.Ordinal);
        await sink.WriteAsync("def"u8.ToArray());
        await sink.CompleteAsync();
        var stored = Assert.Single(Directory.GetFiles(_directory));
        Assert.DoesNotContain("partial", stored, StringComparison.Ordinal);
        Assert.Equal("abcdef", await File.ReadAllTextAsync(stored));
    }

    [Fact]
    public async Task File_gives_no_two_connections_the_same_name()
    {
        var sinks = Enumerable.Range(0, 50).Select(_ => Create("sink = file")).ToArray();
        foreach (var sink in sinks)
        {
            await sink.WriteAsync("abc"u8.ToArray());
            await sink.CompleteAsync();
        }

        Assert.Equal(50, Directory.GetFiles(_directory).Length);
    }

    [Fact]
    public async Task Console_prints_line_by_line_who_sent_what()
    {
        await using var sink = Create("sink = console");
        await sink.WriteAsync("one\ntwo\nthr"u8.ToArray());
        Assert.Equal(["s < peer: one", "s < peer: two"], _printed);
        await sink.WriteAsync("ee"u8.ToArray());
        await sink.CompleteAsync();
        Assert.Equal("s < peer: three", _printed[^1]);
    }

    [Fact]
    public async Task Console_prints_a_character_that_came_in_two_chunks_as_one()
    {
        await using var sink = Create("sink = console");
        var text = Encoding.UTF8.GetBytes("世\n");
        await sink.WriteAsync(text.AsMemory(0, 2));
        await sink.WriteAsync(text.AsMemory(2));
        Assert.Equal(["s < peer: 世"], _printed);
    }

    [Fact]
    public async Task Console_shows_that_the_last_character_is_incomplete()
    {
        await using var sink = Create("sink = console");
        await sink.WriteAsync(Encoding.UTF8.GetBytes("世").AsMemory(0, 2));
        await sink.CompleteAsync();
        Assert.Equal(["s < peer: \uFFFD"], _printed);
    }

    [Fact]
    public async Task Console_lets_no_peer_steer_the_terminal()
    {
        await using var sink = Create("sink = console");
        await sink.WriteAsync("\u001b[2Jx\r\0\\\u202e\n"u8.ToArray());
        Assert.Equal([@"s < peer: \x1B[2Jx\r\x00\\\u202E"], _printed);
    }

    [Fact]
    public async Task Console_prints_no_more_of_a_chunk_than_the_preview()
    {
        await using var sink = Create("sink = console\n preview = 4");
        await sink.WriteAsync("abcdefgh"u8.ToArray());
        Assert.Equal(["s < peer: 8 B  abcd…"], _printed);
    }

    [Theory]
    [InlineData("sink = console", '\n')]
    [InlineData("sink = console", '\0')]
    [InlineData("sink = console\n preview = 1000000", '\0')]
    public async Task Console_prints_a_chunk_in_slices_of_bounded_length(string hocon, char of)
    {
        await using var sink = Create(hocon);
        await sink.WriteAsync(Encoding.ASCII.GetBytes(new string(of, 256 * 1024)));
        Assert.NotEmpty(_printed);
        Assert.InRange(_longestPrint, 1, 64 * 1024);
    }

    [Fact]
    public async Task Console_breaks_a_line_that_never_ends()
    {
        await using var sink = Create("sink = console");
        await sink.WriteAsync(Encoding.ASCII.GetBytes(new string('x', 20_000)));
        Assert.Equal(2, _printed.Count);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private ISink Create(string hocon)
    {
        var server = Specs.Server($"directory = \"{_directory}\"\n{hocon}");
        return SinkFactory.Create(new SinkContext(server, "peer", Print, new FileStore(server)));

        ValueTask Print(string lines)
        {
            _printed.AddRange(lines.Split('\n'));
            _longestPrint = Math.Max(_longestPrint, lines.Length);
            return ValueTask.CompletedTask;
        }
    }
}
