using ActorSockets.Clients;
using ActorSockets.Configuration;
using ActorSockets.Payloads;
using Akka.Configuration;

namespace ActorSockets.Tests;

public sealed class ActorSocketsSettingsSpecs
{
    [Fact]
    public void Reference_conf_alone_is_valid_and_runs_nothing()
    {
        var settings = Read("");
        Assert.Empty(settings.Servers);
        Assert.Empty(settings.Targets);
        Assert.False(settings.Ticker.Enabled);
    }

    [Fact]
    public void An_entry_goes_before_the_defaults_of_its_kind()
    {
        var settings = Read("""
            server-defaults.sink = discard
            servers { a { port = 1 }, b { port = 2
              sink = console } }
            """.Replace(" }, b", " }\n b", StringComparison.Ordinal));
        Assert.Equal([("a", 1, "discard"), ("b", 2, "console")], settings.Servers.Select(s => (s.Name, s.Port, s.Sink)));
    }

    [Fact]
    public void A_target_replaces_the_default_payload_whole()
    {
        var settings = Read("target-defaults { port = 1, payload.text = hello }\n targets { a { }\n b.payload.generated.size = 16MiB\n }");
        Assert.Equal([new TextPayload("hello"), new GeneratedPayload(16 << 20)], settings.Targets.Select(t => t.Payload));
    }

    [Theory]
    [InlineData("servers.a.port = 70000", "servers.a.port", "70000 is out of range: 0 to 65535")]
    [InlineData("servers.a.port = x", "servers.a.port", "'x' is not a whole number from 0 to 65535")]
    [InlineData("server-defaults.port = -1\n servers.a { }", "server-defaults.port", "-1 is out of range: 0 to 65535")]
    [InlineData("servers.a.prot = 1", "servers.a.prot", "is not a setting; did you mean port?")]
    [InlineData("tikcer { }", "tikcer", "is not a setting; did you mean ticker?")]
    [InlineData("servers.a.sink = consle", "servers.a.sink", "'consle' is not one of console, discard, echo, file; did you mean console?")]
    [InlineData("servers.a = 5", "servers.a", "needs a section: a { … }")]
    [InlineData("servers = 5", "servers", "needs a section: servers { … }")]
    [InlineData("servers.\"a b\" { }", "servers.a b", "a name has letters, digits, '-', '_' and '.', 64 at most, and starts with a letter or digit")]
    [InlineData("servers.a.preview = some", "servers.a.preview", "'some' is not a whole number from 1 to 2147483647")]
    [InlineData("servers.a.receive-frame = 64Q", "servers.a.receive-frame", "'64Q' is not a size such as 64KiB or 16MiB")]
    [InlineData("servers.a.receive-frame = 2MiB", "servers.a.receive-frame", "2 MiB is out of range: 1 KiB to 1 MiB")]
    [InlineData("servers.a { sink = echo, receipt = on }", "servers.a.receipt", "is on, and sink = echo: what comes back would be an echo and a receipt in one")]
    [InlineData("servers.a.sink = file", "server-defaults.directory", "is missing: the file sink needs a directory")]
    [InlineData("servers.a { sink = file, directory = /no/such }", "servers.a.directory", "there is no directory '/no/such' (relative paths start at the working directory)")]
    [InlineData("servers.a.allow = 10.0.0.0", "servers.a.allow", "'10.0.0.0' is not a list such as [\"one\", \"two\"]")]
    [InlineData("servers.a.allow = [\"10.0.0.0/33\"]", "servers.a.allow", "'10.0.0.0/33' is not a network such as 10.0.0.0/8 or 2001:db8::/32")]
    [InlineData("targets.a { }", "target-defaults.port", "0 is out of range: 1 to 65535")]
    [InlineData("targets.a { port = 1, on-busy = retyr }", "targets.a.on-busy", "'retyr' is not one of retry, fail; did you mean retry?")]
    [InlineData("targets.a { port = 1, busy-after = 5 }", "targets.a.busy-after", "'5' is not a duration such as 500ms, 2s or 5m")]
    [InlineData("targets.a { port = 1, busy-after = infinite }", "targets.a.busy-after", "'infinite' is not a duration such as 500ms, 2s or 5m")]
    [InlineData("targets.a { port = 1, backoff.min = 0s }", "targets.a.backoff.min", "0 ms is out of range: 1 ms to 1 h")]
    [InlineData("targets.a { port = 1, payload.txt = x }", "targets.a.payload.txt", "is not a payload; known here: text, file, generated")]
    [InlineData("targets.a { port = 1, payload { text = x, file = README.md } }", "targets.a.payload.file", "a payload is exactly one of text, file, generated")]
    [InlineData("targets.a { port = 1, payload.file = /no/such }", "targets.a.payload.file", "there is no file '/no/such' (relative paths start at the working directory)")]
    [InlineData("targets.a { port = 1, payload.generated.size = -1 }", "targets.a.payload.generated.size", "'-1' is not a size such as 64KiB or 16MiB")]
    [InlineData("ticker.interval = 1ms", "ticker.interval", "1 ms is out of range: 10 ms to 1 d")]
    [InlineData("ticker.enabled = maybe", "ticker.enabled", "'maybe' is not on or off")]
    public void Names_the_path_and_what_would_be_right(string hocon, string path, string message) =>
        Assert.Equal(new SettingError($"actor-sockets.{path}", message), Assert.Throws<SettingsException>(() => Read(hocon)).Errors[0]);

    [Fact]
    public void Lists_all_errors_at_once()
    {
        var errors = Assert.Throws<SettingsException>(() => Read("servers.a { port = 70000, prot = 1 }\n ticker.interval = x")).Errors;
        Assert.Equal(3, errors.Count);
    }

    [Fact]
    public void Enums_are_written_in_kebab_case() =>
        Assert.Equal((Confirm.None, OnBusy.Fail), Read("targets.a { port = 1, confirm = none, on-busy = fail }").Targets.Select(t => (t.Confirm, t.OnBusy)).Single());

    private static ActorSocketsSettings Read(string hocon) => ActorSocketsSettings.From(ConfigurationFactory.ParseString($"actor-sockets {{\n{hocon}\n}}"));
}
