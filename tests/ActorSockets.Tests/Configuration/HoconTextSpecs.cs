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
    [InlineData("\na = ${NOT_SET}", 2, "the environment variable NOT_SET is not set (${?NOT_SET} makes it optional)")]
    [InlineData("{ a = 1 }\nb = 2", 2, "something follows after the last '}'")]
    [InlineData("{ a = 1", 1, "this '{' is never closed")]
    [InlineData("a = 1\nb = \"C:\\q\"", 2, "'\\q' is not an escape sequence: write \\\\ for a backslash")]
    [InlineData("a = 1\nb = ${nope}", 2, "${nope} names no setting of this text")]
    [InlineData("a = 1\nb = [^]", 2, "put quotes around a value that has a '^' in it")]
    [InlineData("a = 1\nb = [::1]", 2, "put quotes around a value that has a ':' in it")]
    [InlineData("a = me@host", 1, "put quotes around a value that has a '@' in it")]
    [InlineData("b = 1\na = ${\"b\"}", 2, "${\"b\"}: a substitution names a path of letters, digits, '.', '-' and '_'")]
    [InlineData("a = ${a}", 1, "${a} is a cycle: its value needs itself")]
    [InlineData("a = ${b}\nb = ${a}", 2, "${a} is a cycle: its value needs itself")]
    [InlineData("a = ${b}\nb = ${c}\nc = x${a}", 3, "${a} is a cycle: its value needs itself")]
    [InlineData("a {\n b = ${a}\n}", 2, "${a} is a cycle: its value needs itself")]
    [InlineData("a { b = [1, { c = ${a} }] }", 1, "${a} is a cycle: its value needs itself")]
    [InlineData("a = ${b.c}\nb = ${a.d}", 2, "${a.d} is a cycle: its value needs itself")]
    [InlineData("\"a\".\"b.c\" = ${d}\nd = ${a}", 2, "${a} is a cycle: its value needs itself")]
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
    [InlineData("a { c = 2, b = \"\\u0031\" }", "1")]
    [InlineData("x { b = 1, c = ${y} }\ny = 2\na = ${x}", "1")]
    [InlineData("a { b = ${a.c.d}\n c { d = 3 } }", "3")]
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

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void Refuses_a_chain_of_substitutions_that_would_overflow_the_stack(int direction)
    {
        var lines = Enumerable.Range(1, 100_000).Select(i => $"a{i} = ${{a{i - 1}}}").Append("a0 = 1");
        var text = string.Join('\n', direction > 0 ? lines : lines.Reverse());
        Assert.Contains("leads through more than 50 substitutions", Refusal(text), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a{0} = ${{a{1}}}${{a{1}}}")]
    [InlineData("a{0} = [${{a{1}}}, ${{a{1}}}]")]
    [InlineData("a{0} {{ x = ${{a{1}}}\n y = ${{a{1}}} }}")]
    public void Refuses_substitutions_that_double_again_and_again(string line)
    {
        var lines = Enumerable.Range(1, 30).Select(i => string.Format(System.Globalization.CultureInfo.InvariantCulture, line, i, i - 1)).Prepend("a0 = lol");
        Assert.Contains("makes the configuration larger than 8 MiB: substitute less", Refusal(string.Join('\n', lines)), StringComparison.Ordinal);
    }

    [Fact]
    public void Ten_thousand_targets_may_share_a_section()
    {
        var targets = Enumerable.Range(1, 10_000).Select(i => $"t{i} = ${{base}} {{ port = {i} }}");
        Assert.NotNull(HoconText.Parse($"base {{ host = \"a.example\", on-busy = retry }}\n{string.Join('\n', targets)}", "x.conf", _ => null));
    }

    [Fact]
    public void Refuses_a_key_of_more_names_than_the_stack_has_room_for() =>
        Assert.Contains("sections are nested deeper than 50", Refusal(string.Join('.', Enumerable.Repeat("a", 100_000)) + " = 1"), StringComparison.Ordinal);

    [Fact]
    public void Control_characters_in_an_error_are_escaped() =>
        Assert.Equal(@"x.conf:1: 'a\u001b\u009b b' has no value: write a\u001b\u009b = …", Refusal("a\u001b\u009b b"));

    [Theory]
    [InlineData("actor-sockets.targets.slow", 3)]
    [InlineData("actor-sockets.targets.slow.on-busy", 5)]
    [InlineData("actor-sockets.targets.slow.chunk.max", 6)]
    [InlineData("actor-sockets.targets.slow.chunk", 6)]
    [InlineData("actor-sockets.targets.slow.port", 3)]
    [InlineData("actor-sockets.targets.a.b.port", 9)]
    [InlineData("actor-sockets.servers.x", 10)]
    public void Knows_the_line_of_a_key_or_of_the_section_that_lacks_it(string path, int line)
    {
        const string Text = """
            actor-sockets {
              targets {
                slow {
                  on-busy = retry
                  on-busy = fail
                  chunk.max = 1
                  port = ${?NOT_SET}
                }
                "a.b" { allow = [1, { port = 5 }] } }
              servers.x.port = 1 }
            """;
        Assert.Equal(line, HoconText.Read(Text, "x.conf", environment: _ => null).Outline.Along(path).Last(n => n.Line > 0).Line);
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

    private static string Refusal(string text) => Assert.Throws<SettingsException>(() => HoconText.Parse(text, "x.conf", _ => null)).Message;
}
