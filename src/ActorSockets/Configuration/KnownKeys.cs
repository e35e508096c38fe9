using Akka.Configuration.Hocon;

namespace ActorSockets.Configuration;

/// <summary>reference.conf is the list of settings that exist: a key that has no counterpart there is a mistake.</summary>
internal static class KnownKeys
{
    /// <summary>Adds an error for every unknown key below <paramref name="written"/>.</summary>
    /// <param name="path">Where <paramref name="written"/> stands.</param>
    /// <param name="written">What the user wrote, on top of the defaults.</param>
    /// <param name="known">The same section of reference.conf.</param>
    /// <param name="entries">Sections that map names to entries, and the section that lists an entry's settings.</param>
    /// <param name="open">Sections that check their own keys.</param>
    /// <param name="errors">Where errors go.</param>
    public static void Check(string path, HoconObject written, HoconObject known, IReadOnlyDictionary<string, string> entries,
        IReadOnlySet<string> open, List<SettingError> errors)
    {
        foreach (var (key, value) in written.Items)
        {
            var here = $"{path}.{key}";
            if (!known.Items.TryGetValue(key, out var counterpart))
            {
                var nearest = Nearest.To(key, known.Items.Keys);
                errors.Add(new SettingError(here, nearest is null
                    ? $"is not a setting; known here: {string.Join(", ", known.Items.Keys)}"
                    : $"is not a setting; did you mean {nearest}?"));
            }
            else if (counterpart.IsObject() && !value.IsObject())
            {
                errors.Add(new SettingError(here, $"needs a section: {key} {{ … }}"));
            }
            else if (entries.TryGetValue(key, out var defaults))
            {
                foreach (var (name, entry) in value.GetObject().Items)
                {
                    if (entry.IsObject())
                        Check($"{here}.{name}", entry.GetObject(), known.Items[defaults].GetObject(), entries, open, errors);
                    else
                        errors.Add(new SettingError($"{here}.{name}", $"needs a section: {name} {{ … }}"));
                }
            }
            else if (counterpart.IsObject() && !open.Contains(key))
            {
                Check(here, value.GetObject(), counterpart.GetObject(), entries, open, errors);
            }
        }
    }
}
