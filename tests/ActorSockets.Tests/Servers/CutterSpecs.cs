using System.Text;
using ActorSockets.Configuration;
using ActorSockets.Servers.Sinks;
using ActorSockets.Tests.Support;
using FsCheck;
using FsCheck.Xunit;

namespace ActorSockets.Tests.Servers;

/// <summary>Where the files of a connection end, whatever the chunks.</summary>
public sealed class CutterSpecs
{
    [Theory]
    [InlineData("abcdefgh", 3, "abc|def|gh")]
    [InlineData("abcdef", 3, "abc|def|")]
    [InlineData("ab", 3, "ab")]
    [InlineData("abc", 1, "a|b|c|")]
    [InlineData("abcdefgh", 0, "abcdefgh")]
    public void At_a_byte(string text, int atBytes, string files) => Assert.Equal(files, Cut(text, atBytes, CutAt.Byte, text.Length));

    [Theory]
    [InlineData("one\ntwo\nthree\n", 3, "one\n|two\n|three\n|")]
    [InlineData("one\ntwo\nthree\n", 4, "one\n|two\n|three\n|")]
    [InlineData("one\ntwo\nthree\n", 5, "one\ntwo\n|three\n|")]
    [InlineData("one\ntwo\nthr", 5, "one\ntwo\n|thr")]
    [InlineData("\n\n\n", 1, "\n|\n|\n|")]
    [InlineData("a line that is too long\nb\n", 3, "a line that i|s too long\n|b\n")]
    public void At_a_line(string text, int atBytes, string files) => Assert.Equal(files, Cut(text, atBytes, CutAt.Line, text.Length));

    [Property(MaxTest = 2000)]
    public bool Chunks_do_not_matter(NonEmptyArray<byte> letters, PositiveInt atBytes, PositiveInt chunk, bool isLine)
    {
        ArgumentNullException.ThrowIfNull(letters);
        var text = string.Concat(letters.Get.Select(b => b % 4 == 0 ? '\n' : (char)('a' + b % 26)));
        var at = isLine ? CutAt.Line : CutAt.Byte;
        var files = Cut(text, atBytes.Get, at, text.Length);
        var limit = atBytes.Get + (isLine ? 10 : 0);
        return Cut(text, atBytes.Get, at, chunk.Get) == files && files.Replace("|", "", StringComparison.Ordinal) == text && files.Split('|').All(f => f.Length <= limit);
    }

    [Fact]
    public void A_file_that_has_had_its_time_ends_at_once_or_with_its_line()
    {
        var bytes = new Cutter(Settings(0, CutAt.Byte));
        Assert.Equal((2, false), bytes.Next("ab"u8));
        Assert.True(bytes.EndsNow());

        var lines = new Cutter(Settings(0, CutAt.Line));
        Assert.Equal((2, false), lines.Next("a\n"u8));
        Assert.True(lines.EndsNow());
        Assert.Equal((2, false), lines.Next("bc"u8));
        Assert.False(lines.EndsNow());
        Assert.Equal((2, true), lines.Next("d\ne"u8));
        Assert.Equal((1, false), lines.Next("e"u8));
        Assert.False(lines.EndsNow());
        Assert.Equal((6, false), lines.Next("no end"u8));
        Assert.Equal((4, true), lines.Next(" at all"u8));
    }

    [Theory]
    [InlineData("protocol = deliveries", "servers.s.cut.at-bytes", "is set with protocol = deliveries, where the client says where a delivery ends: needs 0, or protocol = raw")]
    [InlineData("receipt = on", "servers.s.cut.at-bytes", "is set with receipt = on, and a receipt is for all that a connection brings: needs 0, or receipt = off")]
    public void What_leaves_nothing_to_cut_is_an_error(string hocon, string where, string message)
    {
        var error = Assert.Single(Assert.Throws<SettingsException>(() => Specs.Server($"sink = discard\n cut.at-bytes = 1KiB\n {hocon}")).Errors);
        Assert.Equal(($"actor-sockets.{where}", message), (error.Where, error.Message));
    }

    private static CutSettings Settings(int atBytes, CutAt at) => new(atBytes, TimeSpan.Zero, at, 10);

    /// <summary>The files, a bar behind each that has ended.</summary>
    private static string Cut(string text, int atBytes, CutAt at, int chunkSize)
    {
        var (cutter, files) = (new Cutter(Settings(atBytes, at)), new StringBuilder());
        foreach (var chunk in text.Chunk(chunkSize))
        {
            for (var rest = Encoding.ASCII.GetBytes(chunk); rest.Length > 0;)
            {
                var (bytes, ends) = cutter.Next(rest);
                files.Append(Encoding.ASCII.GetString(rest, 0, bytes)).Append(ends ? "|" : "");
                rest = rest[bytes..];
            }
        }

        return files.ToString();
    }
}
