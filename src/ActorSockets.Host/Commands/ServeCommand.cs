using System.CommandLine;
using System.Globalization;
using ActorSockets.Configuration;
using ActorSockets.Host.Configuration;

namespace ActorSockets.Host.Commands;

/// <summary><c>actorsockets serve HOST:PORT</c>: servers without a file.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var endpoints = new Argument<string[]>("HOST:PORT")
        {
            Arity = ArgumentArity.OneOrMore,
            Description = "The address to listen on: a name, an IPv4 address or [IPv6]; without HOST, loopback; * listens on all IPv4 interfaces. May be repeated.",
        };
        endpoints.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => CommonOptions.Endpoint(t.Value) is null))
            {
                result.AddError(token.Value.StartsWith('-')
                    ? $"unknown option {token.Value}"
                    : $"{token.Value}: needs HOST:PORT, [IPv6]:PORT, :PORT or *:PORT, with a port from 0 to 65535");
            }
        });
        var sink = new Option<string>("--sink")
        {
            HelpName = "console|discard|echo|DIR",
            Description = "Where received data goes; DIR: one file per connection, or per delivery, in this directory.",
            DefaultValueFactory = _ => "console",
        };
        string[] sinks = ["console", "discard", "echo"];
        sink.CompletionSources.Add(sinks);
        sink.CompletionSources.Add(context => FileNames.StartingWith(context.WordToComplete, directoriesOnly: true));
        sink.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !sinks.Contains(token.Value) && !Path.Exists(token.Value) && Nearest.To(token.Value, sinks) is { } nearest)
                result.AddError($"--sink {token.Value}: no such directory (did you mean {nearest}?)");
        });
        SettingOption cert = new("--cert", "FILE", "The server's certificate and its intermediates (PEM); turns TLS on.", ("server-defaults.tls.certificate", null));
        SettingOption key = new("--key", "FILE", "The private key of --cert (PEM).", ("server-defaults.tls.key", null));
        SettingOption[] options =
        [
            new("--protocol", "raw|deliveries", "What clients speak: a payload per connection, or named deliveries that are resumed and stored once.",
                ("server-defaults.protocol", null)),
            new("--receipt", null, "Sends each client a receipt: the number of stored bytes and their digest.", ("server-defaults.receipt", "on")),
            new("--digest", "xxh128|sha256", "The digest in a receipt: sha256 unless told otherwise. With --protocol deliveries: for senders that choose none.", ("server-defaults.digest", null)),
            new("--max-connections", "N", "Maximum connections at a time; the server resets further ones.", ("server-defaults.max-connections", null)),
            new("--idle-timeout", "DURATION", "Resets a connection after this long without traffic.", ("server-defaults.idle-timeout", null)),
            new("--processing-delay", "DURATION", "Pause after each received chunk; simulates a busy server.", ("server-defaults.processing-delay", null)),
            cert,
            key,
            new("--ca", "FILE", "The CAs of clients (PEM); a client without a certificate of one of them is refused.", ("server-defaults.tls.client-ca", null), ("server-defaults.tls.client-certificates", "required")),
        ];

        var tls = new Option<bool>("--tls") { Description = "Uses TLS; needs --cert and --key." };
        var serve = new Command("serve", "Receives what clients send until a signal stops it.") { endpoints, sink, tls };
        serve.Validators.Add(result =>
        {
            if (result.GetResult(tls) is not null && (result.GetResult(cert) is null || result.GetResult(key) is null))
                result.AddError("--tls: needs --cert FILE and --key FILE (actorsockets init --tls DIR makes some for a trial)");
        });
        CommonOptions.AddTo(serve, options);
        serve.SetAction((parsed, _) => CommonOptions.RunAsync(parsed, () =>
        {
            OptionSetting[] settings =
            [
                .. Sink(parsed.GetRequiredValue(sink)),
                .. parsed.GetRequiredValue(endpoints).SelectMany(Server),
                .. CommonOptions.LiveTicker(parsed),
                .. CommonOptions.From(parsed, options),
            ];
            return Task.FromResult(new Layers(null, settings, parsed.GetValue(CommonOptions.Set) ?? []));
        }));
        return serve;
    }

    private static OptionSetting[] Sink(string where) => where is "console" or "discard" or "echo"
        ? [new("--sink", ["server-defaults", "sink"], where)]
        : [new("--sink", ["server-defaults", "sink"], "file"), new("--sink", ["server-defaults", "directory"], Layers.Quoted(where))];

    private static IEnumerable<OptionSetting> Server(string text, int index)
    {
        var (host, port) = CommonOptions.Endpoint(text)!.Value;
        var name = string.Create(CultureInfo.InvariantCulture, $"server-{index + 1}");
        yield return new OptionSetting(text, ["servers", name, "host"], Layers.Quoted(host == "*" ? "0.0.0.0" : host));
        yield return new OptionSetting(text, ["servers", name, "port"], port.ToString(CultureInfo.InvariantCulture));
    }
}
