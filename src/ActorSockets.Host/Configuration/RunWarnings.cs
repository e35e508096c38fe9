using ActorSockets.Configuration;

namespace ActorSockets.Host.Configuration;

/// <summary>What is suspicious in a run by the program. An embedding program may send to targets without a payload; this one cannot.</summary>
internal static class RunWarnings
{
    private const int MostTargets = 10;

    /// <exception cref="SettingsException">Nothing would happen at all.</exception>
    public static IReadOnlyList<SettingError> Of(ProgramSettings settings)
    {
        var silent = settings.Library.Targets.Where(t => t.Payload is null && !t.Durable).ToArray();
        if (settings.Library.Servers.Count == 0 && silent.Length == settings.Library.Targets.Count && !settings.Library.Ticker.Enabled)
            throw new SettingsException(ActorSocketsSettings.Root, "nothing to run: needs a server, a target with a payload, or ticker.enabled = on");

        List<SettingError> warnings = [.. settings.Library.Warnings];
        warnings.AddRange(silent.Take(MostTargets).Select(t => Warning($".{t.Name}", "has no payload: this run sends nothing to it")));
        if (silent.Length > MostTargets)
            warnings.Add(Warning("", $"{silent.Length - MostTargets} more have no payload"));
        return warnings;

        static SettingError Warning(string target, string message) => new($"{ActorSocketsSettings.Root}.targets{target}", message);
    }

    /// <summary>Certificates that expire soon. A run reports them itself, at its start and once a day.</summary>
    public static IEnumerable<SettingError> OfCertificates(ProgramSettings settings, DateTime now)
    {
        var used = settings.Library.Servers.Select(s => ($"servers.{s.Name}", Files: s.Tls?.Files))
            .Concat(settings.Library.Targets.Select(t => ($"targets.{t.Name}", Files: t.Tls?.Files)))
            .Append(("cluster", Files: settings.Library.Cluster.Tls));
        return from entry in used
               let expiry = entry.Files?.Current.ExpiresAt
               where expiry is not null && expiry - now < settings.Library.Certificates.ExpiryWarning
               select new SettingError($"{ActorSocketsSettings.Root}.{entry.Item1}.tls.certificate", $"the certificate expires on {expiry:yyyy-MM-dd HH:mm} UTC: renew it");
    }
}
