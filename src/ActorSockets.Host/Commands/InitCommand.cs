using System.CommandLine;
using ActorSockets.Configuration;
using ActorSockets.Host.Configuration;

namespace ActorSockets.Host.Commands;

/// <summary><c>actorsockets init [FILE]</c>: a commented configuration to start from; or, with <c>--tls DIR</c>, certificates.</summary>
internal static class InitCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE")
        {
            HelpName = "FILE",
            Description = "The file to write; must not exist. - is standard output.",
            DefaultValueFactory = _ => "actorsockets.conf",
        };
        file.CompletionSources.Add(context => FileNames.StartingWith(context.WordToComplete));
        var tls = new Option<string?>("--tls")
        {
            HelpName = "DIR",
            Description = "Writes a CA and certificates for a trial of TLS into this directory instead, valid for 90 days.",
        };
        tls.CompletionSources.Add(context => FileNames.StartingWith(context.WordToComplete, directoriesOnly: true));
        var init = new Command("init", "Writes a commented configuration to start from, or certificates for a trial of TLS.") { file, tls };
        init.SetAction(async (parsed, _) =>
        {
            if (parsed.GetValue(tls) is { } directory)
                return await WriteCertificatesAsync(directory);
            var (path, text) = (parsed.GetRequiredValue(file), ConfigurationFile.Resource("starter.conf"));
            if (path == "-")
            {
                await Console.Out.WriteAsync(text);
                return ExitCodes.Success;
            }

            try
            {
                await using (var writer = new StreamWriter(new FileStream(path, FileMode.CreateNew)))
                    await writer.WriteAsync(text);
                await Console.Error.WriteLineAsync($"wrote {Printable.Of(path)}; next: actorsockets check {Printable.Of(path)}, then actorsockets run {Printable.Of(path)}");
                return ExitCodes.Success;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                var reason = path.Length == 0 ? "is empty: needs a file name" : File.Exists(path) ? "already exists; not overwritten" : e.Message;
                return await UserErrors.TellAsync([new SettingError(path.Length == 0 ? "FILE" : path, reason)], ExitCodes.Failure, asJson: false);
            }
        });
        return init;
    }

    private static async Task<int> WriteCertificatesAsync(string directory)
    {
        var shown = Printable.Of(directory.Length > 1 ? directory.TrimEnd('/') : directory);
        try
        {
            TrialCertificates.Write(directory, DateTimeOffset.UtcNow);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            var existing = TrialCertificates.Files.FirstOrDefault(file => File.Exists(Path.Combine(directory, file)));
            var (where, reason) = directory.Length == 0 ? ("--tls", "is empty: needs a directory")
                : existing is not null ? ($"{shown}/{existing}", "already exists; not overwritten") : (shown, e.Message);
            return await UserErrors.TellAsync([new SettingError(where, reason)], ExitCodes.Failure, asJson: false);
        }

        await Console.Error.WriteLineAsync($"""
            wrote {string.Join(", ", TrialCertificates.Files.Select(file => $"{shown}/{file}"))}
            For a trial on this machine, and for nothing else: whoever can read the keys can pose as the server or the client.
            next: actorsockets serve :9000 --tls --cert {shown}/server.crt --key {shown}/server.key --ca {shown}/ca.crt
            then: actorsockets send FILE --to :9000 --tls --ca {shown}/ca.crt --cert {shown}/client.crt --key {shown}/client.key
            """);
        return ExitCodes.Success;
    }
}
