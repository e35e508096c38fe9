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
}
