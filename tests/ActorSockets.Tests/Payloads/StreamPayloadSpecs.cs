using System.Text;
using ActorSockets.Payloads;
using ActorSockets.Tests.Support;

namespace ActorSockets.Tests.Payloads;

/// <summary>A stream on its way into its spool, and its readers.</summary>
public sealed class StreamPayloadSpecs : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _directory = Directory.CreateTempSubdirectory("stream-specs-").FullName;

    [Fact]
    public async Task Each_reader_gets_what_has_come_at_its_own_pace_and_from_the_first_byte()
    {
        using var growing = new GrowingStream();
        await using var first = growing.Payload.Open();
        growing.Grow("abc");
        Assert.Equal("abc", await ReadAsync(first, 3));
        await using var second = growing.Payload.Open();
        growing.Grow("def");
        Assert.Equal("abcdef", await ReadAsync(second, 6));
        Assert.Equal("def", await ReadAsync(first, 3));
        Assert.Null(growing.Payload.Length);
        growing.End();
        Assert.Equal((0, 0), (await first.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience), await second.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience)));
        Assert.Equal(6, growing.Payload.Length);
    }

    [Fact]
    public async Task A_stream_is_opened_once_and_read_when_somebody_wants_it()
    {
        var opened = 0;
        using var payload = Payload.FromStream(() =>
        {
            opened++;
            return new MemoryStream("abc"u8.ToArray());
        });
        Assert.Equal(0, opened);
        for (var i = 0; i < 2; i++)
        {
            await using var stream = (payload with { Name = "other" }).Open();
            Assert.Equal("abc", await ReadAsync(stream, 3));
        }

        Assert.Equal(1, opened);
    }

    [Fact]
    public async Task A_stream_that_fails_has_no_end()
    {
        using var growing = new GrowingStream();
        await using var stream = growing.Payload.Open();
        growing.Grow("abc");
        Assert.Equal("abc", await ReadAsync(stream, 3));
        growing.Fail("the disk it came from is gone");
        await FailsAsync(stream, "growing cannot be read: the disk it came from is gone");
        Assert.Null(growing.Payload.Length);
        Assert.Throws<SourceException>(growing.Payload.Open);
    }

    [Fact]
    public async Task One_that_is_broken_off_has_no_end_and_one_that_has_ended_cannot_be_broken_off()
    {
        using var growing = new GrowingStream();
        await using var stream = growing.Payload.Open();
        growing.Payload.BreakOff("growing was broken off");
        await FailsAsync(stream, "growing was broken off");

        using var whole = new GrowingStream();
        await using var other = whole.Payload.Open();
        whole.Grow("abc");
        whole.End();
        Assert.Equal("abc", await ReadAsync(other, 3));
        Assert.Equal(0, await other.ReadAsync(new byte[1]));
        whole.Payload.BreakOff("too late");
        Assert.Equal(3, whole.Payload.Length);
        whole.Payload.Dispose();
        await FailsAsync(other, "growing was disposed while it was being sent");
    }

    [Theory]
    [InlineData(10, true)]
    [InlineData(11, false)]
    public async Task A_stream_may_be_as_long_as_its_spool(int bytes, bool fits)
    {
        using var growing = new GrowingStream(new SpoolSettings { MaxBytes = 10 });
        await using var stream = growing.Payload.Open();
        growing.Grow(new string('x', bytes));
        growing.End();
        if (fits)
            Assert.Equal(10, (await ReadAsync(stream, 10)).Length);
        else
            await FailsAsync(stream, "growing is longer than 10 B (spool.max-size)");
    }

    [Fact]
    public void A_spool_without_a_directory_says_what_to_do() => Assert.Equal(
        "growing cannot be copied into /no/such: No such file or directory; set spool.directory to a directory with room",
        Assert.Throws<SourceException>(new GrowingStream(new SpoolSettings { Directory = "/no/such" }).Payload.Open).Message);

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task A_spool_has_no_name_that_would_outlive_the_process()
    {
        using var growing = new GrowingStream(new SpoolSettings { Directory = _directory });
        await using var stream = growing.Payload.Open();
        growing.Grow("abc");
        Assert.Equal("abc", await ReadAsync(stream, 3));
        Assert.Empty(Directory.GetFileSystemEntries(_directory));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static async Task FailsAsync(Stream stream, string message) =>
        Assert.Equal(message, (await Assert.ThrowsAsync<SourceException>(async () => await stream.ReadAsync(new byte[100]).AsTask().WaitAsync(Patience))).Message);

    private static async Task<string> ReadAsync(Stream stream, int count)
    {
        var bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes).AsTask().WaitAsync(Patience);
        return Encoding.ASCII.GetString(bytes);
    }
}
