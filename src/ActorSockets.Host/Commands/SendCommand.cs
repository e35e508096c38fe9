using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using ActorSockets.Host.Configuration;
using ActorSockets.Host.Inputs;

namespace ActorSockets.Host.Commands;

/// <summary><c>actorsockets send FILE --to HOST:PORT</c>: one payload to many targets.</summary>
internal static partial class SendCommand
{
    private const string DigestPrefix = "sha256:";

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { HelpName = "FILE", Description = "The payload; - is standard input. Pipes are sent while they grow. A pipe whose writer failed looks complete: use --expect-bytes or --expect-digest." };
        file.CompletionSources.Add(context => FileNames.StartingWith(context.WordToComplete));
        var to = new Option<string[]>("--to")
        {
            HelpName = "HOST:PORT",
            Required = true,
            Description = "A target: a name, an IPv4 address or [IPv6]; without HOST, loopback. May be repeated.",
        };
        to.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => CommonOptions.Endpoint(t.Value) is not { Port: > 0 }))
                result.AddError($"--to {token.Value}: needs HOST:PORT, [IPv6]:PORT or :PORT, with a port from 1 to 65535");
        });
        var expectBytes = new Option<long?>("--expect-bytes") { HelpName = "N", Description = "Fails and exits with 1 unless the payload has exactly N bytes: sends nothing of a file, and not the end of a pipe." };
        expectBytes.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => !long.TryParse(t.Value, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
                result.AddError($"--expect-bytes {token.Value}: needs a number of bytes, such as 1048576");
        });
        var expectDigest = new Option<string?>("--expect-digest")
        {
            HelpName = "sha256:HEX",
            Description = "The same, unless the payload has this SHA-256.",
        };
        expectDigest.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => !Digest().IsMatch(t.Value)))
                result.AddError($"--expect-digest {token.Value}: needs sha256: and 64 hexadecimal digits");
        });
        SettingOption[] options =
        [
            new("--confirm", "none|close|receipt", "What a delivery waits for: none (the kernel took the data), close (the peer closed its side) or receipt (the peer proved that it stored the data).", ("target-defaults.confirm", null)),
            new("--confirm-timeout", "DURATION", "How long to wait for the confirmation after the peer's kernel has every byte.", ("target-defaults.confirm-timeout", null)),
            new("--protocol", "raw|deliveries", "What the server speaks: raw (a connection is a payload) or deliveries (an id, a name, an answer; resumes after a lost connection).", ("target-defaults.protocol", null)),
            new("--id", "ID", "The delivery's id, for --protocol deliveries: a further run with the same id resumes it, and the server stores it once.", ("target-defaults.payload-id", null)),
            new("--name", "NAME", "What the server calls the payload, for --protocol deliveries. Default: the file's name; a pipe has none.", ("target-defaults.payload.name", null)),
            new("--digest", "xxh128|sha256", "The digest of receipts (sha256 unless told otherwise) and deliveries (xxh128).", ("target-defaults.digest", null)),
            new("--on-busy", "retry|fail", "What to do when the target does not read: wait and retry, or fail.", ("target-defaults.on-busy", null)),
            new("--give-up-after", "DURATION", "How long a delivery may go without progress before it fails.", ("target-defaults.give-up-after", null)),
            new("--connect-timeout", "DURATION", "Time limit for name resolution and connect together.", ("target-defaults.connect-timeout", null)),
            new("--limit-rate", "SIZE", "Maximum bytes per second to each target, such as 10MiB.", ("target-defaults.max-send-rate", null)),
            new("--tls", null, "Uses TLS; the server needs a certificate of --ca for the host of --to.", ("target-defaults.tls.enabled", "on")),
            new("--ca", "FILE", "The CAs that sign the server's certificate (PEM); implies --tls.", ("target-defaults.tls.ca", null), ("target-defaults.tls.enabled", "on")),
            new("--cert", "FILE", "Our certificate and its intermediates (PEM), for a server that asks for one; implies --tls.", ("target-defaults.tls.certificate", null), ("target-defaults.tls.enabled", "on")),
            new("--key", "FILE", "The private key of --cert (PEM).", ("target-defaults.tls.key", null)),
        ];

        var send = new Command("send", "Sends one payload to many targets, each at its own pace.") { file, to, expectBytes, expectDigest };
        CommonOptions.AddTo(send, options);
        send.SetAction((parsed, _) => CommonOptions.RunAsync(parsed, async stopped =>
        {
            var name = parsed.GetRequiredValue(file);
            var isStream = InputPayloads.IsStream(name);
            var expected = new Expectation(parsed.GetValue(expectBytes), parsed.GetValue(expectDigest)?[DigestPrefix.Length..].ToLowerInvariant());
            if (!isStream)
                await expected.CheckAsync(name, stopped);
            OptionSetting[] settings =
            [
                new("send", ["exit-when-delivered"], "on"),
                new("FILE", ["target-defaults", "payload", isStream ? "stream" : "file"], Layers.Quoted(name)),
                .. parsed.GetRequiredValue(to).SelectMany(Target),
                .. CommonOptions.LiveTicker(parsed),
                .. CommonOptions.From(parsed, options),
            ];
            return new Layers(null, settings, parsed.GetValue(CommonOptions.Set) ?? []) { Expected = expected };
        }));
        return send;
    }

    private static IEnumerable<OptionSetting> Target(string text, int index)
    {
        var (host, port) = CommonOptions.Endpoint(text)!.Value;
        var name = Name(host, port, index);
        yield return new OptionSetting($"--to {text}", ["targets", name, "host"], Layers.Quoted(host));
        yield return new OptionSetting($"--to {text}", ["targets", name, "port"], port.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>A target's name: its place among the others, and as much of its endpoint as a name may have.</summary>
    private static string Name(string host, int port, int index)
    {
        var legible = string.Concat(host.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '_')).TrimStart('.', '-', '_');
        return string.Create(CultureInfo.InvariantCulture, $"{index + 1}-{legible[..Math.Min(40, legible.Length)]}_{port}");
    }

    [GeneratedRegex("^sha256:[0-9A-Fa-f]{64}$")]
    private static partial Regex Digest();
}
