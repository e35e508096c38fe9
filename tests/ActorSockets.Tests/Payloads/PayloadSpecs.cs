using System.Text;
using ActorSockets.Payloads;

namespace ActorSockets.Tests.Payloads;

/// <summary>What every payload promises; a new one is one line in <see cref="All"/>.</summary>
public sealed class PayloadSpecs : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("payload-specs-").FullName;

    public static TheoryData<string> All => ["empty text", "text", "bytes", "empty file", "file", "generated", "generated, empty", "stream", "empty stream"];

    [Theory]
    [MemberData(nameof(All))]
    public async Task Gives_as_many_bytes_as_it_says(string name)
    {
        await using var stream = Create(name).Open();
        var bytes = await ReadAsync(stream, 4096);
        Assert.Equal(stream.Length, bytes.Length);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Gives_the_same_bytes_every_time_whatever_the_size_of_the_reads(string name)
    {
        var payload = Create(name);
        await using var first = payload.Open();
        await using var second = payload.Open();
        Assert.Equal(await ReadAsync(first, 64 * 1024), await ReadAsync(second, 1000));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Says_what_it_is(string name) => Assert.NotEmpty(Create(name).Description);

    [Fact]
    public async Task Generated_bytes_are_the_alphabet_over_and_over()
    {
        await using var stream = new GeneratedPayload(30).Open();
        Assert.Equal("ABCDEFGHIJKLMNOPQRSTUVWXYZ\nABC", Encoding.ASCII.GetString(await ReadAsync(stream, 7)));
    }

    [Fact]
    public void A_generated_payload_may_be_larger_than_any_memory()
    {
        using var stream = new GeneratedPayload(1L << 60).Open();
        Assert.Equal(1L << 60, stream.Length);
    }

    [Theory]
    [InlineData("/", "/ is a directory: name a file")]
    [InlineData("/dev/zero", "/dev/zero is not a regular file with a known length: copy it into one first")]
    [InlineData("/proc/self/status", "/proc/self/status is not a regular file with a known length: copy it into one first")]
    public void A_file_without_a_known_length_is_refused(string path, string message) =>
        Assert.Equal(message, Assert.Throws<IOException>(() => new FilePayload(path).Open()).Message);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private Payload Create(string name) => name switch
    {
        "empty text" => new TextPayload(""),
        "text" => new TextPayload("Grüße, 世界"),
        "bytes" => new BytesPayload([1, 2, 3]),
        "empty file" => new FilePayload(WriteFile(0)),
        "file" => new FilePayload(WriteFile(1_000_001)),
        "generated" => new GeneratedPayload(1_000_001),
        "stream" => Payload.FromStream(() => new GeneratedPayload(1_000_001).Open()),
        "empty stream" => Payload.FromStream(() => Stream.Null),
        _ => new GeneratedPayload(0),
    };

    private string WriteFile(int bytes)
    {
        var path = Path.Combine(_directory, $"{bytes}.bin");
        var content = new byte[bytes];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(path, content);
        return path;
    }

    private static async Task<byte[]> ReadAsync(Stream stream, int atATime)
    {
        var (all, buffer) = (new MemoryStream(), new byte[atATime]);
        for (int count; (count = await stream.ReadAsync(buffer)) > 0;)
            all.Write(buffer, 0, count);
        return all.ToArray();
    }
}
