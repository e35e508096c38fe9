using System.CommandLine;
using System.Globalization;
using System.Text;

namespace ActorSockets.Host.Commands;

/// <summary><c>actorsockets send FILE --to HOST:PORT</c>: one payload to many targets.</summary>
internal static class SendCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "What is sent; - is standard input, which is read to its end first." };
        var to = new Option<string[]>("--to")
        {
            HelpName = "HOST:PORT",
            Required = true,
            Description = "Where to: a name, an IPv4 address or [IPv6]; no HOST is loopback. May be repeated.",
        };
        to.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => Settings.Endpoint(t.Value) is not { Port: > 0 }))
                result.AddError($"--to {token.Value}: needs HOST:PORT, [IPv6]:PORT or :PORT, with a port from 1 to 65535");
        });
        Option<string?>[] options =
        [
            new("--confirm") { HelpName = "none|close|receipt", Description = "When it is delivered. Default: close." },
            new("--on-busy") { HelpName = "retry|fail", Description = "What a busy target does to its delivery. Default: retry." },
            new("--give-up-after") { HelpName = "DURATION", Description = "Time without progress after which it has failed. Default: 5m." },
        ];
        var set = Settings.Set();

        var send = new Command("send", "Sends one payload to many targets, each at its own pace.") { file, to, set };
        foreach (var option in options)
            send.Options.Add(option);
        send.SetAction(async (parsed, cancellation) =>
        {
            Spool? spool = null;
            try
            {
                return await Settings.RunAsync(async () =>
                {
                    var path = parsed.GetRequiredValue(file);
                    spool = path == "-" ? await Spool.ReadStandardInputAsync(cancellation) : null;
                    var chosen = options.Where(o => parsed.GetValue(o) is not null).Select(o => $"{o.Name[2..]} = {Settings.Quoted(parsed.GetValue(o)!)}");
                    var hocon = Hocon(spool?.Path ?? path, chosen, parsed.GetRequiredValue(to));
                    return ConfigurationFile.Read(hocon, "the command line", parsed.GetValue(set) ?? []);
                });
            }
            finally
            {
                spool?.Dispose();
            }
        });
        return send;
    }

    private static string Hocon(string path, IEnumerable<string> settings, IEnumerable<string> endpoints)
    {
        var hocon = new StringBuilder("actor-sockets {\n exit-when-delivered = on\n target-defaults {\n")
            .AppendLine(CultureInfo.InvariantCulture, $"payload {{ file = {Settings.Quoted(path)} }}")
            .AppendJoin('\n', settings)
            .AppendLine("\n}\n targets {");
        foreach (var (text, index) in endpoints.Select((text, index) => (text, index)))
        {
            var (host, port) = Settings.Endpoint(text)!.Value;
            hocon.AppendLine(CultureInfo.InvariantCulture, $"\"{Name(host, port, index)}\" {{ host = {Settings.Quoted(host)}\n port = {port} }}");
        }

        return hocon.AppendLine("}\n}").ToString();
    }

    /// <summary>What a target may be called: its endpoint as far as that goes, and its place among the others.</summary>
    private static string Name(string host, int port, int index)
    {
        var legible = string.Concat(host.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '_')).TrimStart('.', '-', '_');
        return string.Create(CultureInfo.InvariantCulture, $"{index + 1}-{legible[..Math.Min(40, legible.Length)]}_{port}");
    }
}
