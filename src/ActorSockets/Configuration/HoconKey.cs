using System.Globalization;
using System.Text;

namespace ActorSockets.Configuration;

/// <summary>A key as HOCON writes it: names with dots between them, quoted or not.</summary>
internal static class HoconKey
{
    /// <summary><c>a."b.c".d</c> has three names.</summary>
    public static string[] Split(string key)
    {
        var names = new List<string>();
        var name = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < key.Length; i++)
        {
            var c = key[i];
            if (c == '"')
                quoted = !quoted;
            else if (c == '\\' && quoted && i + 1 < key.Length)
                name.Append(Unescape(key, ref i));
            else if (c == '.' && !quoted)
                Add();
            else
                name.Append(c);
        }

        Add();
        return [.. names];

        void Add()
        {
            if (name.ToString().Trim() is { Length: > 0 } trimmed)
                names.Add(trimmed);
            name.Clear();
        }
    }

    private static char Unescape(string key, ref int i)
    {
        i++;
        if (key[i] != 'u' || i + 4 >= key.Length || !ushort.TryParse(key.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
            return key[i];
        i += 4;
        return (char)code;
    }
}
