using ActorSockets.Configuration;
using ActorSockets.Protocols;
using ActorSockets.Servers.Arrivals;

namespace ActorSockets.Servers;

/// <summary>Finds servers that store deliveries in one directory, and would do it in different ways.</summary>
internal static class SharedInboxes
{
    public static void Check(IEnumerable<ServerSettings> servers, List<SettingError> errors)
    {
        var inboxes = servers.Where(s => s.Protocol == Protocol.Deliveries && s.Sink == "file" && s.Directory.Length > 0);
        foreach (var sharing in inboxes.GroupBy(s => Path.GetFullPath(s.Directory), StringComparer.Ordinal))
        {
            var first = sharing.First();
            foreach (var other in sharing.Where(s => Without(s) != Without(first)))
            {
                errors.Add(new SettingError($"{SettingsSection.Root}.servers.{other.Name}.directory",
                    $"is also the directory of {SettingsSection.Root}.servers.{first.Name}: both need the same file settings, such as name-conflict and keep-partial"));
            }
        }
    }

    private static InboxSettings Without(ServerSettings server) => InboxSettings.Of(server) with { Directory = "" };
}
