using ActorSockets.Configuration;

namespace ActorSockets.Servers;

/// <summary>Compares the targets that relays name with those that there are.</summary>
internal static class RelayTargets
{
    public static void Check(IEnumerable<ServerSettings> servers, IReadOnlyCollection<string> targets, List<SettingError> errors)
    {
        foreach (var server in servers)
        {
            foreach (var unknown in server.RelayTo.Where(name => !targets.Contains(name)))
            {
                var nearest = Nearest.To(unknown, targets);
                errors.Add(new SettingError($"{SettingsSection.Root}.servers.{server.Name}.relay-to",
                    $"'{Printable.Of(unknown)}' is not the name of a target{(nearest is null ? "" : $" (did you mean {nearest}?)")}"));
            }
        }
    }
}
