using ActorSockets.Configuration;

namespace ActorSockets.Tests.Configuration;

public sealed class HoconTextSpecs
{
    [Theory]
    [InlineData("a {\n  b = 1\n", 1, "this '{' is never closed")]
    [InlineData("a {\n  b = [1,2\n  c : }\n", 2, "this '[' is never closed")]
    [InlineData("a = 1\n}\nb = 2", 2, "this '}' closes nothing")]
    [InlineData("a {\n  b = \"x\n  c = 1 }", 2, "this \" is never closed")]
    [InlineData("a = \"\"\"x\ny", 1, "this \"\"\" is never closed")]
    [InlineData("a {\n  foo bar\n  b = 2 }", 2, "'foo bar' has no value: write foo = …")]
    [InlineData("a {\n  b =\n  c = 2 }", 2, "'b' has no value")]
    [InlineData("a {\n  b = # later\n}", 2, "'b' has no value")]
    [InlineData("a {\n  = 2 }", 2, "'=' where a key should be")]
    [InlineData("# one\ninclude \"other\"", 2, "include is not supported: put everything into one file")]
    [InlineData("a {\n  b = http://host/x }", 2, "put quotes around a value that has a ':' in it")]
    [InlineData("a = ${", 1, "this '${' is never closed")]
    [InlineData("\na = ${NOT_SET}", 2, "the environment variable NOT_SET is not set (${?NOT_SET} would make it optional)")]
    [InlineData("{ a = 1 }\nb = 2", 2, "something follows after the last '}'")]
    [InlineData("{ a = 1", 1, "this '{' is never closed")]
    public void Says_in_which_line_the_text_is_wrong(string text, int line, string message)
    {
        var error = Assert.Single(Assert.Throws<SettingsException>(() => HoconText.Parse(text, "x.conf", _ => null)).Errors);
        Assert.Equal(new SettingError($"x.conf:{line}", message), error);
    }

    [Theory]
    [InlineData("a.b = 1", "1")]
    [InlineData("a { b : 1 }", "1")]
    [InlineData("a { b = 1, c = 2 } # }", "1")]
    [InlineData("a {\n  // {\n  b = \"{[#//\"\n}", "{[#//")]
    [InlineData("a { b = \"http://host/x\" }", "http://host/x")]
    [InlineData("a { b = \"a\\\"}\" }", "a\"}")]
    [InlineData("a { b = two words }", "two words")]
    [InlineData("a {\n  c = 7\n  b = ${a.c}\n}", "7")]
    [InlineData("a.b = ${?PORT}", "1234")]
    [InlineData("a.b = 5\na.b = ${?NOT_SET}", "5")]
    [InlineData("a.b = x-${PORT}", "x-1234")]
    [InlineData("a =\n{ b = 1 }", "1")]
    [InlineData("a { c { d = 2 }, b = 1 }", "1")]
    [InlineData("a = { c = { d = 2 }, b = 1 }", "1")]
    [InlineData("{ \"a\": { \"c\": [{ \"d\": 1 }, 2], \"b\": 1 } }", "1")]
    [InlineData("a { c = 2, b = 1 }", "1")]
    public void Reads_what_HOCON_allows(string text, string expected)
    {
        Assert.Equal(expected, HoconText.Parse(text, "x.conf", name => name == "PORT" ? "1234" : null).GetString("a.b"));
    }

    [Theory]
    [InlineData('{', "sections are nested deeper than 50")]
    [InlineData('[', "lists are nested deeper than 50")]
    public void Refuses_nesting_that_would_overflow_the_stack(char bracket, string message)
    {
        var text = string.Concat(Enumerable.Repeat(bracket == '{' ? "a {" : "[", 100_000));
        Assert.Contains(message, Assert.Throws<SettingsException>(() => HoconText.Parse(bracket == '{' ? text : "a = " + text, "x.conf", _ => null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_optional_variable_that_is_not_set_leaves_the_setting_as_if_it_were_not_written() =>
        Assert.False(HoconText.Parse("a { b = ${?NOT_SET}\n c = 1 }", "x.conf", _ => null).HasPath("a.b"));

    [Fact]
    public void Any_prefix_of_a_configuration_is_read_or_refused_but_never_hangs()
    {
        const string Text = "a { b = [1, 2], c = \"x\" # y\n d { e = ${?F}, g = \"\"\"h\"\"\" }\n i.j = 5m } // end\n";
        for (var length = 0; length < Text.Length; length++)
        {
            try
            {
                HoconText.Parse(Text[..length], "x.conf", _ => null);
            }
            catch (SettingsException e)
            {
                Assert.DoesNotContain("found no end", e.Message, StringComparison.Ordinal);
            }
        }
    }
}
