using ActorSockets.Clients;
using ActorSockets.Configuration;
using ActorSockets.Events;
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
    [InlineData("servers.a.prot = 1", "servers.a.prot", "unknown setting (did you mean port?)")]
    [InlineData("tikcer { }", "tikcer", "unknown setting (did you mean ticker?)")]
    [InlineData("servers.a.sink = relay", "servers.a.relay-to", "is missing: needs names of targets, such as [\"berlin\", \"oslo\"], because sink = relay")]
    [InlineData("servers.a { sink = relay, relay-to = [berln] }\n outbox.directory = o\n targets.berlin.port = 1", "servers.a.relay-to", "'berln' is not the name of a target (did you mean berlin?)")]
    [InlineData("servers.a { sink = relay, relay-to = [b] }\n targets.b.port = 1", "outbox.directory", "is missing: needs a directory, because servers.a has sink = relay")]
    [InlineData("targets.b { port = 1, durable = on }", "outbox.directory", "is missing: needs a directory, because targets.b has durable = on")]
    [InlineData("outbox.store = mysql", "outbox.store", "'mysql' is not one of sqlite, postgresql")]
    [InlineData("outbox.store = postgresql\n targets.b { port = 1, durable = on }", "outbox.connection", "is missing: needs a connection string, because targets.b has durable = on")]
    [InlineData("outbox { directory = outbox, payloads = shared }", "outbox.payloads", "is for store = postgresql: sqlite has its payloads in directory")]
    [InlineData("outbox.connection = \"Host=db; password = secret\"", "outbox.connection", "has a password: put it into a file that password-file names, or into PGPASSWORD or the file that PGPASSFILE names")]
    [InlineData("outbox.connection = \"postgresql://relay:secret@db/relay\"", "outbox.connection", "has a password: put it into a file that password-file names, or into PGPASSWORD or the file that PGPASSFILE names")]
    [InlineData("outbox.schema = Relay", "outbox.schema", "'Relay' is not a name of up to 63 letters a to z, digits and '_', the first a letter")]
    [InlineData("servers.a.sink = consle", "servers.a.sink", "'consle' is not one of console, discard, echo, file, relay (did you mean console?)")]
    [InlineData("servers.a = 5", "servers.a", "must be a section: a { … }")]
    [InlineData("servers = 5", "servers", "must be a section: servers { … }")]
    [InlineData("servers.\"a b\" { }", "servers.a b", "is not a valid name: up to 64 letters, digits, '-', '_' and '.', the first a letter or digit")]
    [InlineData("servers.a.preview = some", "servers.a.preview", "'some' is not a whole number from 1 to 2147483647")]
    [InlineData("servers.a.receive-frame = 64Q", "servers.a.receive-frame", "'64Q' is not a size such as 64KiB or 16MiB")]
    [InlineData("servers.a.receive-frame = 2MiB", "servers.a.receive-frame", "2MiB is out of range: 1 KiB to 1 MiB")]
    [InlineData("servers.a { sink = echo, receipt = on }", "servers.a.receipt", "is on with sink = echo: the client could not tell the receipt from its own bytes")]
    [InlineData("servers.a.sink = file", "servers.a.directory", "is missing: needs a directory, because sink = file")]
    [InlineData("servers.a { sink = file, directory = /no/such }", "servers.a.directory", "no such directory: '/no/such' (a relative path starts at the working directory)")]
    [InlineData("servers.a.allow = 10.0.0.0", "servers.a.allow", "'10.0.0.0' is not a list such as [\"one\", \"two\"]")]
    [InlineData("servers.a.allow = [\"10.0.0.0/33\"]", "servers.a.allow", "'10.0.0.0/33' is not a network such as 10.0.0.0/8 or 2001:db8::/32")]
    [InlineData("servers.a.allow = [\"10\"]", "servers.a.allow", "'10' is not a network such as 10.0.0.0/8 or 2001:db8::/32")]
    [InlineData("servers.a.allow = [\"0/8\"]", "servers.a.allow", "'0/8' is not a network such as 10.0.0.0/8 or 2001:db8::/32")]
    [InlineData("servers.a.allow = [\"010.0.0.1\"]", "servers.a.allow", "'010.0.0.1' is not a network such as 10.0.0.0/8 or 2001:db8::/32")]
    [InlineData("servers.a.allow = [\"[::1]:80\"]", "servers.a.allow", "'[::1]:80' is not a network such as 10.0.0.0/8 or 2001:db8::/32")]
    [InlineData("servers.a.allow = []", "servers.a.allow", "is empty: write networks such as [\"10.0.0.0/8\"], or any")]
    [InlineData("servers.a.allow = [null]", "servers.a.allow", "'[ … ]' is not a list such as [\"one\", \"two\"]")]
    [InlineData("servers.a.allow = [[\"10.0.0.0/8\"]]", "servers.a.allow", "'[ … ]' is not a list such as [\"one\", \"two\"]")]
    [InlineData("servers.a.allow = \"\"", "servers.a.allow", "is empty: write networks such as [\"10.0.0.0/8\"], or any")]
    [InlineData("server-defaults.allow = []\n servers.a { }", "server-defaults.allow", "is empty: write networks such as [\"10.0.0.0/8\"], or any")]
    [InlineData("servers.a.host = \"10\"", "servers.a.host", "'10' is neither an IP address nor a host name")]
    [InlineData("servers.a.host = \"0x7f000001\"", "servers.a.host", "'0x7f000001' is neither an IP address nor a host name")]
    [InlineData("servers.a.host = \"[::1]\"", "servers.a.host", "'[::1]' is neither an IP address nor a host name")]
    [InlineData("servers.a.host = \"*\"", "servers.a.host", "'*' is neither an IP address nor a host name (0.0.0.0 listens on all IPv4 interfaces)")]
    [InlineData("servers.a.host = \"\\u001b[2J\"", "servers.a.host", "'\\u001b[2J' is neither an IP address nor a host name")]
    [InlineData("targets.a { }", "targets.a.port", "is missing: needs a port from 1 to 65535")]
    [InlineData("targets.a.port = 0", "targets.a.port", "0 is out of range: 1 to 65535")]
    [InlineData("target-defaults.port = 70000\n targets.a { }", "target-defaults.port", "70000 is out of range: 1 to 65535")]
    [InlineData("targets.a { port = 1, give-up-after = 99999999d }", "targets.a.give-up-after", "99999999d is out of range: 1 ms to 30 d")]
    [InlineData("targets.a { port = 1, max-send-rate = 99999EiB }", "targets.a.max-send-rate", "99999EiB is out of range: 0 B to 1 TiB")]
    [InlineData("targets.a { port = 1, on-busy = retyr }", "targets.a.on-busy", "'retyr' is not one of retry, fail (did you mean retry?)")]
    [InlineData("targets.a { port = 1, busy-after = 5 }", "targets.a.busy-after", "'5' is not a duration such as 500ms, 2s or 5m")]
    [InlineData("targets.a { port = 1, busy-after = infinite }", "targets.a.busy-after", "'infinite' is not a duration such as 500ms, 2s or 5m")]
    [InlineData("targets.a { port = 1, backoff.min = 0s }", "targets.a.backoff.min", "0s is out of range: 1 ms to 1 h")]
    [InlineData("targets.a { port = 1, payload.txt = x }", "targets.a.payload.txt", "unknown payload; needs one of text, file, generated")]
    [InlineData("targets.a { port = 1, payload { text = x, file = README.md } }", "targets.a.payload.file", "a payload has exactly one of text, file, generated")]
    [InlineData("targets.a { port = 1, payload.file = /no/such }", "targets.a.payload.file", "no such file: '/no/such' (a relative path starts at the working directory)")]
    [InlineData("targets.a { port = 1, payload.generated.size = -1 }", "targets.a.payload.generated.size", "'-1' is not a size such as 64KiB or 16MiB")]
    [InlineData("ticker.interval = 1ms", "ticker.interval", "1ms is out of range: 10 ms to 1 d")]
    [InlineData("ticker.enabled = maybe", "ticker.enabled", "'maybe' is not on or off")]
    public void Names_the_path_and_what_would_be_right(string hocon, string path, string message) =>
        Assert.Equal(new SettingError($"actor-sockets.{path}", message), Assert.Throws<SettingsException>(() => Read(hocon)).Errors[0]);

    [Fact]
    public void A_list_of_the_wrong_type_is_one_error() => Assert.Single(Assert.Throws<SettingsException>(() => Read("servers.a.allow = x")).Errors);

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1", "127.0.0.1:9 is already the address of actor-sockets.servers.a")]
    [InlineData("::1", "0:0:0:0:0:0:0:1", "[0:0:0:0:0:0:0:1]:9 is already the address of actor-sockets.servers.a")]
    [InlineData("x.example", "X.example", "X.example:9 is already the address of actor-sockets.servers.a")]
    [InlineData("localhost", "localhost", "localhost:9 is already the address of actor-sockets.servers.a")]
    [InlineData("127.0.0.1", "0.0.0.0", "0.0.0.0:9 overlaps 127.0.0.1:9 of actor-sockets.servers.a")]
    [InlineData("::", "::1", "[::1]:9 overlaps [::]:9 of actor-sockets.servers.a")]
    [InlineData("0.0.0.0", "::", "[::]:9 overlaps 0.0.0.0:9 of actor-sockets.servers.a")]
    public void Two_servers_cannot_listen_on_one_port_of_the_same_address(string first, string second, string message) =>
        Assert.Equal(new SettingError("actor-sockets.servers.b.port", message), Assert.Single(Assert.Throws<SettingsException>(() => Read(Two(first, second, 9))).Errors));

    [Fact]
    public void A_localhost_server_collides_with_one_on_the_address_that_localhost_resolves_to()
    {
        var address = System.Net.Dns.GetHostAddresses("localhost")[0].ToString();
        Assert.Contains("is already the address", Assert.Throws<SettingsException>(() => Read(Two(address, "localhost", 9))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.0.0.0", "::1", 9)]
    [InlineData("127.0.0.1", "127.0.0.2", 9)]
    [InlineData("127.0.0.1", "127.0.0.1", 0)]
    public void Servers_share_a_port_on_different_addresses_and_port_0_always(string first, string second, int port) =>
        Assert.Empty(Read(Two(first, second, port)).Warnings);

    [Theory]
    [InlineData("x.example", "0.0.0.0", "0.0.0.0:9 may overlap x.example:9 of actor-sockets.servers.a, depending on what the name resolves to")]
    [InlineData("::", "x.example", "x.example:9 may overlap [::]:9 of actor-sockets.servers.a, depending on what the name resolves to")]
    public void A_name_beside_a_wildcard_is_a_warning(string first, string second, string message) =>
        Assert.Equal(new SettingError("actor-sockets.servers.b.port", message), Assert.Single(Read(Two(first, second, 9)).Warnings));

    [Fact]
    public void A_server_admits_any_network_by_default_and_when_it_says_so()
    {
        var settings = Read("server-defaults.allow = [\"10.0.0.0/8\", \"::1\"]\n servers { a { }\n b.allow = any\n }");
        Assert.Equal([2, 0], settings.Servers.Select(s => s.Allow.Count));
        Assert.Empty(Read("servers.a { }").Servers[0].Allow);
    }

    [Theory]
    [InlineData("\"  two lines\\n\\n\" # as they are", "  two lines\n\n")]
    [InlineData("\"\\n\"", "\n")]
    [InlineData("two words  # as they are", "two words")]
    public void A_quoted_text_keeps_its_white_space(string written, string expected) =>
        Assert.Equal(new TextPayload(expected), Read($"targets.a {{ port = 1, payload.text = {written}\n }}").Targets[0].Payload);

    [Fact]
    public void Lists_all_errors_at_once()
    {
        var errors = Assert.Throws<SettingsException>(() => Read("servers.a { port = 70000, prot = 1 }\n ticker.interval = x")).Errors;
        Assert.Equal(3, errors.Count);
    }

    [Fact]
    public void Enums_are_written_in_kebab_case() =>
        Assert.Equal((Confirm.None, OnBusy.Fail), Read("targets.a { port = 1, confirm = none, on-busy = fail }").Targets.Select(t => (t.Confirm, t.OnBusy)).Single());

    private static string Two(string first, string second, int port) =>
        $"servers {{ a {{ host = \"{first}\", port = {port} }}\n b {{ host = \"{second}\", port = {port} }}\n }}";

    private static ActorSocketsSettings Read(string hocon) => ActorSocketsSettings.From(ConfigurationFactory.ParseString($"actor-sockets {{\n{hocon}\n}}"));
}
