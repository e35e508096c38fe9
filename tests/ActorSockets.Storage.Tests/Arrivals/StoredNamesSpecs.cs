using System.Text;
using ActorSockets.Servers.Arrivals;

namespace ActorSockets.Storage.Tests.Arrivals;

public sealed class StoredNamesSpecs
{
    [Theory]
    [InlineData("report.pdf", 1, "report.pdf")]
    [InlineData("report.pdf", 2, "report-2.pdf")]
    [InlineData("report", 12, "report-12")]
    [InlineData(".profile", 2, ".profile-2")]
    [InlineData("a.", 2, "a-2.")]
    [InlineData("a.b.c", 3, "a.b-3.c")]
    public void A_number_stands_before_the_extension(string name, int number, string numbered) =>
        Assert.Equal(numbered, StoredNames.Numbered(name, number));

    [Theory]
    [InlineData("x", ".pdf")]
    [InlineData("é", ".pdf")]
    [InlineData("🙂", "")]
    [InlineData("a.", "")]
    public void A_numbered_name_is_as_short_as_a_file_system_needs(string repeated, string extension)
    {
        var name = new StringBuilder();
        while (Encoding.UTF8.GetByteCount(name + repeated + extension) <= 255)
            name.Append(repeated);
        name.Append(extension);
        var numbered = StoredNames.Numbered(name.ToString(), 1234);
        Assert.InRange(Encoding.UTF8.GetByteCount(numbered), 240, 255);
        Assert.Contains("-1234", numbered, StringComparison.Ordinal);
        Assert.Null(StoredNames.Objection(numbered));
        Assert.DoesNotContain('\uFFFD', Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(numbered)));
    }

    [Fact]
    public void A_name_with_an_extension_of_its_whole_length_gets_a_number_all_the_same()
    {
        var numbered = StoredNames.Numbered("a." + new string('x', 253), 2);
        Assert.InRange(Encoding.UTF8.GetByteCount(numbered), 1, 255);
        Assert.EndsWith("-2", numbered, StringComparison.Ordinal);
    }
}
