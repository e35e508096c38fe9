using Akka.Configuration.Hocon;

namespace ActorSockets.Configuration;

/// <summary>reference.conf is the list of settings that exist: a key that has no counterpart there is a mistake.</summary>
/// <param name="entries">Sections that map names to entries, and the section that lists an entry's settings.</param>
/// <param name="open">Sections that check their own keys.</param>
/// <param name="retired">Former settings, by their path in reference.conf such as <c>target-defaults.old-name</c>, and what to write instead.</param>
internal sealed class KnownKeys(IReadOnlyDictionary<string, string> entries, IReadOnlySet<string> open, IReadOnlyDictionary<string, string> retired)
{
    /// <summary>Adds an error for every unknown key below <paramref name="written"/>.</summary>
    /// <param name="path">The path of <paramref name="written"/>.</param>
    /// <param name="written">The user's settings, above the defaults.</param>
    /// <param name="known">The same section of reference.conf.</param>
    /// <param name="errors">Receives the errors.</param>
    public void Check(string path, HoconObject written, HoconObject known, List<SettingError> errors) => Check(path, "", written, known, errors);

    private void Check(string path, string knownPath, HoconObject written, HoconObject known, List<SettingError> errors)
    {
        foreach (var (key, value) in written.Items)
        {
            var here = $"{path}.{key}";
            if (retired.TryGetValue(knownPath + key, out var instead))
            {
                errors.Add(new SettingError(here, instead));
            }
            else if (!known.Items.TryGetValue(key, out var counterpart))
            {
                var nearest = Nearest.To(key, known.Items.Keys);
                errors.Add(new SettingError(here, nearest is null
                    ? $"unknown setting; this section has {string.Join(", ", known.Items.Keys)}"
                    : $"unknown setting (did you mean {nearest}?)"));
            }
            else if (counterpart.IsObject() && !value.IsObject())
            {
                errors.Add(new SettingError(here, $"must be a section: {key} {{ … }}"));
            }
            else if (entries.TryGetValue(key, out var defaults))
            {
                foreach (var (name, entry) in value.GetObject().Items)
                {
                    if (entry.IsObject())
                        Check($"{here}.{name}", $"{defaults}.", entry.GetObject(), known.Items[defaults].GetObject(), errors);
                    else
                        errors.Add(new SettingError($"{here}.{name}", $"must be a section: {name} {{ … }}"));
                }
            }
            else if (counterpart.IsObject() && !open.Contains(key))
            {
                Check(here, $"{knownPath}{key}.", value.GetObject(), counterpart.GetObject(), errors);
            }
        }
    }
}
