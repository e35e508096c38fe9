using System.CommandLine;
using System.Globalization;
using ActorSockets.Host.Configuration;

namespace ActorSockets.Host.Commands;

/// <summary><c>actorsockets send FILE --to HOST:PORT</c>: one payload to many targets.</summary>
internal static class SendCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { HelpName = "FILE", Description = "What is sent; - is standard input, which is read to its end first." };
        file.CompletionSources.Add(context => FileNames.StartingWith(context.WordToComplete));
        var to = new Option<string[]>("--to")
        {
            HelpName = "HOST:PORT",
            Required = true,
            Description = "Where to: a name, an IPv4 address or [IPv6]; no HOST is loopback. May be repeated.",
        };
        to.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => CommonOptions.Endpoint(t.Value) is not { Port: > 0 }))
                result.AddError($"--to {token.Value}: needs HOST:PORT, [IPv6]:PORT or :PORT, with a port from 1 to 65535");
        });
        SettingOption[] options =
        [
            new("--confirm", "none|close|receipt", "When it is delivered: taken by the kernel, closed by the peer, or stored there with proof.", ("target-defaults.confirm", null)),
            new("--confirm-timeout", "DURATION", "How long the peer may take for that once it has every byte.", ("target-defaults.confirm-timeout", null)),
            new("--on-busy", "retry|fail", "What a busy target does to its delivery.", ("target-defaults.on-busy", null)),
            new("--give-up-after", "DURATION", "Time without progress after which it has failed.", ("target-defaults.give-up-after", null)),
            new("--connect-timeout", "DURATION", "For name resolution and connect together.", ("target-defaults.connect-timeout", null)),
            new("--limit-rate", "SIZE", "Bytes a second that each target is sent at most, such as 10MiB.", ("target-defaults.max-send-rate", null)),
        ];

        var send = new Command("send", "Sends one payload to many targets, each at its own pace.") { file, to };
        CommonOptions.AddTo(send, options);
        send.SetAction(async (parsed, cancellation) =>
        {
            Spool? spool = null;
            try
            {
                return await CommonOptions.RunAsync(parsed, async () =>
                {
                    var path = parsed.GetRequiredValue(file);
                    spool = path == "-" ? await Spool.ReadStandardInputAsync(cancellation) : null;
                    OptionSetting[] settings =
                    [
                        new("send", ["exit-when-delivered"], "on"),
                        new("FILE", ["target-defaults", "payload", "file"], Layers.Quoted(spool?.Path ?? path)),
                        .. parsed.GetRequiredValue(to).SelectMany(Target),
                        .. CommonOptions.LiveTicker(parsed),
                        .. CommonOptions.From(parsed, options),
                    ];
                    return new Layers(null, settings, parsed.GetValue(CommonOptions.Set) ?? []);
                });
            }
            finally
            {
                spool?.Dispose();
            }
        });
        return send;
    }

    private static IEnumerable<OptionSetting> Target(string text, int index)
    {
        var (host, port) = CommonOptions.Endpoint(text)!.Value;
        var name = Name(host, port, index);
        yield return new OptionSetting($"--to {text}", ["targets", name, "host"], Layers.Quoted(host));
        yield return new OptionSetting($"--to {text}", ["targets", name, "port"], port.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>What a target may be called: its endpoint as far as that goes, and its place among the others.</summary>
    private static string Name(string host, int port, int index)
    {
        var legible = string.Concat(host.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '_')).TrimStart('.', '-', '_');
        return string.Create(CultureInfo.InvariantCulture, $"{index + 1}-{legible[..Math.Min(40, legible.Length)]}_{port}");
    }
}
